import { decode, object, optional, string, type Decoder } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import { parseQuietly } from "../../base/quote.ts";
import { KiB, millis } from "../../base/units.ts";
import type { Chain } from "./chain.ts";

const TIMEOUT = millis(15_000);
/** Access tokens of IAM Identity Center have some 2 KB. */
const LIMIT = KiB(256);

/** What one of IAM Identity Center's two services said: `reason` is its own word where the status is not 200. */
export interface SsoAnswer {
  readonly status: number;
  readonly document: unknown;
  readonly reason: string;
}

export interface SsoQuestion {
  readonly service: "portal" | "oidc";
  readonly region: string;
  /** With its query. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Posted as JSON. Default: it is a GET. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** @throws {KnownError} those of `sendHttp`, IAM_REGION, AWS_CA_BUNDLE */
export async function askSso(question: SsoQuestion, { services, system, signal }: Chain): Promise<SsoAnswer> {
  const { service, region, path, headers, body } = question;
  const ca = await services.ca();
  const { status, body: text } = await sendHttp(
    {
      method: body === undefined ? "GET" : "POST",
      url: new URL(path, services.sso(service, region)),
      headers: [
        ["Accept", "application/json"],
        ...(body === undefined ? [] : ([["Content-Type", "application/json"]] as const)),
        ...headers,
      ],
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeout: TIMEOUT,
      limit: LIMIT,
      ...(ca === undefined ? {} : { ca }),
      ...(signal === undefined ? {} : { signal }),
    },
    system,
  );
  const document = parseQuietly(text);
  return { status, document, reason: reasonOf(document) };
}

const reasonShape = object({
  error: optional(string),
  error_description: optional(string),
  message: optional(string),
});
const REASON_LIMIT = 300;

const reasonOf = (document: unknown): string => {
  try {
    const { error, error_description: more, message } = reasonShape(document, "");
    const text = [error, more, message].filter((each) => each !== undefined).join(": ");
    // It is another's text on its way to a terminal.
    return text.slice(0, REASON_LIMIT).replace(/[^\x20-\x7e]/g, "?");
  } catch {
    return "";
  }
};

/** @throws {KnownError} AWS_ANSWER_INVALID, which quotes nothing: it may hold keys */
export const readSso = <T>(shape: Decoder<T>, { document }: SsoAnswer): T =>
  decode(shape, document, { what: "what IAM Identity Center answered", code: "AWS_ANSWER_INVALID" });

export const ssoFailed = (reason: string, profile: string): KnownError =>
  new KnownError("AWS_SSO", `Cannot get keys from IAM Identity Center: ${reason}`, {
    hint: `Sign in with: aws sso login --profile ${profile}\nOr let it be done here, with --sso-login`,
  });
