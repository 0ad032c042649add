import { spawnSync } from "node:child_process";
import { appendFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { at, claims, json, text, type Bend } from "./bend.ts";
import { expire } from "./expired.ts";
import { credentialOf, inScene, keepsSecrets, type Scene } from "./scene.ts";
import { OURS, type Ended } from "./target.ts";

/** Disks that take nothing, clocks that are wrong, and providers that are down: the token is given, and nothing is lost. */

const run = (file: string, ...args: readonly string[]): boolean =>
  spawnSync(file, [...args], { stdio: "ignore" }).status === 0;

/** Only root may mount, and not in every container. */
const MOUNTS = process.platform === "linux" && process.getuid?.() === 0 && run("unshare", "--mount", "true");
if (!MOUNTS) process.stdout.write("skipped: full and read-only disks, since nothing can be mounted here\n");

const mounted = async (
  path: string,
  ...how: readonly string[]
): Promise<AsyncDisposable & { readonly path: string }> => {
  await mkdir(path, { recursive: true, mode: 0o700 });
  expect(run("mount", ...how, path), `mount ${how.join(" ")} ${path}`).toBe(true);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      expect(run("umount", "--lazy", path)).toBe(true);
      await Promise.resolve();
    },
  };
};

/** With room for the compiled code that is kept there too. */
const TMPFS = ["-t", "tmpfs", "-o", "size=32m,mode=0700", "tmpfs"] as const;

const fill = async (directory: string): Promise<string> => {
  const path = join(directory, "filler");
  for (const size of [1 << 20, 4096, 1])
    for (;;)
      try {
        await appendFile(path, "x".repeat(size));
      } catch {
        break;
      }
  return path;
};

