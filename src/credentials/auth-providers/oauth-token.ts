import { DecodeError, fallback, object, optional, string, type Decoder } from "../../base/decode.ts";
import { valuesOf, type RawHeaders } from "../../base/headers.ts";
import { sendHttp, type HttpAnswer } from "../../base/http.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { seconds, type Seconds } from "../../base/units.ts";
import { credentialHeaders } from "../apply.ts";
import { secretsOf, withoutEcho } from "../../base/echo.ts";
import { failed } from "./provider.ts";
import { excerpt, parseQuietly, quoted, statusText } from "../../base/quote.ts";

export interface TokenRequest {
  readonly url: URL;
  readonly form: Readonly<Record<string, string>>;
  /** PEM; only these authorities count. */
  readonly ca?: string | undefined;
}

export interface Client {
  readonly id: string;
  readonly secret: Secret;
}

export interface TokenAnswer {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** Undefined when the server did not say, or said 0. */
  readonly expiresIn: Seconds | undefined;
}

/** A form, posted. @throws {KnownError} the network's */
export const postForm = async (
  request: TokenRequest,
  system: System,
  headers: RawHeaders = [],
): Promise<HttpAnswer> =>
  await sendHttp(
    {
      method: "POST",
      url: request.url,
      headers: [["Content-Type", "application/x-www-form-urlencoded"], ...headers],
      body: new URLSearchParams(request.form).toString(),
      ...(request.ca === undefined ? {} : { ca: request.ca }),
    },
    system,
  );

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
const formEncode = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * A token request as golang.org/x/oauth2 makes it when it does not know the server: the client signs in with Basic, and
 * after any error once more in the form.
 * @throws {KnownError} AUTH_PROVIDER_FAILED with oauth2's text, or the network's
 */
export const requestTokenEitherWay = async (
  request: TokenRequest,
  client: Client,
  system: System,
): Promise<TokenAnswer> => {
  const basic = credentialHeaders({
    header: {
      kind: "basic",
      username: formEncode(client.id),
      password: new Secret(formEncode(client.secret.reveal())),
    },
    certificate: undefined,
    expiresAt: undefined,
  });
  const secret = client.secret.reveal();
  const pair = `${formEncode(client.id)}:${formEncode(secret)}`;
  const sent = [...secretsOf(request.form), secret, pair];
  try {
    return readTokenAnswer(await postForm(request, system, basic), sent);
  } catch {
    return await requestToken(request, client, system);
  }
};

/** The same with the client in the form only. */
export const requestToken = async (
  request: TokenRequest,
  client: Client,
  system: System,
): Promise<TokenAnswer> => {
  const secret = client.secret.reveal();
  const form = {
    ...request.form,
    client_id: client.id,
    ...(secret === "" ? {} : { client_secret: secret }),
  };
  return readTokenAnswer(await postForm({ ...request, form }, system), secretsOf(form));
};

/** Go's largest int32: the longest that oauth2 believes in. */
const LONGEST = 2 ** 31 - 1;

/** A number, or text that is one: some servers send it so. */
export const numeric: Decoder<number> = (value, path) => {
  const number = typeof value === "string" && /^\d{1,15}(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw new DecodeError(path, "a number", value);
  return number;
};

const shape = object({
  access_token: fallback(string, ""),
  refresh_token: fallback(string, ""),
  id_token: (value) => (typeof value === "string" ? value : ""),
  expires_in: optional(numeric),
  error: fallback(string, ""),
  error_description: fallback(string, ""),
  error_uri: fallback(string, ""),
});

/**
 * RFC 6749 §5, read as golang.org/x/oauth2 reads it. `sent` are the secrets of the request, which no error repeats.
 * @throws {KnownError} AUTH_PROVIDER_FAILED
 */
export const readTokenAnswer = (answer: HttpAnswer, sent: readonly string[] = []): TokenAnswer => {
  const refused = answer.status < 200 || answer.status > 299;
  let fields: ReturnType<typeof shape>;
  try {
    fields = shape(fieldsOf(answer), "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw refused ? noToken(answer, sent) : failed(`oauth2: cannot parse json: ${error.message}`);
  }
  if (fields.error !== "") {
    const parts = [fields.error, fields.error_description, fields.error_uri];
    throw failed(
      `oauth2: ${parts
        .filter((part) => part !== "")
        .map((part) => quoted(withoutEcho(part, sent)))
        .join(" ")}`,
    );
  }
  if (refused) throw noToken(answer, sent);
  if (fields.access_token === "") throw failed("oauth2: server response missing access_token");
  const lasts = Math.min(Math.floor(fields.expires_in ?? 0), LONGEST);
  return {
    accessToken: fields.access_token,
    refreshToken: fields.refresh_token === "" ? undefined : fields.refresh_token,
    idToken: fields.id_token === "" ? undefined : fields.id_token,
    expiresIn: lasts <= 0 ? undefined : seconds(lasts),
  };
};

const noToken = ({ status, body }: HttpAnswer, sent: readonly string[]): Error =>
  failed(`oauth2: cannot fetch token: ${statusText(status)}\nResponse: ${excerpt(withoutEcho(body, sent))}`);

/** Some servers answer with a form. */
const fieldsOf = ({ headers, body }: HttpAnswer): unknown => {
  const media = (valuesOf(headers, "content-type")[0] ?? "").split(";")[0]?.trim().toLowerCase();
  if (media !== "application/x-www-form-urlencoded" && media !== "text/plain") return parseQuietly(body);
  return Object.fromEntries([...new URLSearchParams(body)].filter(([, value]) => value !== ""));
};
