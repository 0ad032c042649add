import { posix, win32 } from "node:path";
import { DecodeError, fallback, object, string } from "../../base/decode.ts";
import { messageOf, systemCode } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { after, KiB, toMillis, type EpochMillis } from "../../base/units.ts";
import { secretsOf } from "../../base/echo.ts";
import { httpUrl } from "../../base/http-url.ts";
import { postForm, readTokenAnswer, requestToken, type TokenAnswer } from "./oauth-token.ts";
import { failed, within } from "./provider.ts";
import { findMachineAccount } from "./gce-metadata.ts";
import { openError, parseQuietly, quoted } from "../../base/quote.ts";

export interface GoogleToken {
  readonly accessToken: string;
  readonly expiresAt: EpochMillis | undefined;
}

/** A service account's file has 2.4 KB. */
const FILE_LIMIT = KiB(64);
const TOKEN_URL = "https://oauth2.googleapis.com/token";
const VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS";

/**
 * Finds Google's application default credentials: the file that the environment names, else gcloud's own, else the
 * metadata server of a machine in Google's cloud (golang.org/x/oauth2/google). What it resolves to gets a token.
 * @throws {KnownError} AUTH_PROVIDER_FAILED with Google's texts
 */
export async function findDefaultCredentials(
  scopes: readonly string[],
  system: System,
): Promise<() => Promise<GoogleToken>> {
  const named = system.env[VARIABLE] ?? "";
  if (named !== "") {
    const file = await readCredentials(named, system).catch((error: unknown) => {
      throw within(`google: error getting credentials using ${VARIABLE} environment variable`, error);
    });
    return async () => await fileToken(file, scopes, system);
  }
  const path = wellKnownFile(system);
  const file = await readCredentials(path, system).catch((error: unknown) => {
    if (error instanceof Error && systemCode(error.cause) === "ENOENT") return undefined;
    throw within(`google: error getting credentials using well-known file (${path})`, error);
  });
  if (file !== undefined) return async () => await fileToken(file, scopes, system);
  const machine = await findMachineAccount(scopes, system);
  if (machine !== undefined) return async () => tokenOf(await machine(), system);
  throw failed(
    "google: could not find default credentials. See https://developers.google.com/accounts/docs/application-default-credentials for more information.",
    `Sign in with gcloud auth application-default login, or name a key file with ${VARIABLE}.`,
  );
}

const wellKnownFile = ({ env, home, platform }: System): string =>
  platform === "win32"
    ? win32.join(env["APPDATA"] ?? "", "gcloud", "application_default_credentials.json")
    : posix.join(home, ".config", "gcloud", "application_default_credentials.json");

const shape = object({
  type: fallback(string, ""),
  client_email: fallback(string, ""),
  private_key: fallback(string, ""),
  private_key_id: fallback(string, ""),
  token_uri: fallback(string, ""),
  audience: fallback(string, ""),
  client_id: fallback(string, ""),
  client_secret: fallback(string, ""),
  refresh_token: fallback(string, ""),
});

type CredentialsFile = ReturnType<typeof shape>;

/** Why kauth signs nobody in with these: they take further services, or programs, of Google's and others'. */
const OTHERS: ReadonlySet<string> = new Set([
  "external_account",
  "external_account_authorized_user",
  "impersonated_service_account",
  "gdch_service_account",
]);

const readCredentials = async (path: string, system: System): Promise<CredentialsFile> => {
  const text = await system.files.read(path, FILE_LIMIT).catch((error: unknown) => {
    throw new Error(openError(path, messageOf(error)), { cause: error });
  });
  let file: CredentialsFile;
  try {
    file = shape(parseQuietly(text.toString("utf8")), "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw failed(error.message);
  }
  if (file.type === "service_account" || file.type === "authorized_user") return file;
  if (file.type === "") throw failed("missing 'type' field in credentials");
  if (OTHERS.has(file.type))
    throw failed(
      `credential type ${quoted(file.type)} needs services that kauth does not speak to`,
      "Use gke-gcloud-auth-plugin, which knows all types.",
    );
  throw failed(`unknown credential type: ${quoted(file.type)}`);
};

const fileToken = async (
  file: CredentialsFile,
  scopes: readonly string[],
  system: System,
): Promise<GoogleToken> =>
  tokenOf(
    file.type === "service_account"
      ? await assertedToken(file, scopes, system)
      : await refreshedToken(file, system),
    system,
  );

const tokenOf = (answer: TokenAnswer, system: System): GoogleToken => ({
  accessToken: answer.accessToken,
  expiresAt: answer.expiresIn === undefined ? undefined : after(system.now(), toMillis(answer.expiresIn)),
});

/** A person's, as `gcloud auth application-default login` leaves it. */
const refreshedToken = async (file: CredentialsFile, system: System): Promise<TokenAnswer> => {
  if (file.refresh_token === "") throw failed("oauth2: token expired and refresh token is not set");
  return await requestToken(
    { url: tokenUrl(file), form: { grant_type: "refresh_token", refresh_token: file.refresh_token } },
    { id: file.client_id, secret: new Secret(file.client_secret) },
    system,
  );
};

const assertedToken = async (
  file: CredentialsFile,
  scopes: readonly string[],
  system: System,
): Promise<TokenAnswer> => {
  const url = tokenUrl(file);
  const { signAssertion } = await import("./jwt-bearer.ts");
  const assertion = signAssertion(
    {
      issuer: file.client_email,
      audience: file.audience === "" ? (file.token_uri === "" ? TOKEN_URL : file.token_uri) : file.audience,
      scopes,
      keyId: file.private_key_id,
      key: new Secret(file.private_key),
    },
    system.now(),
  );
  const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion };
  return readTokenAnswer(await postForm({ url, form }, system), secretsOf(form));
};

const tokenUrl = (file: CredentialsFile): URL => {
  const url = httpUrl(file.token_uri === "" ? TOKEN_URL : file.token_uri);
  if (url !== undefined) return url;
  throw failed(`token_uri ${quoted(file.token_uri)} is no http or https URL`);
};
