import type { System } from "../../base/system.ts";
import { openCache, openSealedCache } from "../../oidc/warm.ts";
import type { CacheSettings } from "./settings.ts";

type Storage = Awaited<ReturnType<typeof openCache>>;

/** Where entries are kept. Undefined: nowhere, as was asked for or with a warning. */
export async function openStorage(
  settings: CacheSettings,
  system: System,
  signal?: AbortSignal,
): Promise<Storage> {
  switch (settings.storage) {
    case "disk":
      return await openCache(settings.directory, system);
    case "none":
      return undefined;
    case "keyring":
      return await openSealedCache({ ...settings, signal }, system);
  }
}
