import fc from "fast-check";
import { partitionNamed, type Partition } from "../../src/iam/partitions.ts";
import { explainToken } from "../../src/iam/verify/explain.ts";
import { isBroken, judge } from "../../src/iam/verify/judge.ts";
import { epochMillis } from "../../src/base/units.ts";
import { HOST, NOW, queryOf, FIELDS, RIGHT, tokenOf, urlWith } from "../vectors/iam-token.ts";
import { anyText, CANARY, spoiled, type Wishes } from "./spoil.ts";

const settings = { partition: partitionNamed("aws") as Partition, now: epochMillis(NOW) };
const SECRETS = { "X-Amz-Signature": CANARY, "X-Amz-Security-Token": CANARY };

const pair = fc.tuple(
  fc.constantFrom(...Object.keys(FIELDS), "action", "x-amz-date", "Other"),
  fc.oneof(
    fc.constantFrom(...Object.values(FIELDS)),
    anyText(8).map((text) => encodeURIComponent(Buffer.from(text).toString("utf8"))),
  ),
);
/** Half of them go wrong behind the base64 only. */
const token = fc.oneof(
  spoiled(urlWith(), urlWith(SECRETS)).map((bytes) => tokenOf(bytes.toString("latin1"))),
  fc
    .array(pair, { maxLength: 9 })
    .map((pairs) => tokenOf(`https://${HOST}/?${pairs.map((each) => each.join("=")).join("&")}`)),
  fc
    .shuffledSubarray(Object.entries(FIELDS), { minLength: 8 })
    .map((pairs) => tokenOf(`https://${HOST}/?${queryOf(Object.fromEntries(pairs))}`)),
  spoiled(RIGHT).map((bytes) => bytes.toString("latin1")),
  anyText(200),
);

/** Less, and the property would say nothing. */
const SHARE = 0.1;

/** Whatever is accepted goes to a host of AWS's, byte for byte as it was signed; no reason repeats a secret. */
export async function fuzzIamToken({ runs, seed }: Wishes): Promise<void> {
  let decoded = 0;
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      const verdict = judge(text, settings);
      const explained = explainToken(text, settings);
      if (isBroken(verdict) === explained.every(({ outcome }) => outcome === "holds"))
        throw new Error("judge and explain disagree");
      if (JSON.stringify(explained).includes(CANARY) && !text.includes(CANARY))
        throw new Error("a reason repeats a secret");
      if (explained.find(({ id }) => id === "base64")?.outcome === "holds") decoded += 1;
      if (isBroken(verdict)) return;
      accepted += 1;
      const { host, target } = verdict.request;
      if (!/^sts(?:-fips)?(?:\.us-west-2)?\.(?:amazonaws\.com|api\.aws)$/.test(host))
        throw new Error(`asks ${host}`);
      if (new URL(`https://${host}${target}`).href !== `https://${host}${target}`)
        throw new Error("the request has another spelling");
      if (tokenOf(`https://${host}${target}`).toLowerCase().length !== text.length)
        throw new Error("what is asked is not what the token says");
    }),
    { numRuns: runs, ...seed },
  );
  if (decoded < runs * SHARE) throw new Error(`only ${decoded} of ${runs} tokens could be decoded`);
  if (accepted === 0) throw new Error("no token was accepted");
}
