import { fallback, object, optional, string, DecodeError, type Decoder } from "../base/decode.ts";
import { withoutEcho } from "../base/echo.ts";
import { KnownError, type ErrorCode } from "../base/errors.ts";
import { excerpt, parseQuietly, quoted, statusText } from "../base/quote.ts";
import { Secret } from "../base/secret.ts";
import { after, millis, type EpochMillis } from "../base/units.ts";
import { isBusy } from "./passing.ts";
import type { Tokens } from "./types.ts";

/** What came back from a token endpoint, before anything is made of it. */
export interface RawAnswer {
  readonly status: number;
  /** In lower case, without parameters. */
  readonly media: string;
  readonly body: string;
}

/** RFC 6749 §5.2; for some errors of RFC 8628 §3.5 one asks again. */
export interface Refusal {
  readonly error: string;
  /** As a message shows it. */
  readonly words: string;
}

/** Longer than any token lives; what is said beyond it is taken for a mistake. */
const LONGEST = 10 * 365 * 86_400;

/** Some servers send numbers as text. */
const lifetime: Decoder<number> = (value, path) => {
  const number = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw new DecodeError(path, "a number", value);
  return number;
};

const shape = object({
  access_token: fallback(string, ""),
  id_token: fallback(string, ""),
  refresh_token: fallback(string, ""),
  expires_in: optional(lifetime),
  issued_token_type: optional(string),
  error: fallback(string, ""),
  error_description: fallback(string, ""),
});

/**
 * RFC 6749 §5. A form in place of JSON, and an error with status 200, are taken as kubelogin takes them (oidc.md §1.4).
 * @param sent secrets of the request, which no message repeats
 * @throws {KnownError} OIDC_PROVIDER_BUSY: the provider judged nothing; OIDC_PROVIDER_INVALID: it makes no sense
 */
export const readTokenAnswer = (
  answer: RawAnswer,
  sent: readonly string[],
  now: EpochMillis,
): Tokens | Refusal => {
  const { status } = answer;
  const text = (): string => quoted(excerpt(withoutEcho(answer.body, sent), 200));
  if (isBusy(status))
    throw new KnownError(
      "OIDC_PROVIDER_BUSY",
      `Cannot get a token: the provider answered ${statusText(status)}: ${text()}`,
    );
  const fields = readFields(answer, text);
  if (fields.error === "temporarily_unavailable" || fields.error === "server_error")
    throw new KnownError("OIDC_PROVIDER_BUSY", `Cannot get a token: the provider answered ${fields.error}`);
  if (fields.error !== "")
    return {
      error: fields.error,
      words: excerpt(withoutEcho(`${fields.error} ${fields.error_description}`.trim(), sent)),
    };
  if (status < 200 || status > 299 || fields.access_token === "")
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot get a token: the provider answered ${statusText(status)}${status < 300 ? " without an access_token" : `: ${text()}`}`,
    );
  const life = Math.min(fields.expires_in ?? 0, LONGEST);
  return {
    accessToken: new Secret(fields.access_token),
    idToken: secretOf(fields.id_token),
    refreshToken: secretOf(fields.refresh_token),
    expiresAt: life <= 0 ? undefined : after(now, millis(life * 1000)),
    ...(fields.issued_token_type === undefined ? {} : { issuedType: fields.issued_token_type }),
  };
};

export const isRefusal = (answer: Tokens | Refusal): answer is Refusal => "error" in answer;

const secretOf = (text: string): Secret | undefined => (text === "" ? undefined : new Secret(text));

const readFields = ({ status, media, body }: RawAnswer, text: () => string): ReturnType<typeof shape> => {
  const form = media === "application/x-www-form-urlencoded" || media === "text/plain";
  const value = parseQuietly(body) ?? (form ? Object.fromEntries(new URLSearchParams(body)) : undefined);
  try {
    return shape(value, "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot read the provider's answer ${statusText(status)}: ${error.message}: ${text()}`,
    );
  }
};

/** A refusal as what it means for whoever signs in. */
export const refusedError = ({ error, words }: Refusal): KnownError =>
  new KnownError(codeOf(error), `Cannot get a token: the provider answered ${quoted(words)}`);

const codeOf = (error: string): ErrorCode => {
  switch (error) {
    case "access_denied":
    case "consent_required":
    case "interaction_required":
    case "login_required":
      return "OIDC_LOGIN_REFUSED";
    case "expired_token":
      return "OIDC_LOGIN_TIMEOUT";
    case "invalid_grant":
      return "OIDC_GRANT_REFUSED";
    default:
      return "OIDC_CLIENT_REFUSED";
  }
};
