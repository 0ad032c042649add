import { isKnownError, KnownError, messageOf } from "../../base/errors.ts";
import {
  discover,
  listEntries,
  openWire,
  removeEntry,
  revokeToken,
  type Entry,
  type Metadata,
  type Party,
  type Reach,
} from "../../oidc/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { oidcLogoutCommand } from "../commands/oidc-logout.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { structured } from "../output.ts";
import { asGetToken } from "./from-kubeconfig.ts";
import { keptAt, placeOf } from "./kept.ts";
import { terminalPresentation } from "./presentation.ts";
import { readReach } from "./settings.ts";
import { readSignInSettings } from "./sign-in-settings.ts";

/** One session that ends. */
interface Session {
  readonly issuer: string;
  readonly client: Party["client"];
  /** Undefined: sealed, and only the file can be removed. */
  readonly entry: Entry | undefined;
  readonly reach: Reach;
  readonly forget: () => Promise<string | undefined>;
}

/** What became of it; the object of `-o json` has these fields. */
export interface Ended {
  readonly issuer: string;
  readonly clientId: string;
  readonly forgotten: boolean;
  /** `none`: there was nothing to take back, or nobody was asked. */
  readonly revoked: "yes" | "no" | "none";
  readonly problem: string | undefined;
  /** The provider's page that ends its own session. */
  readonly page: string | undefined;
}

/** `kauth oidc logout` */
export async function runLogout(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "sign out");
  const asJson = wantsJson(options);
  const { sessions, merged } = await sessionsOf(invocation);
  const ended: Ended[] = [];
  for (const session of sessions) ended.push(await end(session, invocation));
  const pages = [...new Set(ended.map(({ page }) => page).filter((page) => page !== undefined))];
  if (asJson) system.log.out(await structured({ ended }, "json"));
  else for (const each of ended) tell(each, invocation);
  if (!asJson && ended.length === 0) system.log.say("Nobody is signed in");
  await showPages(pages, merged, invocation);
  return ended.every(({ forgotten, revoked }) => forgotten && revoked !== "no") ? 0 : 1;
}

const sessionsOf = async (
  invocation: Invocation,
): Promise<{ readonly sessions: readonly Session[]; readonly merged: ParsedOptions }> => {
  const { system, options } = invocation;
  if (!options.boolean("all")) {
    const place = await placeOf(invocation, oidcLogoutCommand.options, "sign out");
    const { settings, storage, key } = place;
    const entry = await keptAt(place, "sign out");
    const { clientAssertion, clientKey } = await readSignInSettings(
      { options: place.options, system },
      settings,
    );
    return {
      merged: place.options,
      sessions: [
        {
          issuer: settings.issuer,
          client: { ...settings, clientAssertion, clientKey },
          entry,
          reach: { ca: settings.ca, verify: settings.verify, headers: settings.headers },
          forget: async () => {
            await storage?.remove(key);
            return (await storage?.read(key)) === undefined ? undefined : "it is still there";
          },
        },
      ],
    };
  }
  const merged = asGetToken(options, oidcLogoutCommand.options);
  const { directory, reach } = await readReach({ options: merged, system });
  const listed = await listEntries(directory, system);
  return {
    merged,
    sessions: listed.map((each) => ({
      issuer: each.about?.issuer ?? "",
      client: { clientId: each.about?.clientId ?? "" },
      entry: each.entry,
      reach,
      forget: async () => await removeEntry(each, system),
    })),
  };
};

/** Tokens are taken back as long as they are known, and forgotten whatever comes of it. */
const end = async (session: Session, invocation: Invocation): Promise<Ended> => {
  const { issuer, client } = session;
  let revoked: Ended["revoked"] = "none";
  let problem: string | undefined;
  let page: string | undefined;
  if (!invocation.options.boolean("local"))
    try {
      const asked = await askProvider(session, invocation);
      page = asked.page;
      revoked = asked.revoked;
    } catch (error) {
      invocation.signal.throwIfAborted();
      if (!isKnownError(error)) throw error;
      problem = messageOf(error);
      revoked = "no";
    }
  const left = await session.forget();
  return {
    issuer,
    clientId: client.clientId,
    forgotten: left === undefined,
    revoked,
    problem: left ?? problem,
    page,
  };
};

const askProvider = async (
  { issuer, client, entry, reach }: Session,
  { system, signal }: Invocation,
): Promise<Pick<Ended, "revoked" | "page">> => {
  if (issuer === "" || client.clientId === "")
    throw new KnownError(
      "OIDC_PROVIDER_INVALID",
      "Cannot take the tokens back: the entry does not say whose they are",
    );
  const wire = openWire(reach, system);
  const metadata = await discover(issuer, wire, signal);
  const party: Party = { metadata, client, wire, system, signal };
  const page = pageOf(metadata, client.clientId);
  if (entry?.refreshToken === undefined && entry?.accessToken === undefined)
    return { page, revoked: entry === undefined ? "no" : "none" };
  // The refresh token's end is that of what came of it, too (RFC 7009 §2.1); not every provider does so.
  if (entry.refreshToken !== undefined) await revokeToken(party, entry.refreshToken, "refresh_token");
  if (entry.accessToken !== undefined) await revokeToken(party, entry.accessToken, "access_token");
  return { page, revoked: "yes" };
};

/**
 * OpenID Connect RP-Initiated Logout 1.0 §2, without `id_token_hint`: in an address it would be everybody's to read, and
 * a cluster takes it. The provider asks the person instead.
 */
const pageOf = ({ endSessionEndpoint }: Metadata, clientId: string): string | undefined => {
  if (endSessionEndpoint === undefined) return undefined;
  const url = new URL(endSessionEndpoint);
  url.searchParams.set("client_id", clientId);
  return url.href;
};

const tell = ({ issuer, clientId, forgotten, revoked, problem }: Ended, { system }: Invocation): void => {
  const who = `${issuer === "" ? "an unknown provider" : issuer}${clientId === "" ? "" : ` as ${clientId}`}`;
  const taken =
    revoked === "yes"
      ? "the provider has taken the tokens back"
      : revoked === "none"
        ? "the provider has nothing to take back"
        : undefined;
  if (forgotten) system.log.say(`Signed out of ${who}${taken === undefined ? "" : `: ${taken}`}`);
  else system.log.warn(`Cannot forget the tokens of ${who}: ${problem ?? ""}`);
  if (forgotten && revoked === "no")
    system.log.warn(
      `The provider has not taken the tokens back${problem === undefined ? "" : `: ${problem}`}. They are forgotten here`,
    );
};

const showPages = async (
  pages: readonly string[],
  options: ParsedOptions,
  { system }: Invocation,
): Promise<void> => {
  if (pages.length === 0) return;
  const signing = await readSignInSettings(
    { options, system },
    { redirectUri: undefined, extra: new Map(), subject: undefined },
  );
  const shown = terminalPresentation(system, {
    loginCommand: "kauth oidc login",
    signing,
    info: { apiVersion: "", interactive: undefined, given: false },
  });
  for (const page of pages) await shown.openPage(new URL(page));
};
