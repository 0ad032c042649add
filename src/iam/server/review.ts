import { object, optional, parseJson, record, string, unknown } from "../../base/decode.ts";
import { Secret } from "../../base/secret.ts";

/** Whom an API server asks about, and in which version its answer has to be. */
export interface TokenReview {
  readonly apiVersion: ReviewVersion;
  readonly token: Secret;
}

const VERSIONS = ["authentication.k8s.io/v1", "authentication.k8s.io/v1beta1"] as const;
export type ReviewVersion = (typeof VERSIONS)[number];

/** A user as a TokenReview names one. */
export interface ReviewUser {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

const shape = object({ apiVersion: string, kind: string, spec: object({ token: optional(string) }) });
/** A review has four levels, with `metadata.managedFields` a few more. */
const DEPTH = 32;
/** The reference's. */
const WRONG = "expected a request body to be a TokenReview";

/** What is asked, or what is wrong with it in one line that quotes none of it. */
export const readReview = (body: Uint8Array): TokenReview | string => {
  if (body.length === 0) return "expected a request body";
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
    if (isDeep(text)) return `${WRONG}: it is nested too deeply`;
    const document = parseJson(text);
    record(document, "");
    unknown(document, "");
    const { apiVersion, kind, spec } = shape(document, "");
    if (kind !== "TokenReview") return `${WRONG}: its kind is another`;
    const version = VERSIONS.find((each) => each === apiVersion);
    if (version === undefined) return `${WRONG}: its apiVersion is none of ${VERSIONS.join(", ")}`;
    return { apiVersion: version, token: new Secret(spec.token ?? "") };
  } catch {
    return WRONG;
  }
};

/** Before anything parses it. Brackets inside of texts count too: nobody's token has them. */
const isDeep = (text: string): boolean => {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === 0x7b || letter === 0x5b) {
      if (++depth > DEPTH) return true;
    } else if (letter === 0x7d || letter === 0x5d) depth--;
  }
  return false;
};

/**
 * `audiences` stays away: then the API server takes its own. If those that were asked for came back, a token would be
 * good for any audience that somebody names (iam.md §0.8).
 */
export const grantText = (
  apiVersion: ReviewVersion,
  { username, uid, groups, extra }: ReviewUser,
): string => {
  const user = { username, uid, ...(groups.length === 0 ? {} : { groups }), extra };
  return JSON.stringify({ apiVersion, kind: "TokenReview", status: { authenticated: true, user } });
};

/** @param reason goes into the API server's log */
export const denyText = (apiVersion: ReviewVersion, reason: string): string =>
  JSON.stringify({ apiVersion, kind: "TokenReview", status: { authenticated: false, error: reason } });
