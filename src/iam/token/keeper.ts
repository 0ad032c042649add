import { isKnownError, KnownError } from "../../base/errors.ts";
import { flyTogether } from "../../base/flight.ts";
import { noteHandedOut, noteRenewed } from "../../base/handed-out.ts";
import { object, optional, integer, string } from "../../base/decode.ts";
import { parseQuietly } from "../../base/quote.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { epochMillis, isWithin, millis } from "../../base/units.ts";
import { planKey, tokenKey } from "./cache-key.ts";
import type { About, IamCache } from "./cache.ts";
import { isExpensive, type AwsKeys, type Plan } from "./plan.ts";
import type { AwsServices } from "./services.ts";
import type { IamToken } from "./token.ts";

/** Keeps what plans give, and lets one of many processes do the work. */
export interface Keeper {
  keys(plan: Plan, fetch: () => Promise<AwsKeys>): Promise<AwsKeys>;
  token(plan: Plan, clusterId: string, sign: () => Promise<IamToken>): Promise<IamToken>;
}

export interface KeeperWish {
  readonly cache: IamCache;
  readonly services: AwsServices;
  readonly profile: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A person may be looking for the device that shows the code. */
const PATIENCE = millis(10 * 60_000);
/** Younger ones are as good as new ones. */
const YOUNG = millis(60_000);

export const keeperOf = ({ cache, services, profile, signal }: KeeperWish, system: System): Keeper => {
  const nameOf = async (plan: Plan): Promise<string> => await planKey(plan, services, system);
  /** A server refused what was signed with them. What takes a person is asked for again at its end only. */
  const forget = async (plan: Plan): Promise<void> => {
    if (plan.kind === "role") await forget(plan.source);
    if (!isExpensive(plan) || (plan.kind === "role" && plan.role.mfaSerial !== undefined)) return;
    const key = await nameOf(plan);
    const held = await cache.read(key, "keys");
    if (held !== undefined && !isWithin(YOUNG, held.savedAt, system.now())) await cache.remove(key);
  };
  return {
    keys: async (plan, fetch) => {
      const key = await nameOf(plan);
      const held = await cache.read(key, "keys");
      if (held !== undefined) return { keys: held.keys, expiresAt: held.expiresAt };
      return await flyTogether(
        {
          key,
          limit: PATIENCE,
          signal,
          onWait: (pid) =>
            system.log.verbose(1, `Waiting for process ${pid}, which gets the same keys of AWS`),
          // Another process may have a terminal to ask in.
          isOwn: (error) => isKnownError(error, "AWS_MFA"),
          late: (pid) =>
            new KnownError(
              "AWS_WAIT",
              `Cannot get keys of AWS: process ${pid} has been getting them for ${PATIENCE / 60_000} min`,
              {
                hint: `Finish what it asks for, or end it (kill ${pid}). Then run the command again.`,
              },
            ),
          render: renderKeys,
          parse: parseKeys,
        },
        async () => {
          const meanwhile = await cache.read(key, "keys");
          if (meanwhile !== undefined) return { keys: meanwhile.keys, expiresAt: meanwhile.expiresAt };
          const got = await fetch();
          const { expiresAt } = got;
          // What has no end could be kept for ever.
          if (expiresAt !== undefined)
            await cache.write(key, {
              kind: "keys",
              keys: got.keys,
              about: aboutOf(plan, profile),
              savedAt: system.now(),
              expiresAt,
            });
          return got;
        },
        system,
      );
    },
    token: async (plan, clusterId, sign) => {
      const key = tokenKey(await nameOf(plan), clusterId, services.endpoint);
      const { place } = cache;
      const held = await cache.read(key, "token");
      const verdict = held === undefined ? "fine" : noteHandedOut({ key, place, token: held.token }, system);
      if (held !== undefined && verdict === "fine") return { token: held.token, expiresAt: held.expiresAt };
      if (verdict === "refused") await forget(plan);
      const made = await sign();
      await cache.write(key, {
        kind: "token",
        token: made.token,
        about: { ...aboutOf(plan, profile), cluster: clusterId },
        savedAt: system.now(),
        expiresAt: made.expiresAt,
      });
      const note = verdict === "fine" ? noteHandedOut : noteRenewed;
      note({ key, place, token: made.token }, system);
      return made;
    },
  };
};

const aboutOf = (plan: Plan, profile: string | undefined): About => ({
  source: plan.kind,
  profile: plan.kind === "process" ? plan.profile : plan.kind === "sso" ? plan.sso.profile : profile,
  role: plan.kind === "role" ? plan.role.arn : plan.kind === "web-identity" ? plan.roleArn : undefined,
  cluster: undefined,
});

/** To those who wait, over a socket that nobody else can reach. */
const renderKeys = ({ keys, expiresAt }: AwsKeys): string =>
  JSON.stringify({
    id: keys.accessKeyId,
    secret: keys.secretAccessKey.reveal(),
    session: keys.sessionToken?.reveal(),
    end: expiresAt,
  });

const keysShape = object({ id: string, secret: string, session: optional(string), end: optional(integer) });

const parseKeys = (text: string): AwsKeys | undefined => {
  try {
    const { id, secret, session, end } = keysShape(parseQuietly(text), "");
    return {
      keys: {
        accessKeyId: id,
        secretAccessKey: new Secret(secret),
        sessionToken: session === undefined ? undefined : new Secret(session),
      },
      expiresAt: end === undefined ? undefined : epochMillis(end),
    };
  } catch {
    return undefined;
  }
};
