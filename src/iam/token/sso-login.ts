import { integer, object, optional, string } from "../../base/decode.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis, millis, seconds, toMillis, type EpochMillis } from "../../base/units.ts";
import type { Chain, ChainHands } from "./chain.ts";
import type { SsoWish } from "./plan.ts";
import { askSso, readSso, ssoFailed, type SsoAnswer } from "./sso-ask.ts";
import type { SsoClient, SsoSession } from "./sso-session.ts";

const registrationShape = object({
  clientId: string,
  clientSecret: string,
  /** Seconds since 1970. */
  clientSecretExpiresAt: optional(integer),
});

const deviceShape = object({
  deviceCode: string,
  userCode: string,
  verificationUri: string,
  verificationUriComplete: optional(string),
  /** Seconds. */
  expiresIn: integer,
  interval: optional(integer),
});

const tokensShape = object({
  accessToken: string,
  /** Seconds. */
  expiresIn: integer,
  refreshToken: optional(string),
});

const GRANT = "urn:ietf:params:oauth:grant-type:device_code";
/** RFC 8628 §3.2 and §3.5, in seconds. */
const INTERVAL = 5;
const SLOWER = 5;

/**
 * Signs in by a browser, on this machine or another: RFC 8628 in the words of IAM Identity Center.
 * @throws {KnownError} AWS_SSO, AWS_ANSWER_INVALID and those of `sendHttp`
 * @see https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/Welcome.html
 */
export async function deviceLogin(
  wish: SsoWish,
  show: NonNullable<ChainHands["ssoLogin"]>,
  chain: Chain,
): Promise<SsoSession> {
  const { system } = chain;
  const ask = async (path: string, body: Readonly<Record<string, unknown>>): Promise<SsoAnswer> =>
    await askSso({ service: "oidc", region: wish.region, path, headers: [], body }, chain);
  const failed = (what: string, { status, reason }: SsoAnswer): Error =>
    ssoFailed(`${what} (${status}${reason === "" ? "" : `, ${reason}`})`, wish.profile);

  const registered = await ask("/client/register", {
    clientName: "kauth",
    clientType: "public",
    // Only with a scope there are refresh tokens, and only named sessions have scopes.
    ...(wish.session === undefined ? {} : { scopes: ["sso:account:access"] }),
  });
  if (registered.status !== 200) throw failed("this program could not be registered", registered);
  const { clientId, clientSecret, clientSecretExpiresAt: end } = readSso(registrationShape, registered);
  const client: SsoClient = {
    id: clientId,
    secret: new Secret(clientSecret),
    expiresAt: end === undefined ? undefined : epochMillis(end * 1000),
  };

  const started = await ask("/device_authorization", { clientId, clientSecret, startUrl: wish.startUrl });
  if (started.status !== 200) throw failed("the sign-in could not begin", started);
  const device = readSso(deviceShape, started);
  show({
    url: shownUrl(device.verificationUriComplete ?? device.verificationUri, wish),
    code: device.userCode,
  });

  const over = system.now() + device.expiresIn * 1000;
  for (let interval = Math.max(1, device.interval ?? INTERVAL); system.now() < over;) {
    await system.sleep(toMillis(seconds(interval)), chain.signal);
    const answer = await ask("/token", {
      clientId,
      clientSecret,
      grantType: GRANT,
      deviceCode: device.deviceCode,
    });
    if (answer.status === 200) return newTokens(answer, client, system.now());
    if (answer.reason.startsWith("slow_down")) interval += SLOWER;
    else if (!answer.reason.startsWith("authorization_pending")) throw failed("the sign-in failed", answer);
  }
  throw ssoFailed("nobody signed in in time", wish.profile);
}

/** A person opens it: it is a page of the web, and nothing that a terminal or a browser takes for something else. */
const shownUrl = (text: string, { profile }: SsoWish): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:") throw ssoFailed("the page to sign in at is no https URL", profile);
  return url.href;
};

/** @param before the refresh token that was used, which may stay the same */
export const newTokens = (
  answer: SsoAnswer,
  client: SsoClient,
  now: EpochMillis,
  before?: Secret,
): SsoSession => {
  const { accessToken, expiresIn, refreshToken } = readSso(tokensShape, answer);
  const next = refreshToken === undefined ? before : new Secret(refreshToken);
  return {
    accessToken: new Secret(accessToken),
    expiresAt: epochMillis(now + millis(expiresIn * 1000)),
    renewal: next === undefined ? undefined : { refreshToken: next, client },
  };
};
