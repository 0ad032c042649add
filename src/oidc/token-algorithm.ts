import { parseJson, record } from "../base/decode.ts";
import type { Secret } from "../base/secret.ts";

/** What a JWT says that it is signed with; undefined for any other token. Nothing is verified. */
export const tokenAlgorithm = (token: Secret | undefined): string | undefined => {
  const [head = "", ...rest] = token?.reveal().split(".") ?? [];
  if (rest.length !== 2) return undefined;
  try {
    const alg = record(parseJson(Buffer.from(head, "base64url").toString("utf8")), "")["alg"];
    return typeof alg === "string" && /^[A-Za-z0-9]{1,12}$/.test(alg) ? alg : undefined;
  } catch {
    return undefined;
  }
};
