/** The elements that lead to what is read; EC2 answers in XML, with the fields of many other things below it. */
const INSTANCE = "/DescribeInstancesResponse/reservationSet/item/instancesSet/item";
const TAG = /<(\/?)([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)>([^<]*)|<[?!][^<>]*>/g;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

/**
 * The private DNS names in the answer of `DescribeInstances`, by instance. Interfaces have names too, elsewhere: only
 * what stands directly in an instance counts. One without a name, as when it has ended, is left out.
 * @returns a text: why it is no such answer
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export const readInstances = (xml: string): ReadonlyMap<string, string> | string => {
  const found = new Map<string, string>();
  const path: string[] = [];
  let instance: { id?: string; name?: string } = {};
  for (const [, closing, name = "", attributes = "", text = ""] of xml.matchAll(TAG)) {
    if (name === "") continue;
    if (closing === "/") {
      if (placeOf(path) === INSTANCE && instance.id !== undefined && instance.name !== undefined)
        found.set(instance.id, instance.name);
      if (path.pop() !== name) return "its elements do not match";
      continue;
    }
    if (attributes.endsWith("/")) continue;
    path.push(name);
    if (path.length > DEPTH_LIMIT) return "it is nested too deeply";
    const place = placeOf(path);
    if (place === INSTANCE) instance = {};
    else if (place === `${INSTANCE}/instanceId`) instance.id = text.trim();
    else if (place === `${INSTANCE}/privateDnsName` && NAME.test(text.trim())) instance.name = text.trim();
  }
  if (path.length > 0) return "it is not whole";
  return /<DescribeInstancesResponse[\s>]/.test(xml) ? found : "it is something else";
};

const DEPTH_LIMIT = 30;
const placeOf = (path: readonly string[]): string => `/${path.join("/")}`;

/** What EC2 says went wrong; nothing where it says it otherwise. */
export const ec2Reason = (xml: string): string => {
  const field = (name: string): string => new RegExp(`<${name}>([^<]{1,300})</${name}>`).exec(xml)?.[1] ?? "";
  const code = field("Code");
  return code === "" ? "" : `, ${code}: ${field("Message")}`.replace(/[^\x20-\x7e]/g, "?");
};
