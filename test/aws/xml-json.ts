const ELEMENT = /<(\w+)(?:\s[^<>]*)?(?:\/>|>([\s\S]*?)<\/\1>)/g;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** AWS's names of errors stand in one `Error`; moto puts another element around it. */
const ERROR = /<Error>[\s\S]*<\/Error>/;

/**
 * The XML of one of AWS's services as the JSON that they answer to those who ask for it: the same names and values, but
 * that times are seconds there. Nothing is added and nothing is left out, an error's envelope apart.
 */
export const jsonOfXml = (xml: string): unknown => valueOf("", ERROR.exec(xml)?.[0] ?? xml);

const valueOf = (name: string, text: string): unknown => {
  const inner = [...text.matchAll(ELEMENT)];
  if (inner.length > 0)
    return Object.fromEntries(inner.map(([, key = "", value = ""]) => [key, valueOf(key, value)]));
  const plain = text.replace(/&(lt|gt|quot|apos|amp);/g, (_whole, entity: string) => ENTITIES[entity] ?? "");
  return name === "Expiration" ? Date.parse(plain) / 1000 : plain;
};