const ask = async (
  made: Scene,
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<Ended> => await made.run(made.args(...words), { env: { TMPDIR: join(made.home, "tmp"), ...env } });

describe.runIf(OURS && MOUNTS)("a disk", () => {
  test("that is full: what a refresh gave is not lost, and comes back where it belongs", async () => {
    await inScene({}, async (made) => {
      await mkdir(join(made.home, "tmp"), { mode: 0o700 });
      await using disk = await mounted(join(made.home, "disk"), ...TMPFS);
      const cache = join(disk.path, "cache");
      const env = { KAUTH_HOME: join(disk.path, "kauth") };
      const get = async (): Promise<Ended> => await ask(made, env, `--token-cache-dir=${cache}`);
      credentialOf(await get(), made.provider);
      await expire(made, cache);
      const [name = ""] = (await readdir(cache)).filter((each) => each.endsWith(".json"));
      const before = await readFile(join(cache, name), "utf8");
      const filler = await fill(disk.path);
      const refreshed = await get();
      const { token } = credentialOf(refreshed, made.provider);
      expect(refreshed.stderr).toMatch(/Cannot keep the token in .*ENOSPC.*It is in .* for now/);
      expect(await readFile(join(cache, name), "utf8"), "the old one is whole").toBe(before);
      expect(credentialOf(await get(), made.provider).token).toBe(token);
      await rm(filler);
      // The provider ends a session whose refresh token is used twice.
      const forced = credentialOf(
        await ask(made, env, `--token-cache-dir=${cache}`, "--force-refresh"),
        made.provider,
      );
      expect(await readFile(join(cache, name), "utf8")).toContain(forced.token);
      expect([made.provider.count("/token", "refresh_token"), await made.opened()]).toEqual([2, 1]);
    });
  });

  test("that is full, and nothing else can be written either: the token is given, with a warning", async () => {
    await inScene({}, async (made) => {
      await using disk = await mounted(join(made.home, "disk"), ...TMPFS);
      const cache = join(disk.path, "cache");
      await mkdir(cache, { mode: 0o700 });
      await fill(disk.path);
      const env = { KAUTH_HOME: join(disk.path, "kauth"), TMPDIR: "/dev/null" };
      for (const times of [1, 2]) {
        const ended = await ask(made, env, `--token-cache-dir=${cache}`);
        credentialOf(ended, made.provider);
        expect(ended.stderr).toMatch(/Cannot keep the token in .*ENOSPC.*The next command signs in again/);
        expect(await made.opened()).toBe(times);
      }
    });
  });

  test("that is read-only, with a session on it: one refresh, and it goes on from a spare place", async () => {
    await inScene({}, async (made) => {
      await mkdir(join(made.home, "tmp"), { mode: 0o700 });
      const home = join(made.home, "person");
      const env = { HOME: home, KAUTH_HOME: join(home, "kauth") };
      const words = ["--token-cache-dir=~/cache"];
      await using disk = await mounted(home, ...TMPFS);
      credentialOf(await ask(made, env, ...words), made.provider);
      await expire(made, join(home, "cache"));
      expect(run("mount", "-o", "remount,ro", disk.path)).toBe(true);
      const first = await ask(made, env, ...words);
      expect(first.stderr).toMatch(/Cannot keep the token in .*EROFS/);
      const { token } = credentialOf(first, made.provider);
      for (let turn = 0; turn < 2; turn += 1)
        expect(credentialOf(await ask(made, env, ...words), made.provider).token).toBe(token);
      expect([made.provider.count("/token", "refresh_token"), await made.opened()]).toEqual([1, 1]);
    });
  });

  test("that is read-only and has nothing yet: one sign-in all the same", async () => {
    await inScene({}, async (made) => {
      await mkdir(join(made.home, "tmp"), { mode: 0o700 });
      await using disk = await mounted(
        join(made.home, "person"),
        "-t",
        "tmpfs",
        "-o",
        "ro,mode=0700",
        "tmpfs",
      );
      const env = { HOME: disk.path, KAUTH_HOME: join(disk.path, "kauth") };
      const words = ["--token-cache-dir=~/cache"];
      const all = await Promise.all(Array.from({ length: 4 }, async () => await ask(made, env, ...words)));
      expect(new Set(all.map((ended) => credentialOf(ended, made.provider).token)).size).toBe(1);
      credentialOf(await ask(made, env, ...words), made.provider);
      expect(await made.opened()).toBe(1);
    });
  });
});

/** The provider's clock is that far from ours, and right: its tokens and its `Date` say so. */
const ahead = (seconds: number): Bend => {
  const moved = claims(({ iat = 0, exp = 0 }) => ({ iat: iat + seconds, exp: exp + seconds }));
  return async (heard, bending) => {
    const reply = await moved(heard, bending);
    if (typeof reply === "string") return reply;
    const date = new Date(Date.now() + seconds * 1000).toUTCString();
    return { ...reply, headers: { ...reply.headers, date } };
  };
};

describe.runIf(OURS)("a clock", () => {
  test.each([
    { name: "10 minutes ahead", seconds: -600 },
    { name: "10 minutes behind", seconds: 600 },
  ])("that is $name: a token of five minutes is kept and used", async ({ seconds }) => {
    await inScene({ life: 300, bend: ahead(seconds) }, async (made) => {
      const status = (ended: Ended): { token: string; expirationTimestamp: string } => {
        expect(ended, ended.stderr).toMatchObject({ code: 0 });
        keepsSecrets(ended, made.provider, [...made.provider.secrets]);
        return (JSON.parse(ended.stdout) as { status: { token: string; expirationTimestamp: string } })
          .status;
      };
      const first = status(await made.getToken());
      const asked = made.provider.heard.length;
      expect(status(await made.getToken()).token).toBe(first.token);
      expect(made.provider.heard).toHaveLength(asked);
      // By the clock that kubectl looks at.
      const left = Date.parse(first.expirationTimestamp) - Date.now();
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(300_000);
    });
  });
});

describe.runIf(OURS)("a provider that cannot refresh just now", () => {
  const refresh = (bend: Bend): Bend =>
    at("/token", async (heard, bending) =>
      heard.form.get("grant_type") === "refresh_token" ? await bend(heard, bending) : await bending.pass(),
    );

  test.each<{ name: string; bend: Bend }>([
    { name: "500", bend: refresh(() => text(500, "oops")) },
    { name: "temporarily_unavailable", bend: refresh(() => json(400, { error: "temporarily_unavailable" })) },
    { name: "a connection that is cut", bend: refresh(() => "cut") },
    { name: "no metadata", bend: at("/.well-known/openid-configuration", () => text(503, "")) },
  ])("$name: a token that is good still is given, and no browser is opened", async ({ bend }) => {
    await inScene({}, async (made) => {
      const first = credentialOf(await made.getToken(), made.provider);
      made.provider.bend = bend;
      // It has an hour, which is not enough for this person.
      const ended = await made.getToken("--token-expiry-margin=7200");
      expect(credentialOf(ended, made.provider).token).toBe(first.token);
      expect(ended.stderr).toContain("The token that is kept is used while it is good");
      await expire(made);
      expect(await made.getToken()).toMatchObject({ code: 1, stdout: "" });
      expect(await made.opened()).toBe(1);
    });
  });
});
