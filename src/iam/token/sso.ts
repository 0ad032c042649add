import { integer, object, string } from "../../base/decode.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis, millis } from "../../base/units.ts";
import type { Chain } from "./chain.ts";
import type { AwsKeys, SsoWish } from "./plan.ts";
import { askSso, readSso, ssoFailed } from "./sso-ask.ts";
import { newTokens } from "./sso-login.ts";
import { readSession, writeSession, type SsoSession } from "./sso-session.ts";

/** The SDKs begin to renew that long before the end. */
const EARLY = millis(5 * 60_000);

const keysShape = object({
  roleCredentials: object({
    accessKeyId: string,
    secretAccessKey: string,
    sessionToken: string,
    /** Milliseconds since 1970. */
    expiration: integer,
  }),
});

/**
 * The keys of a role that IAM Identity Center gives the person: by the session that `aws sso login` left, one that is
 * renewed, or with `ssoLogin` a new one.
 * @throws {KnownError} AWS_SSO, AWS_ANSWER_INVALID and those of `sendHttp`
 */
export async function ssoKeys(wish: SsoWish, chain: Chain): Promise<AwsKeys> {
  const held = await liveSession(wish, chain);
  const first = await roleKeys(wish, held, chain);
  if (first !== undefined) return first;
  // Over before its time, as after `aws sso logout` elsewhere.
  const again = await signIn(wish, chain, "the session was not accepted");
  const second = await roleKeys(wish, again, chain);
  if (second !== undefined) return second;
  throw ssoFailed("a session that has just begun was not accepted", wish.profile);
}

const liveSession = async (wish: SsoWish, chain: Chain): Promise<SsoSession> => {
  const { system } = chain;
  const held = await readSession(wish, system);
  const now = system.now();
  if (held !== undefined && now < held.expiresAt - EARLY) return held;
  const renewed = held === undefined ? undefined : await renew(held, wish, chain);
  if (renewed !== undefined) return renewed;
  if (held !== undefined && now < held.expiresAt) return held;
  return await signIn(
    wish,
    chain,
    held === undefined
      ? "there is no session"
      : `the session is over since ${new Date(held.expiresAt).toISOString().slice(0, 19)}Z`,
  );
};

/** Undefined: it takes the person. */
const renew = async (held: SsoSession, wish: SsoWish, chain: Chain): Promise<SsoSession | undefined> => {
  const { renewal } = held;
  const now = chain.system.now();
  if (renewal === undefined || wish.session === undefined) return undefined;
  const { client, refreshToken } = renewal;
  if (client.expiresAt !== undefined && client.expiresAt <= now) return undefined;
  const answer = await askSso(
    {
      service: "oidc",
      region: wish.region,
      path: "/token",
      headers: [],
      body: {
        clientId: client.id,
        clientSecret: client.secret.reveal(),
        grantType: "refresh_token",
        refreshToken: refreshToken.reveal(),
      },
    },
    chain,
  );
  if (answer.status !== 200) return undefined;
  const session = newTokens(answer, client, now, refreshToken);
  await keep(session, wish, chain);
  return session;
};

const signIn = async (wish: SsoWish, chain: Chain, why: string): Promise<SsoSession> => {
  const { ssoLogin } = chain.hands;
  if (ssoLogin === undefined) throw ssoFailed(why, wish.profile);
  const { deviceLogin } = await import("./sso-login.ts");
  const session = await deviceLogin(wish, ssoLogin, chain);
  await keep(session, wish, chain);
  return session;
};

const keep = async (session: SsoSession, wish: SsoWish, { system }: Chain): Promise<void> => {
  try {
    await writeSession(session, wish, system);
  } catch {
    system.log.warn("Cannot keep the session of IAM Identity Center; the next command signs in again");
  }
};

/** Undefined: the session was not accepted. */
const roleKeys = async (
  { accountId, roleName, region, profile }: SsoWish,
  session: SsoSession,
  chain: Chain,
): Promise<AwsKeys | undefined> => {
  const query = new URLSearchParams({ account_id: accountId, role_name: roleName }).toString();
  const answer = await askSso(
    {
      service: "portal",
      region,
      path: `/federation/credentials?${query}`,
      headers: [["x-amz-sso_bearer_token", session.accessToken.reveal()]],
    },
    chain,
  );
  if (answer.status === 401) return undefined;
  if (answer.status !== 200)
    throw ssoFailed(
      `role "${roleName}" of account ${accountId} was not given (${answer.status}${answer.reason === "" ? "" : `, ${answer.reason}`})`,
      profile,
    );
  const { roleCredentials: given } = readSso(keysShape, answer);
  return {
    keys: {
      accessKeyId: given.accessKeyId,
      secretAccessKey: new Secret(given.secretAccessKey),
      sessionToken: new Secret(given.sessionToken),
    },
    expiresAt: epochMillis(given.expiration),
  };
};
