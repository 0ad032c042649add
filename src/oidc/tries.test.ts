import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import { pauseAfter, pauseLeft, triesOf, type Tries, type TriesMemory } from "./tries.ts";

const KEY = "ab".repeat(32);
const COMMAND = "kauth oidc login --x";
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "kauth-tries-"));
});
afterEach(async () => await rm(home, { recursive: true }));

/** A process that starts at that second. */
const at = async (second: number): Promise<TriesMemory> => {
  const system: System = {
    ...quietSystem(),
    env: { KAUTH_HOME: home },
    temp: join(home, "tmp"),
    now: () => epochMillis(second * 1000),
  };
  return await triesOf(KEY, system);
};
const isAsked = async (second: number, tookOver = false): Promise<string> => {
  try {
    await (await at(second)).check({ tookOver, command: COMMAND });
    return "asked";
  } catch (error) {
    return error instanceof KnownError ? `${error.code}: ${error.message}. ${error.hint}` : String(error);
  }
};

describe("after a sign-in that came to nothing nobody is asked for a while", () => {
  test("also where its process was killed and could say nothing", async () => {
    for (const second of [0, 1]) {
      expect(await isAsked(second)).toBe("asked");
      await (await at(second)).begin();
    }
    expect(await isAsked(5)).toBe(
      "OIDC_LOGIN_WAITS: Cannot get a token: a sign-in was begun 4 s ago, and nobody finished it. To sign in now: kauth oidc login --x. By itself it is tried again in 36 s.",
    );
    expect(await isAsked(41)).toBe("asked");
  });

  test("and the reason is said", async () => {
    await (await at(0)).begin();
    await (await at(7)).failed(new KnownError("OIDC_LOGIN_REFUSED", "access_denied"));
    expect(await isAsked(9)).toContain("the last sign-in failed 2 s ago: access_denied. To sign in now");
  });

  test("each time for longer; over a night that is seven, and then one a day", () => {
    const asked: number[] = [];
    let tries: Tries | undefined;
    for (let second = 0; second < 4 * 86_400; second += 1) {
      const now = epochMillis(second * 1000);
      if (pauseLeft(tries, now, false) > 0) continue;
      asked.push(second);
      tries = { count: asked.length, at: now, reason: undefined };
    }
    expect(asked.filter((second) => second < 12 * 3600)).toHaveLength(7);
    expect(asked.filter((second) => second > 2 * 86_400).length).toBeLessThanOrEqual(2);
  });

  test("until one goes well", async () => {
    await (await at(0)).begin();
    await (await at(1)).begin();
    await (await at(2)).succeeded();
    expect(await isAsked(3)).toBe("asked");
    expect(await readdir(join(home, "run", "oidc"))).toEqual([]);
  });

  test("one that waited for a process that was killed goes on at once, three times", async () => {
    for (const second of [0, 1, 2]) {
      await (await at(second)).begin();
      expect(await isAsked(second, true)).toBe("asked");
    }
    await (await at(3)).begin();
    expect(await isAsked(3, true)).toContain("OIDC_LOGIN_WAITS");
  });

  test("a clock that was set back keeps nobody out", async () => {
    await (await at(1000)).begin();
    expect(await isAsked(400)).toBe("asked");
  });

  test("what is no memory of ours is none", async () => {
    const memory = await at(0);
    await memory.begin();
    const [name = ""] = await readdir(join(home, "run", "oidc"));
    const path = join(home, "run", "oidc", name);
    const whole = await readFile(path, "utf8");
    for (const text of ["", "[]", whole.slice(0, 20), whole.replace('"version":1', '"version":2')]) {
      await writeFile(path, text);
      expect(await isAsked(1)).toBe("asked");
    }
  });

  test("where nothing can be written it fails nothing", async () => {
    await writeFile(join(home, "run"), "");
    await writeFile(join(home, "tmp"), "");
    const memory = await at(0);
    await memory.begin();
    await memory.failed(new Error("x"));
    await memory.succeeded();
    expect(await isAsked(1)).toBe("asked");
  });
});

test("pauses have an end, however often it failed", () => {
  expect([0, 1, 2, 3, 8, 1e6].map(pauseAfter)).toEqual([0, 10_000, 40_000, 160_000, 86_400_000, 86_400_000]);
  expect(pauseLeft({ count: 1, at: epochMillis(0), reason: "x" }, epochMillis(9_999), false)).toBe(1);
});
