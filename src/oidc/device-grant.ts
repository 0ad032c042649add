import * as oauth from "oauth4webapi";
import { DecodeError, fallback, integer, object, string } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { excerpt, parseQuietly, quoted, statusText } from "../base/quote.ts";
import { Secret } from "../base/secret.ts";
import { millis } from "../base/units.ts";
import { mustFinish } from "../base/unfinished.ts";
import { scopeText } from "./authorization.ts";
import type { Entry } from "./entry.ts";
import { safeUrl } from "./exchange.ts";
import { isBusy, isPassing } from "./passing.ts";
import { authentication, namesOf, options, type Party } from "./party.ts";
import type { Signing } from "./sign-in.ts";
import type { DeviceInvitation } from "./sign-in-types.ts";
import { isRefusal, refusedError } from "./token-answer.ts";
import { askDevice } from "./token-request.ts";
import type { Tokens } from "./types.ts";

/** RFC 8628 §3.2, §3.5; in seconds. */
const INTERVAL = 5;
const SLOWER = 5;
/** A provider that says nothing, or more than anybody waits for. */
const LIFE_MOST = 1800;

const shape = object({
  device_code: string,
  user_code: string,
  verification_uri: fallback(string, ""),
  /** Google's, older than the RFC. */
  verification_url: fallback(string, ""),
  verification_uri_complete: fallback(string, ""),
  expires_in: fallback(integer, LIFE_MOST),
  interval: fallback(integer, INTERVAL),
});

/**
 * Signs in on another device (RFC 8628): says where to go and with which code, and asks until somebody was there. Asks at
 * once, since somebody may be fast and a test is.
 * @throws {KnownError} OIDC_LOGIN_REFUSED, OIDC_LOGIN_TIMEOUT, OIDC_PROVIDER_*, OIDC_CLIENT_REFUSED, the network's
 */
export async function deviceGrant({ party, wishes, around, settle }: Signing): Promise<Entry> {
  const { signal, presentation, system } = around;
  const invited = await invite({ ...party, signal }, wishes.scopes, wishes.extra);
  await presentation.showDevice(invited.invitation);
  const tokens = await untilAnswered({ ...party, signal }, invited, presentation.loginCommand);
  const work = settle(tokens);
  mustFinish(work, system);
  return await work;
}

interface Invited {
  readonly invitation: DeviceInvitation;
  readonly code: Secret;
  /** In seconds. */
  readonly life: number;
  readonly interval: number;
}

const invite = async (
  party: Party,
  scopes: readonly string[],
  extra: ReadonlyMap<string, string>,
): Promise<Invited> => {
  const { metadata } = party;
  if (metadata.deviceEndpoint === undefined)
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot sign in on another device at ${quoted(metadata.issuer)}: it names no device_authorization_endpoint`,
      {
        hint: "Sign in with a browser (--grant-type authcode) or by pasting (--grant-type authcode-keyboard).",
      },
    );
  const { as, client } = namesOf(party);
  const response = await oauth.deviceAuthorizationRequest(
    as,
    client,
    await authentication(party),
    new URLSearchParams([...extra, ["scope", scopeText(scopes)]]),
    options(party),
  );
  const body = await response.text();
  if (response.status !== 200)
    throw new KnownError(
      isBusy(response.status) ? "OIDC_PROVIDER_BUSY" : "OIDC_CLIENT_REFUSED",
      `Cannot begin to sign in on another device: the provider answered ${statusText(response.status)}: ${quoted(excerpt(body, 200))}`,
    );
  const said = read(body);
  const address = said.verification_uri === "" ? said.verification_url : said.verification_uri;
  const complete = said.verification_uri_complete === "" ? undefined : said.verification_uri_complete;
  // It may be opened in a browser of this machine.
  for (const each of [address, complete])
    if (each !== undefined) safeUrl(each, "the address to sign in at", party.wire.reach);
  return {
    invitation: { userCode: said.user_code, address, complete },
    code: new Secret(said.device_code),
    life: Math.min(Math.max(said.expires_in, 1), LIFE_MOST),
    interval: Math.max(said.interval, 1),
  };
};

const read = (body: string): ReturnType<typeof shape> => {
  try {
    return shape(parseQuietly(body), "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      `Cannot read the provider's answer about another device: ${error.message}`,
    );
  }
};

const untilAnswered = async (
  party: Party,
  { code, life, interval }: Invited,
  login: string,
): Promise<Tokens> => {
  const { system, signal } = party;
  const end = system.now() + life * 1000;
  let pause = interval;
  for (;;) {
    try {
      // Without the signal: what is given now is given once.
      const answer = await askDevice({ ...party, signal: new AbortController().signal }, code);
      if (!isRefusal(answer)) return answer;
      if (answer.error === "slow_down") pause += SLOWER;
      else if (answer.error !== "authorization_pending") throw refusedError(answer);
    } catch (error) {
      // RFC 8628 §3.5: after a time-out one asks less often.
      if (!isPassing(error)) throw error;
      pause += SLOWER;
    }
    if (system.now() + pause * 1000 >= end)
      throw new KnownError(
        "OIDC_LOGIN_TIMEOUT",
        `Cannot sign in: nobody has entered the code within ${life} s`,
        { hint: `Run ${login} for another code.` },
      );
    await system.sleep(millis(pause * 1000), signal);
  }
};
