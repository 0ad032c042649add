import { createHash } from "node:crypto";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import { openCache, type Cache } from "./cache.ts";
import { listEntries } from "./store.ts";
import type { Entry } from "./entry.ts";

const KEY = "a".repeat(64);
const ENTRY: Entry = {
  idToken: new Secret("canary-i"),
  accessToken: undefined,
  refreshToken: new Secret("canary-r"),
  expiresAt: epochMillis(5),
};
const shown = (entry: Entry | undefined): unknown =>
  entry && [
    entry.idToken?.reveal(),
    entry.accessToken?.reveal(),
    entry.refreshToken?.reveal(),
    entry.expiresAt,
  ];
const WHOLE = ["canary-i", undefined, "canary-r", 5];

const home = async (): Promise<AsyncDisposable & { readonly path: string }> => {
  const path = await mkdtemp(join(tmpdir(), "kauth-oidc-"));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true }) };
};
/** Without a spare place, unless a test gives one. */
const around = (spare = "/dev/null"): ReturnType<typeof quietSystem> => ({
  ...quietSystem({ KAUTH_HOME: join(spare, "kauth") }),
  temp: join(spare, "tmp"),
});
const opened = async (path: string, system = around()): Promise<Cache> => {
  const cache = await openCache(path, system);
  if (cache === undefined) throw new TypeError("no cache");
  return cache;
};
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("an entry", () => {
  test("comes back, from a file of mode 0600 in a directory of mode 0700", async () => {
    await using place = await home();
    const path = join(place.path, "a", "b");
    const cache = await opened(path);
    expect(await cache.read(KEY)).toBeUndefined();
    expect(await cache.write(KEY, ENTRY)).toBe(true);
    expect(shown(await (await opened(path)).read(KEY))).toEqual(WHOLE);
    expect([await modeOf(path), await modeOf(join(path, `${KEY}.json`))]).toEqual([0o700, 0o600]);
    await cache.remove(KEY);
    expect(await cache.read(KEY)).toBeUndefined();
  });

  test("cut at any byte, under another name or of a newer version is none", async () => {
    await using place = await home();
    const cache = await opened(place.path);
    await cache.write(KEY, ENTRY);
    const path = join(place.path, `${KEY}.json`);
    const whole = await readFile(path, "utf8");
    for (let length = 0; length < whole.length - 1; length += 1) {
      await writeFile(path, whole.slice(0, length));
      expect(shown(await cache.read(KEY))).toBeUndefined();
    }
    for (const text of [
      whole.replace('"version":1', '"version":2'),
      "[]",
      "null",
      whole.replace("5}", "1e300}"),
    ]) {
      await writeFile(path, text);
      expect(await cache.read(KEY)).toBeUndefined();
    }
    const other = "b".repeat(64);
    await writeFile(join(place.path, `${other}.json`), whole);
    expect(await cache.read(other)).toBeUndefined();
  });

  test("that others could read is closed when it is read", async () => {
    await using place = await home();
    const cache = await opened(place.path);
    await cache.write(KEY, ENTRY);
    const path = join(place.path, `${KEY}.json`);
    await chmod(path, 0o644);
    expect(shown(await cache.read(KEY))).toEqual(WHOLE);
    expect(await modeOf(path)).toBe(0o600);
  });

  test("is not read through a symlink, and not written through one", async () => {
    await using place = await home();
    const cache = await opened(place.path);
    await cache.write(KEY, ENTRY);
    const path = join(place.path, `${KEY}.json`);
    const target = join(place.path, "target");
    await writeFile(target, await readFile(path));
    await rm(path);
    await symlink(target, path);
    expect(await cache.read(KEY)).toBeUndefined();
    await writeFile(target, "untouched");
    await cache.write(KEY, ENTRY);
    expect(await readFile(target, "utf8")).toBe("untouched");
    expect(shown(await cache.read(KEY))).toEqual(WHOLE);
  });

  test("that cannot be written costs a warning, and the old one stays", async () => {
    await using place = await home();
    const system = around();
    await (await opened(place.path)).write(KEY, ENTRY);
    const full = async (): Promise<never> =>
      await Promise.reject(Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }));
    const cache = await opened(place.path, { ...system, files: { ...system.files, write: full } });
    expect(await cache.write(KEY, { ...ENTRY, idToken: new Secret("canary-new") })).toBe(false);
    expect(system.said).toEqual([
      expect.stringMatching(
        /^Warning: Cannot keep the token in ".*": ENOSPC.* The next command signs in again$/,
      ),
    ]);
    expect(shown(await cache.read(KEY))).toEqual(WHOLE);
  });

  test("that its directory does not take is in a spare place, until it does", async () => {
    await using place = await home();
    await using spare = await home();
    const system = around(spare.path);
    const directory = join(place.path, "tokens");
    const full: System["files"]["write"] = async (path, content) => {
      if (!path.startsWith(spare.path)) throw Object.assign(new Error("EROFS"), { code: "EROFS" });
      await system.files.write(path, content);
    };
    await (await opened(directory, system)).write(KEY, { ...ENTRY, idToken: new Secret("canary-old") });
    const broken = await opened(directory, { ...system, files: { ...system.files, write: full } });
    expect(await broken.write(KEY, ENTRY)).toBe(true);
    expect(system.said).toEqual([expect.stringContaining("EROFS. It is in")]);
    expect(shown(await (await opened(directory, system)).read(KEY))).toEqual(WHOLE);
    const places = await listEntries(directory, system);
    expect(places.filter(({ path }) => path.startsWith(spare.path))).toHaveLength(1);
    // Another directory has nothing of it.
    expect(await (await opened(join(place.path, "other"), system)).read(KEY)).toBeUndefined();
    await (await opened(directory, system)).write(KEY, { ...ENTRY, refreshToken: new Secret("canary-new") });
    expect((await listEntries(directory, system)).map(({ path }) => path.startsWith(spare.path))).toEqual([
      false,
    ]);
    expect((await (await opened(directory, system)).read(KEY))?.refreshToken?.reveal()).toBe("canary-new");
  });
});

