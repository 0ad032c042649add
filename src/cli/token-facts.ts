import type { Secret } from "../base/secret.ts";
import { epochMillis, isDate, type EpochMillis } from "../base/units.ts";
import { tokenClaims, tokenExpiry } from "../credentials/index.ts";
import { audiencesOf } from "./open/consent.ts";

/** What can be read off a token without asking anybody, and without a word that is secret. Nothing of it is verified. */
export type TokenFacts =
  | {
      readonly kind: "jwt";
      readonly issuer: string | undefined;
      readonly audience: readonly string[];
      readonly subject: string | undefined;
      /** `preferred_username`, else `email`, else `name`. */
      readonly name: string | undefined;
      readonly groups: readonly string[];
      readonly expiresAt: EpochMillis | undefined;
      readonly notBefore: EpochMillis | undefined;
    }
  | ({ readonly kind: "eks" } & EksFacts)
  /** It begins as one of EKS and cannot be read further. */
  | { readonly kind: "eks-broken"; readonly reason: string }
  | { readonly kind: "google" }
  | { readonly kind: "opaque" };

/** The presigned request that a token of EKS is, without its signature and session token (iam.md §2). */
export interface EksFacts {
  readonly host: string;
  readonly region: string | undefined;
  /** Whether `x-k8s-aws-id`, which binds the token to one cluster, is under the signature. */
  readonly clusterIdSigned: boolean;
  readonly signedAt: EpochMillis | undefined;
  /** `X-Amz-Expires`, in seconds: how long STS takes the request. */
  readonly expires: number | undefined;
  readonly accessKeyId: string | undefined;
}

const EKS = "k8s-aws-v1.";
/** EKS takes a token for so long after it was signed, whatever `X-Amz-Expires` says (iam.md §2). */
const EKS_LIFE = 15 * 60 * 1000;

export const tokenFacts = (token: Secret): TokenFacts => {
  const text = token.reveal();
  if (text.startsWith(EKS)) return eksFacts(text.slice(EKS.length));
  if (text.startsWith("ya29.")) return { kind: "google" };
  const claims = tokenClaims(token);
  if (claims === undefined) return { kind: "opaque" };
  const textOf = (name: string): string | undefined => {
    const value = claims[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    kind: "jwt",
    issuer: textOf("iss"),
    audience: audiencesOf(claims),
    subject: textOf("sub"),
    name: textOf("preferred_username") ?? textOf("email") ?? textOf("name"),
    groups: [claims["groups"]].flat().filter((group): group is string => typeof group === "string"),
    expiresAt: tokenExpiry(token),
    notBefore: seconds(claims["nbf"]),
  };
};

const seconds = (value: unknown): EpochMillis | undefined =>
  typeof value === "number" && isDate(value * 1000) ? epochMillis(value * 1000) : undefined;

const eksFacts = (encoded: string): TokenFacts => {
  const decoded = Buffer.from(encoded, "base64url").toString("latin1");
  // A URL that cannot be read is not repeated: a part of it is a signature.
  if (!URL.canParse(decoded)) return { kind: "eks-broken", reason: "what it encodes is no URL" };
  const url = new URL(decoded);
  const query = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value] as const));
  const [accessKeyId, , region] = (query.get("x-amz-credential") ?? "").split("/");
  const signed = (query.get("x-amz-signedheaders") ?? "").toLowerCase().split(";");
  const expires = query.get("x-amz-expires") ?? "";
  return {
    kind: "eks",
    host: url.host,
    region: region === "" ? undefined : region,
    clusterIdSigned: signed.includes("x-k8s-aws-id"),
    signedAt: amzDate(query.get("x-amz-date") ?? ""),
    expires: /^\d{1,9}$/.test(expires) ? Number(expires) : undefined,
    accessKeyId: accessKeyId === "" ? undefined : accessKeyId,
  };
};

/** `20260102T030405Z` */
const amzDate = (text: string): EpochMillis | undefined => {
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second] = found;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : epochMillis(time);
};

/** When the token itself says that it ends. */
export const factsEnd = (facts: TokenFacts): EpochMillis | undefined => {
  if (facts.kind === "jwt") return facts.expiresAt;
  if (facts.kind !== "eks" || facts.signedAt === undefined) return undefined;
  return epochMillis(facts.signedAt + EKS_LIFE);
};
