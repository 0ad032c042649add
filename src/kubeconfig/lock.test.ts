import { mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { realSystem, type System } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import { persistAuthProvider } from "./edit.ts";
import { parseKubeconfig } from "./parse.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-lock-"));
  path = join(directory, "config");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const FILE = "users: [{name: u, user: {auth-provider: {name: oidc, config: {a: old}}}}]\n";
const persist = async (a: string, on: System = realSystem()): Promise<void> => {
  await persistAuthProvider({ path, user: "u" }, new Map([["a", a]]), on);
};
const written = async (): Promise<string | undefined> => {
  const { users } = await parseKubeconfig(await readFile(path, "utf8"));
  return users.get("u")?.value.authProvider?.config.get("a");
};

describe("locks of other programs", () => {
  test.each([
    [5, "5 seconds"],
    [60, "1 minute"],
    [7300, "2 hours"],
    [200_000, "2 days"],
    [-50, "0 seconds"],
  ])("a lock of %d s is an error at once", async (age, words) => {
    await writeFile(path, FILE);
    await writeFile(`${path}.lock`, "");
    const now = new Date("2026-01-01T00:00:00Z");
    const made = now.getTime() / 1000 - age;
    await utimes(`${path}.lock`, made, made);
    const at: System = { ...realSystem(), now: () => epochMillis(now.getTime()) };
    const error = await failureOf(persist("b", at));
    expect([error.code, error.message]).toEqual(["KUBECONFIG_LOCKED", `open ${path}.lock: file exists`]);
    expect(error.hint).toContain(`locked the kubeconfig ${words} ago`);
    expect(error.hint).toContain(`rm ${path}.lock`);
    expect([await readFile(path, "utf8"), await readdir(directory)]).toEqual([
      FILE,
      ["config", "config.lock"],
    ]);
  });

  test.each([["config"], ["real"]])(
    "the lock of %s counts, where one is a link to the other",
    async (name) => {
      await writeFile(join(directory, "real"), FILE);
      await symlink("real", path);
      await writeFile(join(directory, `${name}.lock`), "");
      expect((await failureOf(persist("b"))).code).toBe("KUBECONFIG_LOCKED");
      expect(await readdir(directory)).toEqual(["config", "real", `${name}.lock`].toSorted());
    },
  );

  test("a lock is there while the file is written", async () => {
    await writeFile(path, FILE);
    let during: readonly string[] = [];
    let mode = -1;
    const real = realSystem().files;
    await persist("b", {
      ...realSystem(),
      files: {
        ...real,
        replace: async (name, content) => {
          during = await readdir(directory);
          mode = (await stat(`${path}.lock`)).mode & 0o777;
          await real.replace(name, content);
        },
      },
    });
    expect([during, mode]).toEqual([["config", "config.lock"], 0]);
    expect(await readdir(directory)).toEqual(["config"]);
  });

  test("of writers at the same time one wins, the others are told", async () => {
    await writeFile(path, FILE);
    const outcomes = await Promise.allSettled(["1", "2", "3"].map(async (a) => await persist(a)));
    const failed = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as unknown] : [],
    );
    expect(failed.length).toBeLessThan(3);
    expect(failed.every((error) => error instanceof KnownError && error.code === "KUBECONFIG_LOCKED")).toBe(
      true,
    );
    expect(["1", "2", "3"]).toContain(await written());
  });
});
