import { abortable } from "../base/abortable.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import { SEALING_KEY_SIZE } from "./envelope.ts";

/** One secret of this user's that the system guards. */
export interface SecretPlace {
  /** For messages: `the Secret Service`. */
  readonly name: string;
  get(): Promise<Uint8Array | undefined>;
  set(secret: Uint8Array): Promise<void>;
  /** Whether there was one. */
  remove(): Promise<boolean>;
}

/**
 * Which of Linux's keyrings: the one of the desktop, which is there after a restart too, or the kernel's, which is not
 * and needs no desktop. Elsewhere there is one only.
 */
export type LinuxKeyring = "secret-service" | "keyutils";

const SERVICE = "kauth";
const ACCOUNT = "token cache key";

/** For a person to unlock it. */
const PATIENCE = millis(120_000);
const SLOW = millis(2_000);

/** The system's keyring. It is loaded when it is first used. */
export const systemKeyring = (store: LinuxKeyring, { platform }: Pick<System, "platform">): SecretPlace => {
  const entry = async () => {
    const { AsyncEntry } = await import("@napi-rs/keyring");
    return new AsyncEntry(SERVICE, ACCOUNT, { linux: { store } });
  };
  return {
    name: NAMES[platform === "linux" ? store : platform] ?? "the system's keyring",
    get: async () => {
      const found = await (await entry()).getSecret();
      return found === null ? undefined : Uint8Array.from(found);
    },
    set: async (secret) => await (await entry()).setSecret(secret),
    remove: async () => await (await entry()).deleteCredential(),
  };
};

const NAMES: Readonly<Record<string, string>> = {
  "secret-service": "the Secret Service (GNOME Keyring, KWallet, KeePassXC)",
  keyutils: "the kernel's keyring",
  darwin: "the macOS keychain",
  win32: "the Windows Credential Manager",
};

/**
 * The key to sealed entries; made when there is none yet. Asked for before anything else, so that a keyring that is
 * missing is found out before somebody signs in.
 * @throws {KnownError} OIDC_KEYRING_UNAVAILABLE; the signal's reason
 */
export async function sealingKey(
  place: SecretPlace,
  system: System,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const done = new AbortController();
  const late = new AbortController();
  const unlocked = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  const tell = async (): Promise<void> => {
    await system.sleep(SLOW, done.signal);
    system.log.say(`Waiting for ${place.name}; it may ask to be unlocked`);
    await system.sleep(PATIENCE, done.signal);
    late.abort(new Error("it did not answer in time"));
  };
  tell().catch(() => undefined);
  try {
    return await abortable(keyOf(place, system), unlocked);
  } catch (error) {
    signal?.throwIfAborted();
    throw new KnownError(
      "OIDC_KEYRING_UNAVAILABLE",
      `Cannot use ${place.name} for the token cache: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    done.abort();
  }
}

const keyOf = async (place: SecretPlace, system: System): Promise<Buffer> => {
  const found = await place.get();
  if (found?.length === SEALING_KEY_SIZE) return Buffer.from(found);
  await place.set(system.random(SEALING_KEY_SIZE));
  // Another process may have had the same thought: what is there now is what all find.
  const kept = await place.get();
  if (kept?.length !== SEALING_KEY_SIZE) throw new Error("it does not give back what it was given");
  return Buffer.from(kept);
};
