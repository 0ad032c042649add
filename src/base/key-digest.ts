import { sha256 } from "./sha256.ts";

export type KeyPart = string | boolean | undefined | readonly KeyPart[];

/** SHA-256, in hexadecimal, over an encoding in which no two different inputs look the same (security.md R-K5). */
export const keyDigest = (parts: readonly KeyPart[]): string => sha256(encodeKey(parts)).toString("hex");

/** A tag and a length before each part. */
export const encodeKey = (part: KeyPart): string => {
  if (part === undefined) return "u";
  if (typeof part === "boolean") return part ? "t" : "f";
  if (typeof part === "string") return `s${part.length}:${part}`;
  return `l${part.length}:${part.map(encodeKey).join("")}`;
};
