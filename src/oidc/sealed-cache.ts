import type { System } from "../base/system.ts";
import { openCache, type Cache } from "./cache.ts";
import type { LinuxKeyring, SecretPlace } from "./keyring.ts";

export interface SealedWishes {
  readonly directory: string;
  readonly keyring: LinuxKeyring;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A cache whose files only the keyring's key opens. Nothing of it is loaded before it is asked for.
 * @param place for the key; default: the system's keyring
 * @throws {KnownError} OIDC_KEYRING_UNAVAILABLE: there is no way back to files in plain text (security.md R-N14)
 */
export async function openSealedCache(
  { directory, keyring, signal }: SealedWishes,
  system: System,
  place?: SecretPlace,
): Promise<Cache | undefined> {
  const { sealingKey, systemKeyring } = await import("./keyring.ts");
  const key = await sealingKey(place ?? systemKeyring(keyring, system), system, signal);
  const { sealed } = await import("./envelope.ts");
  return await openCache(directory, system, sealed(key, system));
}
