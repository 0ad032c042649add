import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findProgram } from "../find-program.ts";
import { credentialOf, inScene, keepsSecrets, type Scene } from "./scene.ts";
import { KAUTH, OURS, type Ended } from "./target.ts";

/** Tokens sealed with a key in a real keyring: GNOME's, in a session bus of its own, and the kernel's. */

const DESKTOP =
  (await findProgram("dbus-run-session")) !== undefined &&
  (await findProgram("gnome-keyring-daemon")) !== undefined;
if (!DESKTOP)
  process.stdout.write(
    "skipped: the Secret Service, since dbus-run-session or gnome-keyring-daemon is missing\n",
  );
/** A session as a login makes one; without it the kernel lends one that nothing can be put into. */
const session = (command: readonly string[]): readonly string[] => ["keyctl", "session", "-", ...command];
const KERNEL =
  (await findProgram("keyctl")) !== undefined &&
  spawnSync("keyctl", ["session", "-", "keyctl", "add", "user", "kauth-test-probe", "x", "@s"], {
    stdio: "ignore",
  }).status === 0;
if (!KERNEL) process.stdout.write("skipped: the kernel's keyring, since keyctl is missing or forbidden\n");

/** With a keyring that is unlocked as a desktop's is. It lasts for one command; its file stays in the home. */
const desktop = (command: readonly string[]): readonly string[] => [
  "dbus-run-session",
  "--",
  "sh",
  "-c",
  'printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; "$@"; status=$?; pkill -P $$ -x gnome-keyring-d 2>/dev/null; exit $status',
  "sh",
  ...command,
];

const inKeyring = async (made: Scene, more: readonly string[], wrap = desktop): Promise<Ended> => {
  const [first = "", ...words] = made.args("--token-cache-storage=keyring", ...more);
  return await made.run([], { command: wrap([...KAUTH, "oidc", first, ...words]) });
};

const sealedAlone = async (made: Scene): Promise<void> => {
  const names = (await readdir(made.cache)).filter((name) => name.endsWith(".json"));
  expect(names).toHaveLength(1);
  const text = await readFile(join(made.cache, names[0] ?? ""), "utf8");
  expect(text).toContain('"sealed"');
  for (const secret of made.provider.secrets) expect(text.includes(secret)).toBe(false);
};

describe.runIf(OURS)("tokens in a keyring", () => {
  test.runIf(DESKTOP)("the Secret Service: one sign-in, and no token in a file", async () => {
    await inScene({}, async (made) => {
      const first = credentialOf(await inKeyring(made, []), made.provider);
      await sealedAlone(made);
      expect(credentialOf(await inKeyring(made, []), made.provider).token).toBe(first.token);
      expect(await made.opened()).toBe(1);
    });
  });

  test.runIf(KERNEL)("the kernel's: the same", async () => {
    await inScene({}, async (made) => {
      const words = ["--token-cache-keyring=keyutils"];
      const first = credentialOf(await inKeyring(made, words, session), made.provider);
      await sealedAlone(made);
      expect(credentialOf(await inKeyring(made, words, session), made.provider).token).toBe(first.token);
      expect(await made.opened()).toBe(1);
    });
  });

  test("without a keyring: that is found out before anybody signs in, and nothing is kept in plain text", async () => {
    await inScene({}, async (made) => {
      const [first = "", ...words] = made.args("--token-cache-storage=keyring");
      const ended = await made.run([], {
        command: [...KAUTH, "oidc", first, ...words],
        env: { DBUS_SESSION_BUS_ADDRESS: "unix:path=/dev/null" },
      });
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain("OIDC_KEYRING_UNAVAILABLE");
      expect(ended.stderr).toContain("--token-cache-storage disk");
      keepsSecrets(ended, made.provider);
      expect([await made.opened(), made.provider.heard, await readdir(made.cache)]).toEqual([0, [], []]);
    });
  });
});
