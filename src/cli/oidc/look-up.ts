import type { System } from "../../base/system.ts";
import { credentialOf, type Credential, endHere, isFresh, noteHandedOut } from "../../oidc/warm.ts";
import type { Invocation } from "../command.ts";
import { entryKey } from "./entry-key.ts";
import { execCredential, readExecInfo, type ExecInfo } from "./exec-info.ts";
import { readSettings, type CacheSettings } from "./settings.ts";
import type { SignInRequest } from "./sign-in.ts";

/** What is known without asking anybody. */
interface Looked {
  readonly request: SignInRequest;
  /** The line to print; undefined: somebody has to be asked. */
  readonly answer: string | undefined;
}

/** Opens what entries are kept in. */
type OpenStorage = (
  settings: CacheSettings,
  system: System,
  signal: AbortSignal,
) => Promise<SignInRequest["storage"]>;

/** Looks for a token that is kept. Nothing is loaded for that but what stands above. */
export async function lookUp(invocation: Invocation, open: OpenStorage): Promise<Looked> {
  const { system, options } = invocation;
  const info = readExecInfo(system);
  const settings = await readSettings(invocation, "get-token");
  const key = entryKey(settings);
  const storage = await open(settings, system, invocation.signal);
  const force = options.boolean("force-refresh");
  const entry = await storage?.read(key);
  const kept = credentialOf(entry, settings.useAccessToken);
  const fresh = kept !== undefined && !force && isFresh(kept, { now: system.now(), margin: settings.margin });
  const verdict =
    fresh && info.given && storage !== undefined
      ? noteHandedOut({ key, token: kept.token, place: storage.place }, system)
      : "fine";
  // Without a refresh token only a person could get another, for what is a guess.
  const renewable = verdict === "refused" && entry?.refreshToken !== undefined;
  if (verdict !== "fine" && !renewable) explain(system);
  return {
    request: {
      settings,
      storage,
      key,
      info,
      least: force ? "renewed" : "kept",
      refused: renewable ? kept?.token : undefined,
    },
    answer: fresh && !renewable ? answerOf(info, kept, system) : undefined,
  };
}

export const answerOf = (info: ExecInfo, found: Credential, system: System): string =>
  execCredential(info, { token: found.token.reveal(), end: endHere(found, system.now()) });

/** After a 401 kubectl asks for a token again; a new one has not helped, or there is none. */
const explain = ({ log }: System): void =>
  log.warn(
    "The server seems to refuse this token, although the provider finds it good: the client asks for it again at once. Look whether the API server knows this issuer, client ID and claims: kauth oidc doctor, with --user NAME where another user than the current context's is meant",
  );
