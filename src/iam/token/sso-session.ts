import * as crypto from "node:crypto";
import { join } from "node:path";
import { object, optional, string } from "../../base/decode.ts";
import { parseQuietly } from "../../base/quote.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { epochMillis, isDate, KiB, type EpochMillis } from "../../base/units.ts";
import type { SsoWish } from "./plan.ts";

/** A sign-in to IAM Identity Center, as `aws sso login` and the SDKs keep it. */
export interface SsoSession {
  readonly accessToken: Secret;
  readonly expiresAt: EpochMillis;
  /** What it takes to go on without the person; undefined in the old form of profiles. */
  readonly renewal: SsoRenewal | undefined;
}

export interface SsoRenewal {
  readonly refreshToken: Secret;
  readonly client: SsoClient;
}

/** A registration of the program, not of the person. */
export interface SsoClient {
  readonly id: string;
  readonly secret: Secret;
  readonly expiresAt: EpochMillis | undefined;
}

const LIMIT = KiB(64);

/** `~/.aws/sso/cache/SHA-1.json`, of the session's name, or of the start URL where it has none. */
const sessionPath = ({ session, startUrl }: SsoWish, { home }: Pick<System, "home">): string =>
  join(
    home,
    ".aws",
    "sso",
    "cache",
    `${crypto
      .createHash("sha1")
      .update(session ?? startUrl, "utf8")
      .digest("hex")}.json`,
  );

const shape = object({
  accessToken: string,
  expiresAt: string,
  refreshToken: optional(string),
  clientId: optional(string),
  clientSecret: optional(string),
  registrationExpiresAt: optional(string),
});

/** Undefined: there is none that can be read. */
export async function readSession(wish: SsoWish, system: System): Promise<SsoSession | undefined> {
  const content = await system.files.read(sessionPath(wish, system), LIMIT).catch(() => undefined);
  if (content === undefined) return undefined;
  try {
    const found = shape(parseQuietly(content.toString("utf8")), "");
    const expiresAt = timeOf(found.expiresAt);
    if (expiresAt === undefined) return undefined;
    const { clientId, clientSecret, refreshToken, registrationExpiresAt } = found;
    return {
      accessToken: new Secret(found.accessToken),
      expiresAt,
      renewal:
        refreshToken === undefined || clientId === undefined || clientSecret === undefined
          ? undefined
          : {
              refreshToken: new Secret(refreshToken),
              client: {
                id: clientId,
                secret: new Secret(clientSecret),
                expiresAt: timeOf(registrationExpiresAt ?? ""),
              },
            },
    };
  } catch {
    return undefined;
  }
}

/** RFC 3339, and as old versions of the CLI wrote it, `2020-01-01T00:00:00UTC`. */
const timeOf = (text: string): EpochMillis | undefined => {
  const time = Date.parse(text.replace(/UTC$/, "Z"));
  return isDate(time) ? epochMillis(time) : undefined;
};

/** Where other programs of AWS's find it too. Old or new, never a part; mode 0600. */
export async function writeSession(session: SsoSession, wish: SsoWish, system: System): Promise<void> {
  const { accessToken, expiresAt, renewal } = session;
  const stamp = (time: EpochMillis): string => `${new Date(time).toISOString().slice(0, 19)}Z`;
  const client = renewal?.client;
  const document = {
    startUrl: wish.startUrl,
    region: wish.region,
    accessToken: accessToken.reveal(),
    expiresAt: stamp(expiresAt),
    clientId: client?.id,
    clientSecret: client?.secret.reveal(),
    registrationExpiresAt: client?.expiresAt === undefined ? undefined : stamp(client.expiresAt),
    refreshToken: renewal?.refreshToken.reveal(),
  };
  await system.files.write(sessionPath(wish, system), JSON.stringify(document));
}
