import { credentialOf, isFresh } from "../../oidc/warm.ts";
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
  const storage = await openStorage(settings, system);
  const force = options.boolean("force-refresh");
  const kept = credentialOf(await storage?.read(key), settings.useAccessToken);
  const fresh = kept !== undefined && !force && isFresh(kept, { now: system.now(), margin: settings.margin });
  const found = fresh
    ? kept
    : await (
        await import("./sign-in.ts")
      ).signInNow(invocation, {
        settings,
        storage,
        key,
        info,
        least: force ? "renewed" : "kept",
      });
  if (found === undefined) throw new KnownError("OIDC_CLIENT_REFUSED", "Cannot get a token: there is none");
  system.log.out(execCredential(info, { token: found.token.reveal(), end: found.end }));
  return 0;
}
