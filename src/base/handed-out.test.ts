import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { Secret } from "./secret.ts";
import { epochMillis } from "./units.ts";
import { HANDED_OUT, noteHandedOut, noteRenewed, type Verdict } from "./handed-out.ts";

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "kauth-handed-"));
});
afterEach(async () => await rm(place, { recursive: true }));

interface Asking {
  readonly token?: string;
  readonly key?: string;
  readonly parent?: number;
  readonly info?: string;
}
const around = (second: number, { token = "canary-one", key = "a", parent = 1, info = "{}" }: Asking) => ({
  asked: { key, token: new Secret(token), place },
  system: {
    ...quietSystem({ KUBERNETES_EXEC_INFO: info }),
    parent,
    now: () => epochMillis(1e12 + second * 1000),
  },
});
const ask = (second: number, how: Asking = {}): Verdict => {
  const { asked, system } = around(second, how);
  return noteHandedOut(asked, system);
};
const renew = (second: number, token: string): void => {
  const { asked, system } = around(second, { token });
  noteRenewed(asked, system);
};

describe("the same token asked for again", () => {
  test("at once by the same process has been refused", () => {
    expect([ask(0), ask(9)]).toEqual(["fine", "refused"]);
  });

  test.each<[string, Asking]>([
    ["by another process", { parent: 2 }],
    ["for another cluster", { info: '{"spec":{"cluster":{}}}' }],
    ["of another entry", { key: "b" }],
    ["but another one", { token: "canary-two" }],
  ])("%s has not", (_name, other) => {
    expect([ask(0), ask(1, other)]).toEqual(["fine", "fine"]);
  });

  test("after a while, or by a clock that was set back, has not", () => {
    expect([ask(0), ask(10), ask(5)]).toEqual(["fine", "fine", "fine"]);
  });

  test("is renewed once a minute: after that another would not help", () => {
    expect([ask(0), ask(1)]).toEqual(["fine", "refused"]);
    renew(2, "canary-two");
    expect(ask(3, { token: "canary-two" })).toBe("refused again");
    for (let second = 4; second < 62; second += 9) ask(second, { token: "canary-two" });
    expect(ask(63, { token: "canary-two" })).toBe("refused");
  });
});

describe("the table", () => {
  test("is ours alone, holds no token, and never grows", async () => {
    for (let parent = 2; parent < 2_000; parent += 1) ask(0, { parent });
    const path = join(place, HANDED_OUT);
    expect([(await stat(path)).mode & 0o777, (await stat(path)).size]).toEqual([0o600, 256 * 64]);
    expect(await readFile(path, "latin1")).not.toContain("canary");
    expect(await readdir(place)).toEqual([HANDED_OUT]);
  });

  test("that is nonsense, or cannot be written, says nothing", async () => {
    await writeFile(join(place, HANDED_OUT), "x".repeat(1e5));
    expect(ask(0)).toBe("fine");
    place = join(place, "missing");
    expect([ask(0), ask(1)]).toEqual(["fine", "fine"]);
    place = join(place, "..");
  });
});
