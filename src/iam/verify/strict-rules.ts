import { between } from "../../base/units.ts";
import { isStrictDate } from "./amz-date.ts";
import { signingRegion } from "./host.ts";
import { quote } from "./quote.ts";
import type { Reading } from "./reading.ts";
import type { Rule } from "./rules.ts";

/** One parameter. Values are escaped wherever they could be anything but a value, and `+` means two things. */
const PARAMETER = "[A-Za-z-]{1,32}=(?:[A-Za-z0-9\\-._~/]|%[0-9A-Fa-f]{2})*";
/** The whole URL, byte for byte: no port, no user, no fragment, no capitals in the host, nothing outside ASCII. */
const URL_GRAMMAR = new RegExp(`^https://[a-z0-9.-]{1,100}/\\?${PARAMETER}(?:&${PARAMETER}){0,8}$`);

const VERSION = "2011-06-15";
const ALGORITHM = "AWS4-HMAC-SHA256";
/** What the request to STS will carry; a signature over any other header could not be right. */
const SIGNED: ReadonlySet<string> = new Set(["host", "x-k8s-aws-id"]);
/** Clocks differ. Later than that, a token would live longer than tokens do. */
const AHEAD = 5 * 60 * 1000;
/** https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html */
const ACCESS_KEY_ID = /^\w{16,128}$/;
const SESSION_TOKEN = /^[\u0021-\u007e]+$/;

const field = (reading: Reading, name: string): string => reading.fields.get(name) ?? "";
const hasUrl = ({ url }: Reading): boolean => typeof url === "object";
const hasText = ({ decoded }: Reading): boolean => typeof decoded === "object";
const hasQuery = ({ parameters }: Reading): boolean => parameters !== undefined;

/**
 * What security.md L asks for beyond the reference. All of it is refused by STS too, or could only be meant badly.
 * No signature and no session token is ever quoted.
 */
export const STRICT_RULES: readonly Rule[] = [
  {
    id: "exact-base64",
    title: "its base64 is the only spelling of these bytes",
    applies: hasText,
    fault: ({ decoded }) =>
      typeof decoded === "object" && !decoded.exact
        ? "base64 data with line breaks or with bits left over"
        : undefined,
  },
  {
    id: "exact-url",
    title: "the URL is written as signers write it",
    applies: hasUrl,
    fault: ({ decoded }) =>
      typeof decoded === "object" && !URL_GRAMMAR.test(decoded.text)
        ? "pre-signed URL is not written as https://HOST/?NAME=VALUE&… with escaped values (capitals, a port, a user, a fragment?)"
        : undefined,
  },
  {
    id: "version",
    title: `Version is ${VERSION}`,
    applies: hasQuery,
    fault: (reading) => wanted(reading, "Version", VERSION),
  },
  {
    id: "algorithm",
    title: `X-Amz-Algorithm is ${ALGORITHM}`,
    applies: hasQuery,
    fault: (reading) => wanted(reading, "X-Amz-Algorithm", ALGORITHM),
  },
  {
    id: "signed-headers",
    title: "exactly host and x-k8s-aws-id are signed",
    applies: hasQuery,
    fault: (reading) => {
      const text = field(reading, "x-amz-signedheaders");
      const names = text.split(";");
      return names.length === SIGNED.size && [...SIGNED].every((name) => names.includes(name))
        ? undefined
        : `unexpected X-Amz-SignedHeaders parameter in pre-signed URL: ${quote(text)}, wanted "host;x-k8s-aws-id"`;
    },
  },
  {
    id: "credential",
    title: "the credential is of this day, this region and STS",
    applies: hasUrl,
    fault: credentialFault,
  },
  {
    id: "session-token",
    title: "the session token, if there is one, is plain text",
    applies: hasQuery,
    fault: ({ fields }) => {
      const text = fields.get("x-amz-security-token");
      return text === undefined || SESSION_TOKEN.test(text)
        ? undefined
        : "malformed X-Amz-Security-Token parameter in pre-signed URL";
    },
  },
  {
    id: "signature",
    title: "there is a signature",
    applies: hasQuery,
    fault: (reading) =>
      /^[0-9a-f]{64}$/.test(field(reading, "x-amz-signature"))
        ? undefined
        : "X-Amz-Signature parameter in pre-signed URL is missing or is not 64 hexadecimal digits",
  },
  {
    id: "exact-expires",
    title: "X-Amz-Expires is written in digits",
    applies: hasQuery,
    fault: (reading) =>
      /^\d{1,3}$/.test(field(reading, "x-amz-expires"))
        ? undefined
        : `invalid X-Amz-Expires parameter in pre-signed URL: ${quote(field(reading, "x-amz-expires"))}`,
  },
  {
    id: "exact-date",
    title: "the date is written in whole seconds",
    applies: ({ date }) => date !== undefined,
    fault: (reading) =>
      isStrictDate(field(reading, "x-amz-date"))
        ? undefined
        : `X-Amz-Date parameter has another form than 20060102T150405Z: ${quote(field(reading, "x-amz-date"))}`,
  },
  {
    id: "ahead",
    title: "the date is not more than 5 minutes ahead",
    applies: ({ date }) => typeof date === "number",
    fault: (reading, { now }) =>
      typeof reading.date === "number" && between(now, reading.date) > AHEAD
        ? `X-Amz-Date parameter is ${Math.round(between(now, reading.date) / 1000)} seconds ahead of this clock: ${field(reading, "x-amz-date")}`
        : undefined,
  },
];

const wanted = (reading: Reading, name: string, value: string): string | undefined => {
  const text = field(reading, name.toLowerCase());
  return text === value
    ? undefined
    : `unexpected ${name} parameter in pre-signed URL: ${quote(text)}, wanted "${value}"`;
};

function credentialFault(reading: Reading): string | undefined {
  const host = typeof reading.url === "object" ? reading.url.host : "";
  const [key = "", ...scope] = field(reading, "x-amz-credential").split("/");
  const day = field(reading, "x-amz-date").slice(0, 8);
  const right = `${day}/${signingRegion(host)}/sts/aws4_request`;
  if (!ACCESS_KEY_ID.test(key))
    return "malformed access key ID in the X-Amz-Credential parameter of the pre-signed URL";
  return scope.join("/") === right
    ? undefined
    : `unexpected scope in the X-Amz-Credential parameter of the pre-signed URL: ${quote(scope.join("/"))}, wanted ${quote(right)}`;
}
