import * as crypto from "node:crypto";

export type KeyPart = string | boolean | undefined | readonly KeyPart[];

/** SHA-256, in hexadecimal, over an encoding in which no two different inputs look the same (security.md R-K5). */
export const keyDigest = (parts: readonly KeyPart[]): string =>
  crypto.createHash("sha256").update(encodeKey(parts), "utf8").digest("hex");

/** A tag and a length before each part. */
export const encodeKey = (part: KeyPart): string => {
  if (part === undefined) return "u";
  if (typeof part === "boolean") return part ? "t" : "f";
  if (typeof part === "string") return `s${part.length}:${part}`;
  return `l${part.length}:${part.map(encodeKey).join("")}`;
};
