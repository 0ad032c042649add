import type { JSONWebKeySet, JWK, JWTVerifyGetKey } from "jose";
import { decode, list, object, record, string, type Decoder } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { parseQuietly, quoted, statusText } from "../base/quote.ts";
import type { System } from "../base/system.ts";
import { isWithin, millis, type EpochMillis } from "../base/units.ts";
import type { Wire } from "./exchange.ts";
import { isBusy } from "./passing.ts";

/** A token with a key of its own choosing must not make us ask at will (security.md R-J6). */
const ASK_AGAIN_AFTER = millis(30_000);

/** RFC 7517 §4.1: each says what kind it is; jose reads the rest, and leaves out what it cannot use. */
const key: Decoder<JWK> = (value, path) => ({
  ...record(value, path),
  kty: object({ kty: string })(value, path).kty,
});

const shape = object({ keys: list(key) });

/**
 * The keys that a provider signs with. They are asked for when the first token comes, and again when a token names one
 * that is not there: at once the first time, since what stands between may keep old keys, then every 30 s at most.
 * @throws {KnownError} OIDC_PROVIDER_INVALID, OIDC_PROVIDER_BUSY, the network's
 */
export const providerKeys = (uri: string, wire: Wire, system: System): JWTVerifyGetKey => {
  let held: JWTVerifyGetKey | undefined;
  let askedAgain: EpochMillis | undefined;
  let asking: Promise<JWTVerifyGetKey> | undefined;
  const ask = async (): Promise<JWTVerifyGetKey> => {
    const { createLocalJWKSet } = await import("jose");
    return createLocalJWKSet(await fetchKeys(uri, wire));
  };
  const fresh = async (): Promise<JWTVerifyGetKey> => {
    asking ??= ask().finally(() => (asking = undefined));
    held = await asking;
    return held;
  };
  return async (header, token) => {
    const { errors } = await import("jose");
    const known = held ?? (await fresh());
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const now = system.now();
      if (askedAgain !== undefined && isWithin(ASK_AGAIN_AFTER, askedAgain, now)) throw error;
      askedAgain = now;
      return await (
        await fresh()
      )(header, token);
    }
  };
};

const fetchKeys = async (uri: string, wire: Wire): Promise<JSONWebKeySet> => {
  const answer = await wire.send({
    method: "GET",
    url: new URL(uri),
    headers: [["Accept", "application/jwk-set+json, application/json"]],
  });
  if (answer.status !== 200)
    throw new KnownError(
      isBusy(answer.status) ? "OIDC_PROVIDER_BUSY" : "OIDC_PROVIDER_INVALID",
      `Cannot get the provider's keys: ${quoted(uri)} answered ${statusText(answer.status)}`,
    );
  const { keys } = decode(shape, parseQuietly(answer.body), {
    what: `the provider's keys at ${quoted(uri)}`,
    code: "OIDC_PROVIDER_INVALID",
  });
  return { keys: [...keys] };
};
