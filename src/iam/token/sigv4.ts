import { hmacSha256, sha256 } from "../../base/sha256.ts";
import type { Secret } from "../../base/secret.ts";
import type { EpochMillis } from "../../base/units.ts";

/**
 * Signature Version 4 of AWS, over requests that are held as plain data.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of keys that end by themselves. */
  readonly sessionToken: Secret | undefined;
}

export interface Signing {
  readonly keys: SigningKeys;
  readonly region: string;
  readonly service: string;
  readonly now: EpochMillis;
}

/** Names and values as they are meant, not encoded. */
export type Pairs = readonly (readonly [name: string, value: string])[];

export interface Unsigned {
  readonly method: "GET" | "POST";
  /** Already encoded; begins with `/`. */
  readonly path: string;
  readonly query: Pairs;
  /** All that are signed, `host` among them; names in lower case, each once. */
  readonly headers: Pairs;
  readonly body: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/**
 * The query of a request that is signed by its URL, with the signature as its last part.
 * @param expires whole seconds that STS and others may take the signature for good
 */
export function presignedQuery(request: Unsigned, signing: Signing, expires: number): string {
  const { keys } = signing;
  const time = amzDate(signing.now);
  const query: Pairs = [
    ...request.query,
    ["X-Amz-Algorithm", ALGORITHM],
    ["X-Amz-Credential", `${keys.accessKeyId}/${scopeOf(time, signing)}`],
    ["X-Amz-Date", time],
    ["X-Amz-Expires", String(expires)],
    ...(keys.sessionToken === undefined
      ? []
      : ([["X-Amz-Security-Token", keys.sessionToken.reveal()]] as const)),
    ["X-Amz-SignedHeaders", signedNames(request.headers)],
  ];
  const signature = sign({ ...request, query }, signing);
  return `${canonicalQuery(query)}&X-Amz-Signature=${signature}`;
}

export interface HeaderSignature {
  /** The request's own and those of the signature, in lower case. */
  readonly headers: Pairs;
  /** The value of that header. */
  readonly authorization: string;
}

/** A request that is signed by its headers. */
export function signedHeaders(request: Unsigned, signing: Signing): HeaderSignature {
  const { keys } = signing;
  const time = amzDate(signing.now);
  const headers: Pairs = [
    ...request.headers,
    ["x-amz-date", time],
    ...(keys.sessionToken === undefined
      ? []
      : ([["x-amz-security-token", keys.sessionToken.reveal()]] as const)),
  ];
  const signature = sign({ ...request, headers }, signing);
  const credential = `${keys.accessKeyId}/${scopeOf(time, signing)}`;
  return {
    headers,
    authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${signedNames(headers)}, Signature=${signature}`,
  };
}

const sign = (request: Unsigned, signing: Signing): string => {
  const time = amzDate(signing.now);
  const text = [
    ALGORITHM,
    time,
    scopeOf(time, signing),
    sha256(canonicalRequest(request)).toString("hex"),
  ].join("\n");
  const { region, service, keys } = signing;
  const parts = [time.slice(0, 8), region, service, "aws4_request"];
  let key: Buffer = Buffer.from(`AWS4${keys.secretAccessKey.reveal()}`, "utf8");
  for (const part of parts) key = hmacSha256(key, part);
  return hmacSha256(key, text).toString("hex");
};

const canonicalRequest = ({ method, path, query, headers, body }: Unsigned): string =>
  [
    method,
    path,
    canonicalQuery(query),
    ...byName(headers).map(([name, value]) => `${name}:${oneLine(value)}`),
    "",
    signedNames(headers),
    sha256(body).toString("hex"),
  ].join("\n");

/** Sorted by encoded name, then value; the order is that of code points. */
export const canonicalQuery = (query: Pairs): string =>
  query
    .map(([name, value]) => [encoded(name), encoded(value)] as const)
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join("="))
    .join("&");

/** RFC 3986: all but letters, digits and `-._~` becomes `%XX`. A lone surrogate is the replacement character. */
const encoded = (text: string): string =>
  encodeURIComponent(Buffer.from(text, "utf8").toString("utf8")).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const oneLine = (value: string): string => value.replace(/ +/g, " ").trim();

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (pairs: Pairs): Pairs => pairs.toSorted(([a], [b]) => compare(a, b));
const signedNames = (headers: Pairs): string =>
  byName(headers)
    .map(([name]) => name)
    .join(";");

const scopeOf = (time: string, { region, service }: Signing): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`;

/** `20230428T000000Z` */
const amzDate = (now: EpochMillis): string => `${new Date(now).toISOString().replace(/[-:]|\..*$/g, "")}Z`;
