import { between, type EpochMillis } from "../../base/units.ts";
import { goTime } from "./amz-date.ts";
import type { UrlParts } from "./go-url.ts";
import { hostFault, type HostSettings } from "./host.ts";
import { quote, shown } from "./quote.ts";
import { PREFIX, TOKEN_LIMIT, type Reading } from "./reading.ts";

export interface RuleSettings extends HostSettings {
  readonly now: EpochMillis;
}

/** One thing that a token has to fulfil. */
export interface Rule {
  /** Stable: logs, metrics and `explain` name it. */
  readonly id: string;
  /** What holds when it is fulfilled. */
  readonly title: string;
  /** Whether there is something to look at; false behind another rule that is broken. */
  readonly applies: (reading: Reading) => boolean;
  /** What is wrong, one line; undefined: nothing. */
  readonly fault: (reading: Reading, settings: RuleSettings) => string | undefined;
}

const NAMES: ReadonlySet<string> = new Set([
  "action",
  "version",
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-expires",
  "x-amz-security-token",
  "x-amz-signature",
  "x-amz-signedheaders",
]);
const CLUSTER_HEADER = "x-k8s-aws-id";
/** A presigned URL of STS is good for so long after its date, whatever it says itself. */
export const LIFE = 15 * 60 * 1000;
const EXPIRES_MAX = 900;

const always = (): boolean => true;
const hasQuery = (reading: Reading): boolean => reading.parameters !== undefined;
const hasUrl = ({ url }: Reading): boolean => typeof url === "object";
const urlOf = ({ url }: Reading): UrlParts | undefined => (typeof url === "object" ? url : undefined);
const field = (reading: Reading, name: string): string => reading.fields.get(name) ?? "";

/** `strconv.Atoi`: 0 for what is no number. */
const goInteger = (text: string): number => (/^[+-]?\d{1,15}$/.test(text) ? Number(text) : 0);

/**
 * What aws-iam-authenticator looks at, in its order and with its words (iam.md §2.1); people search for them.
 * What is stricter comes behind all of these, in `strict-rules.ts`, so that what it refuses is refused as it does it.
 */
export const REFERENCE_RULES: readonly Rule[] = [
  {
    id: "size",
    title: `the token has at most ${TOKEN_LIMIT} bytes`,
    applies: always,
    fault: ({ size }) => (size > TOKEN_LIMIT ? "token is too large" : undefined),
  },
  {
    id: "prefix",
    title: `it begins with ${PREFIX}`,
    applies: ({ size }) => size <= TOKEN_LIMIT,
    fault: ({ prefixed }) => (prefixed ? undefined : `token is missing expected "${PREFIX}" prefix`),
  },
  {
    id: "base64",
    title: "the rest is base64url",
    applies: ({ decoded }) => decoded !== undefined,
    fault: ({ decoded }) =>
      typeof decoded === "number" ? `illegal base64 data at input byte ${decoded}` : undefined,
  },
  {
    id: "url",
    title: "which holds an URL",
    applies: ({ url }) => url !== undefined,
    fault: ({ url }) => (typeof url === "string" ? url : undefined),
  },
  {
    id: "scheme",
    title: "for https",
    applies: hasUrl,
    fault: (reading) => {
      const scheme = urlOf(reading)?.scheme ?? "";
      return scheme === "https" ? undefined : `unexpected scheme ${quote(scheme)} in pre-signed URL`;
    },
  },
  {
    id: "host",
    title: "of an STS of the partition",
    applies: hasUrl,
    fault: (reading, settings) => hostFault(urlOf(reading)?.host ?? "", settings),
  },
  {
    id: "path",
    title: "with the path /",
    applies: hasUrl,
    fault: (reading) => (urlOf(reading)?.path === "/" ? undefined : "unexpected path in pre-signed URL"),
  },
  {
    id: "query",
    title: "its query can be read",
    applies: hasUrl,
    fault: ({ parameters }) => (parameters === undefined ? "malformed query parameter" : undefined),
  },
  {
    id: "spelling",
    title: "no parameter comes in two spellings",
    applies: hasQuery,
    fault: ({ parameters = [] }) => {
      const spellings = new Map<string, string>();
      for (const { name } of parameters) {
        const key = name.toLowerCase();
        const earlier = spellings.get(key);
        // CVE-2022-2385: the judge looked at one of them, and STS at the other.
        if (earlier !== undefined && earlier !== name)
          return `duplicate query parameter found: ${quote(name)}`;
        spellings.set(key, name);
      }
      return undefined;
    },
  },
  {
    id: "known",
    title: "no parameter is unknown",
    applies: hasQuery,
    fault: ({ parameters = [] }) => {
      const odd = parameters.find(({ name }) => !NAMES.has(name.toLowerCase()));
      return odd === undefined ? undefined : `non-whitelisted query parameter ${quote(odd.name)}`;
    },
  },
  {
    id: "once",
    title: "no parameter comes twice",
    applies: hasQuery,
    fault: ({ parameters = [], fields }) =>
      parameters.length > fields.size ? "query parameter with multiple values not supported" : undefined,
  },
  {
    id: "action",
    title: "it asks who the caller is (GetCallerIdentity)",
    applies: hasQuery,
    fault: (reading) =>
      field(reading, "action") === "GetCallerIdentity"
        ? undefined
        : "unexpected action parameter in pre-signed URL",
  },
  {
    id: "cluster-header",
    title: `it is signed for one cluster (${CLUSTER_HEADER})`,
    applies: hasQuery,
    fault: (reading) =>
      field(reading, "x-amz-signedheaders").toLowerCase().split(";").includes(CLUSTER_HEADER)
        ? undefined
        : `client did not sign the ${CLUSTER_HEADER} header in the pre-signed URL`,
  },
  {
    id: "expires",
    title: `X-Amz-Expires is 0 to ${EXPIRES_MAX} seconds`,
    applies: hasQuery,
    fault: (reading) => {
      const text = field(reading, "x-amz-expires");
      const expires = goInteger(text);
      return expires < 0 || expires > EXPIRES_MAX || !/^[+-]?\d+$/.test(text)
        ? `invalid X-Amz-Expires parameter in pre-signed URL: ${expires}`
        : undefined;
    },
  },
  {
    id: "date-present",
    title: "it has a date",
    applies: hasQuery,
    fault: ({ date }) =>
      date === undefined ? "X-Amz-Date parameter must be present in pre-signed URL" : undefined,
  },
  {
    id: "date-format",
    title: "the date can be read",
    applies: ({ date }) => date !== undefined,
    fault: (reading) =>
      typeof reading.date === "string"
        ? `error parsing X-Amz-Date parameter ${shown(field(reading, "x-amz-date"))} into format 20060102T150405Z: ${reading.date}`
        : undefined,
  },
  {
    id: "expired",
    title: "it is not older than 15 minutes",
    applies: ({ date }) => typeof date === "number",
    fault: ({ date }, { now }) =>
      typeof date === "number" && between(date, now) > LIFE
        ? `X-Amz-Date parameter is expired (15 minute expiration) ${goTime(date)}`
        : undefined,
  },
];
