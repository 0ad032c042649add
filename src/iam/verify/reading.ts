import { parseAmzDate } from "./amz-date.ts";
import { decodeBase64Url, type Decoded } from "./base64.ts";
import { parseQuery, parseUrl, type Parameter, type UrlParts } from "./go-url.ts";
import type { EpochMillis } from "../../base/units.ts";

/** Bytes; the reference's limit. The longest session tokens make some 4,000. */
export const TOKEN_LIMIT = 4096;
export const PREFIX = "k8s-aws-v1.";

/** What a token says, read as generously as the reference reads it. Nothing of it is judged yet. */
export interface Reading {
  /** Bytes. */
  readonly size: number;
  readonly prefixed: boolean;
  /** A number: the byte that is no base64. */
  readonly decoded: Decoded | number | undefined;
  /** A text: why it is no URL. */
  readonly url: UrlParts | string | undefined;
  /** Undefined also where it is malformed. */
  readonly parameters: readonly Parameter[] | undefined;
  /** The first value of each name; names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** A text: why it is no date. */
  readonly date: EpochMillis | string | undefined;
}

const NOTHING = {
  decoded: undefined,
  url: undefined,
  parameters: undefined,
  fields: new Map(),
  date: undefined,
} as const;

export const readToken = (token: string): Reading => {
  const size = Buffer.byteLength(token);
  const prefixed = token.startsWith(PREFIX);
  // What is too large is not worth the work.
  if (size > TOKEN_LIMIT || !prefixed) return { ...NOTHING, size, prefixed };
  const decoded = decodeBase64Url(token.slice(PREFIX.length));
  if (typeof decoded === "number") return { ...NOTHING, size, prefixed, decoded };
  const url = parseUrl(decoded.text);
  const parameters = typeof url === "string" ? undefined : parseQuery(url.query);
  const fields = new Map<string, string>();
  for (const { name, value } of parameters ?? []) {
    const key = name.toLowerCase();
    if (!fields.has(key)) fields.set(key, value);
  }
  const date = fields.get("x-amz-date") ?? "";
  return {
    size,
    prefixed,
    decoded,
    url,
    parameters,
    fields,
    date: date === "" ? undefined : parseAmzDate(date),
  };
};
