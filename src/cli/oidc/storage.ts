import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { openCache } from "../../oidc/warm.ts";
import type { CacheSettings } from "./settings.ts";

type Storage = Awaited<ReturnType<typeof openCache>>;

/** Where entries are kept. Undefined: nowhere, as was asked for or with a warning. */
export async function openStorage(settings: CacheSettings, system: System): Promise<Storage> {
  switch (settings.storage) {
    case "disk":
      return await openCache(settings.directory, system);
    case "none":
      return undefined;
    case "keyring":
      throw new KnownError("USAGE", "Cannot keep tokens in a keyring", {
        hint: "Use --token-cache-storage disk.",
      });
  }
}
