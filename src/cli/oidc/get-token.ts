import { credentialOf, type Credential, endHere, isFresh, noteHandedOut } from "../../oidc/warm.ts";
import { KnownError } from "../../base/errors.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { entryKey } from "./entry-key.ts";
import { execCredential, readExecInfo, type ExecInfo } from "./exec-info.ts";
import { readSettings } from "./settings.ts";
import type { SignInRequest } from "./sign-in.ts";
import { openStorage } from "./storage.ts";

/** What is known without asking anybody. */
interface Looked {
  readonly request: SignInRequest;
  /** The line to print; undefined: somebody has to be asked. */
  readonly answer: string | undefined;
}

/** Looks for a token that is kept. Nothing is loaded for that but what stands above. */
export async function lookUp(invocation: Invocation): Promise<Looked> {
  const { system, options } = invocation;
  const info = readExecInfo(system);
  const settings = await readSettings(invocation, "get-token");
  const key = entryKey(settings);
  const storage = await openStorage(settings, system, invocation.signal);
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

const answerOf = (info: ExecInfo, found: Credential, system: Invocation["system"]): string =>
  execCredential(info, { token: found.token.reveal(), end: endHere(found, system.now()) });

/** `kauth oidc get-token`. */
export async function runGetToken(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  refuseOperands(invocation, "get a token");
  const { request, answer } = await lookUp(invocation);
  if (answer !== undefined) {
    system.log.out(answer);
    return 0;
  }
  const { signInNow } = await import("./sign-in.ts");
  const found = await signInNow(invocation, request);
  if (found === undefined) throw new KnownError("OIDC_CLIENT_REFUSED", "Cannot get a token: there is none");
  system.log.out(answerOf(request.info, found, system));
  return 0;
}

/** After a 401 kubectl asks for a token again; a new one has not helped, or there is none. */
const explain = ({ log }: Invocation["system"]): void =>
  log.warn(
    "The server seems to refuse this token, although the provider finds it good: the client asks for it again at once. Look whether the API server knows this issuer, client ID and claims: kauth oidc doctor",
  );
