import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optionsFor, recorded } from "../../../test/recorded.ts";
import { targetText } from "../../route/index.ts";
import { openCommand } from "../commands/open.ts";
import { splitContext, wishesOf } from "./wishes.ts";

const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: blue
clusters:
  - { name: one, cluster: { server: "https://127.0.0.1:1" } }
  - { name: two, cluster: { server: "https://127.0.0.1:2" } }
users:
  - { name: alice, user: { token: t } }
contexts:
  - { name: blue, context: { cluster: one, user: alice, namespace: apps } }
  - { name: admin@green, context: { cluster: two, user: alice } }
`;

const opened = async (...targets: readonly string[]): Promise<readonly string[]> =>
  await openedWith("", ...targets);

const openedWith = async (flags: string, ...targets: readonly string[]): Promise<readonly string[]> => {
  await using under = await recorded();
  const system = under.system();
  const path = join(under.home, "kubeconfig");
  await system.files.write(path, KUBECONFIG);
  const found = await wishesOf(
    {
      system,
      options: optionsFor(openCommand, ...[`--kubeconfig=${path}`, flags].filter((each) => each !== "")),
      positionals: targets,
      program: "kauth",
      signal: new AbortController().signal,
    },
    targets,
  );
  if (found === undefined) throw new Error("somebody left");
  const { wishes } = found;
  // Those of one cluster share its connection and its sign-in.
  expect(new Set(wishes.map(({ config }) => config)).size).toBe(
    new Set(wishes.map(({ config }) => config.contextName)).size,
  );
  return wishes.map(
    ({ config, reference }) =>
      `${targetText(reference)} in ${reference.namespace ?? config.namespace} of ${config.contextName ?? ""}`,
  );
};

describe("TARGET@CONTEXT", () => {
  test("without one, the current context counts", async () => {
    expect(await opened("svc/ui")).toEqual(["svc/ui in apps of blue"]);
  });

  test("each target has its own", async () => {
    expect(await opened("svc/ui", "web:80@admin@green", "http://ui.other.svc/")).toEqual([
      "svc/ui in apps of blue",
      "svc/web in default of admin@green",
      "svc/ui in other of blue",
    ]);
  });

  test("what is named twice is opened once", async () => {
    expect(await opened("ui", "svc/ui", "svc/ui@blue", "svc/ui:80")).toEqual([
      "svc/ui in apps of blue",
      "svc/ui in apps of blue",
    ]);
  });

  test.each(["--token=secret", "--server=https://127.0.0.1:3", "--user=alice", "--cluster=one"])(
    "no credential goes to two clusters: %s",
    async (flag) => {
      await expect(openedWith(flag, "svc/ui", "svc/ui@admin@green")).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining(flag.split("=")[0] ?? "") as string,
      });
      expect(await openedWith(flag, "svc/ui", "svc/b@blue")).toHaveLength(2);
    },
  );

  test("one that does not exist is told", async () => {
    await expect(opened("svc/ui@nowhere")).rejects.toMatchObject({
      message: expect.stringContaining("nowhere") as string,
    });
  });

  test("65 are too many", async () => {
    await expect(
      opened(...Array.from({ length: 65 }, (_none, index) => `svc/a${index}`)),
    ).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  test("any context is told from any target", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z][a-z0-9/:-]*$/),
        fc.string({ minLength: 1 }),
        (target, context) => {
          expect(splitContext(`${target}@${context}`)).toEqual({ target, context });
          expect(splitContext(target)).toEqual({ target, context: undefined });
        },
      ),
    );
  });

  test("the one of a URL is a password", () => {
    expect(splitContext("https://me:secret@ui.apps.svc")).toEqual({
      target: "https://me:secret@ui.apps.svc",
      context: undefined,
    });
  });
});
