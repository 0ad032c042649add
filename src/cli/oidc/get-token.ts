import { credentialOf, endHere, isFresh, noteHandedOut } from "../../oidc/warm.ts";
import { KnownError } from "../../base/errors.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { entryKey } from "./entry-key.ts";
import { execCredential, readExecInfo } from "./exec-info.ts";
import { readSettings } from "./settings.ts";
import { openStorage } from "./storage.ts";

/** `kauth oidc get-token`. With a token in the cache nothing is loaded but what stands above. */
export async function runGetToken(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "get a token");
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
  const found =
    fresh && !renewable
      ? kept
      : await (
          await import("./sign-in.ts")
        ).signInNow(invocation, {
          settings,
          storage,
          key,
          info,
          least: force ? "renewed" : "kept",
          refused: renewable ? kept?.token : undefined,
        });
  if (found === undefined) throw new KnownError("OIDC_CLIENT_REFUSED", "Cannot get a token: there is none");
  system.log.out(execCredential(info, { token: found.token.reveal(), end: endHere(found, system.now()) }));
  return 0;
}

/** After a 401 kubectl asks for a token again; a new one has not helped, or there is none. */
const explain = ({ log }: Invocation["system"]): void =>
  log.warn(
    "The server seems to refuse this token, although the provider finds it good: the client asks for it again at once. Look whether the API server knows this issuer, client ID and claims: kauth oidc doctor",
  );
