import type { EpochMillis } from "../../base/units.ts";
import { credentialOf, saidBy, type Entry, type Listed } from "../../oidc/index.ts";

/** An entry for a person or a program to read: nothing of it is a secret, and nothing of it is verified again. */
export interface Described {
  /** The first characters of its name, as many as tell it from others. */
  readonly key: string;
  readonly issuer: string | undefined;
  readonly clientId: string | undefined;
  readonly account: string | undefined;
  readonly subject: string | undefined;
  /** `email`, else `preferred_username`, else `name`. */
  readonly name: string | undefined;
  /** RFC 3339. */
  readonly expires: string | undefined;
  readonly expired: boolean;
  /** Whether there is a refresh token. */
  readonly renews: boolean;
  readonly storage: Listed["storage"];
}

const KEY_SHOWN = 12;

export const described = (
  { key, about, entry, storage }: Pick<Listed, "key" | "about" | "entry" | "storage">,
  now: EpochMillis,
): Described => {
  const said = claimsIn(entry);
  const text = (name: string): string | undefined => {
    const value = said[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const end =
    entry === undefined ? undefined : (credentialOf(entry, false) ?? credentialOf(entry, true))?.end;
  return {
    key: key.slice(0, KEY_SHOWN),
    issuer: about?.issuer ?? text("iss"),
    clientId: about?.clientId,
    account: about?.account,
    subject: text("sub"),
    name: text("email") ?? text("preferred_username") ?? text("name"),
    expires: end === undefined ? undefined : `${new Date(end).toISOString().slice(0, 19)}Z`,
    expired: end !== undefined && end <= now,
    renews: entry?.refreshToken !== undefined,
    storage,
  };
};

export const claimsIn = (entry: Entry | undefined): Readonly<Record<string, unknown>> =>
  saidBy(entry?.idToken) ?? saidBy(entry?.accessToken) ?? {};