test("drafts of writers that were killed go with the next write, but not those of one that may be at it", async () => {
  await using place = await home();
  const cache = await opened(place.path);
  const draft = (text: string): string => join(place.path, `${KEY}.json.${text.repeat(12)}.new`);
  for (const name of ["a", "b"]) await writeFile(draft(name), "canary");
  await utimes(draft("a"), new Date(1e12), new Date(1e12));
  await cache.write(KEY, ENTRY);
  expect((await readdir(place.path)).toSorted()).toEqual([
    `${KEY}.json`,
    `${KEY}.json.${"b".repeat(12)}.new`,
  ]);
});

describe("a directory", () => {
  test("that others may look into is used through one of our own", async () => {
    await using place = await home();
    await chmod(place.path, 0o755);
    await (await opened(place.path)).write(KEY, ENTRY);
    expect(await readdir(place.path)).toEqual(["kauth-private"]);
    expect(await modeOf(join(place.path, "kauth-private"))).toBe(0o700);
    expect(shown(await (await opened(place.path)).read(KEY))).toEqual(WHOLE);
  });

  test("that is ours within one that is open is closed, should it be open", async () => {
    await using place = await home();
    await chmod(place.path, 0o755);
    await mkdir(join(place.path, "kauth-private"), { mode: 0o755 });
    await (await opened(place.path)).write(KEY, ENTRY);
    expect(await modeOf(join(place.path, "kauth-private"))).toBe(0o700);
  });

  test("that cannot be used has a spare one in its place", async () => {
    await using place = await home();
    await using spare = await home();
    await writeFile(join(place.path, "file"), "");
    const system = around(spare.path);
    const cache = await opened(join(place.path, "file", "x"), system);
    expect(cache.place.startsWith(spare.path)).toBe(true);
    await cache.write(KEY, ENTRY);
    expect(shown(await (await opened(join(place.path, "file", "x"), system)).read(KEY))).toEqual(WHOLE);
    expect(system.said[0]).toContain("for now");
  });

  test("that others may write is not followed to what is ours (a symlink in /tmp)", async () => {
    await using place = await home();
    await using spare = await home();
    const strangers = join(spare.path, "tmp", `kauth-${process.getuid?.()}`);
    const hash = createHash("sha256").update(place.path).digest("hex").slice(0, 16);
    await mkdir(join(strangers, "oidc"), { recursive: true });
    for (const each of [strangers, join(strangers, "oidc")]) await chmod(each, 0o777);
    await symlink(place.path, join(strangers, "oidc", `kept-${hash}`));
    const cache = await opened(place.path, around(spare.path));
    expect(await cache.write(KEY, ENTRY)).toBe(true);
    expect(await readdir(place.path)).toEqual([`${KEY}.json`]);
    expect(shown(await cache.read(KEY))).toEqual(WHOLE);
  });

  test("that is spare and that others may look into is none", async () => {
    await using place = await home();
    await using spare = await home();
    for (const above of [
      join(spare.path, "kauth", "run"),
      join(spare.path, "tmp", `kauth-${process.getuid?.()}`),
    ]) {
      await mkdir(join(above, "oidc"), { recursive: true, mode: 0o700 });
      await chmod(join(above, "oidc"), 0o755);
    }
    await writeFile(join(place.path, "file"), "");
    expect(await openCache(join(place.path, "file", "x"), around(spare.path))).toBeUndefined();
  });

  test("that is a symlink, or below one that all may write, is not used", async () => {
    await using place = await home();
    const system = around();
    await mkdir(join(place.path, "real"), { mode: 0o700 });
    await symlink(join(place.path, "real"), join(place.path, "link"));
    expect(await openCache(join(place.path, "link"), system)).toBeUndefined();
    await mkdir(join(place.path, "open"));
    await chmod(join(place.path, "open"), 0o777);
    expect(await openCache(join(place.path, "open", "mine"), system)).toBeUndefined();
    expect(await readdir(join(place.path, "real"))).toEqual([]);
    expect(system.said).toEqual([
      expect.stringContaining("not yours alone"),
      expect.stringContaining("not yours alone"),
    ]);
  });

  test("of somebody else is not used", async () => {
    await using place = await home();
    expect(await openCache(place.path, { ...around(), uid: 4_000_000 })).toBeUndefined();
  });
});
