import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keepForTest } from "../../../../test/keep.ts";
import { realSystem } from "../../../base/system.ts";
import { readServerConfig } from "../../server-config.ts";
import type { BackendName } from "../reserved.ts";
import { followMappings } from "./backends.ts";
import { CONFIG, configOf, DYNAMIC, dynamicOf, MODES, scene, type Scene } from "./scene.test-d.ts";
import type { MappingEvent } from "./source.ts";

const keep = keepForTest();
const opening = async (...wishes: Parameters<typeof scene>): Promise<Scene> => keep(await scene(...wishes));

const kinds = (events: readonly MappingEvent[]): readonly string[] => events.map(({ kind }) => kind);

describe("MountedFile", () => {
  test("is read again when it changes, where the reference wants a restart", async () => {
    const { time, files, who } = await opening(["MountedFile"]);
    expect(await who("A")).toBe("a");
    files.set(CONFIG, configOf({ B: "b" }));
    await time.advance(2_000);
    expect([await who("A"), await who("B")]).toEqual(["-", "b"]);
  });

  test("with a mistake stays as it was, and that is told once", async () => {
    const { time, files, who, events, live } = await opening(["MountedFile"]);
    files.set(CONFIG, configOf({ A: "x" }).replace("username: x", "usernam: x"));
    await time.advance(60_000);
    expect(await who("A")).toBe("a");
    expect(events.filter(({ kind }) => kind === "failed")).toEqual([
      {
        kind: "failed",
        backend: "MountedFile",
        reason: "mapRoles[0]: value for username must be supplied",
        again: false,
      },
    ]);
    expect(live.states()).toMatchObject([
      { name: "MountedFile", read: true, fault: expect.stringContaining("username") as string },
    ]);
    files.set(CONFIG, configOf({ A: "y" }));
    await time.advance(2_000);
    expect([await who("A"), live.states()[0]?.fault]).toEqual(["y", undefined]);
  });

  test("that is gone stays as it was", async () => {
    const { time, files, who } = await opening(["MountedFile"]);
    files.delete(CONFIG);
    await time.advance(2_000);
    expect(await who("A")).toBe("a");
  });

  test("that was bad at the start ends the start", async () => {
    const config = await readServerConfig("server: {mapRoles: [{username: x}]}", CONFIG);
    expect(() =>
      followMappings({ modes: ["MountedFile"], config, configPath: CONFIG, system: realSystem() }),
    ).toThrow("mapRoles[0]: one of rolearn or SSO must be supplied");
  });
});

describe("DynamicFile (iam.md §3.7)", () => {
  test("absent, made, changed, deleted, made again", async () => {
    const { time, files, who } = await opening(["DynamicFile"]);
    const seen: string[] = [await who("D")];
    for (const text of [dynamicOf({ D: "1" }), dynamicOf({ D: "2" }), undefined, dynamicOf({ D: "3" })]) {
      if (text === undefined) files.delete(DYNAMIC);
      else files.set(DYNAMIC, text);
      await time.advance(2_000);
      seen.push(await who("D"));
    }
    expect(seen).toEqual(["-", "1", "2", "-", "3"]);
  });

  test("empty or half-written it changes nothing, until it is whole", async () => {
    const { time, files, who } = await opening(["DynamicFile"], {
      files: { [DYNAMIC]: dynamicOf({ D: "1" }) },
    });
    for (const text of [
      "",
      '{"mapRoles"',
      JSON.stringify({ mapRoles: [{ rolearn: "garbage", username: "x" }] }),
    ]) {
      files.set(DYNAMIC, text);
      await time.advance(2_000);
      expect(await who("D")).toBe("1");
    }
    files.set(DYNAMIC, dynamicOf({ D: "2" }));
    await time.advance(2_000);
    expect(await who("D")).toBe("2");
  });

  test("tells how old a change is, but not of the first reading or of the future", async () => {
    const { time, files, events } = await opening(["DynamicFile"], {
      files: { [DYNAMIC]: dynamicOf({ D: "1" }, "1799999000") },
    });
    files.set(DYNAMIC, dynamicOf({ D: "2" }, "1799999990"));
    await time.advance(1_000);
    files.set(DYNAMIC, dynamicOf({ D: "3" }, "2706648520"));
    await time.advance(2_000);
    expect(events.filter(({ kind }) => kind === "latency")).toEqual([
      { kind: "latency", of: "dynamic_file", time: expect.closeTo(11_000, -3) as number },
    ]);
  });

  test.each([
    ["without a path", ["DynamicFile"], "", "server.dynamicfilepath is not set"],
    [
      "a path without it",
      ["MountedFile"],
      "server: {dynamicfilepath: /d}",
      "backend-mode does not have DynamicFile",
    ],
    ["without an API server", ["EKSConfigMap"], "", "there is no API server to ask"],
  ])("%s: the start is refused", async (_name, modes, text, reason) => {
    const config = await readServerConfig(text, CONFIG);
    expect(() =>
      followMappings({
        modes: modes as readonly BackendName[],
        config,
        configPath: undefined,
        system: realSystem(),
      }),
    ).toThrow(reason);
  });
});

describe("the mode file", () => {
  const modesOf = (backendMode: string): string => JSON.stringify({ backendMode });

  test("says which backends count, and deleting it restores what was configured", async () => {
    const { time, files, who, events } = await opening(["MountedFile"], {
      files: { [DYNAMIC]: dynamicOf({ D: "d" }) },
    });
    const seen: string[] = [];
    const look = async (): Promise<void> => {
      await time.advance(2_000);
      seen.push(`${await who("A")}${await who("D")}`);
    };
    await look();
    files.set(MODES, modesOf("DynamicFile"));
    await look();
    files.set(MODES, modesOf("MountedFile DynamicFile"));
    await look();
    files.set(MODES, modesOf("Nonsense"));
    await look();
    files.delete(MODES);
    await look();
    expect(seen).toEqual(["a-", "-d", "ad", "ad", "a-"]);
    expect(kinds(events).filter((kind) => kind === "failed")).toEqual(["failed"]);
  });

  test.each(["CRD", "", "[]"])("a mode that cannot be (%j) changes nothing", async (mode) => {
    const { time, files, who } = await opening(["MountedFile"]);
    files.set(MODES, modesOf(mode));
    await time.advance(2_000);
    expect(await who("A")).toBe("a");
  });
});

test("what is told names nobody, so that scrubbed accounts stay scrubbed (D15)", async () => {
  const { time, files, events } = await opening(["MountedFile", "DynamicFile"], {
    files: { [DYNAMIC]: dynamicOf({ D: "d" }) },
  });
  files.set(DYNAMIC, dynamicOf({ E: "e" }));
  files.set(CONFIG, configOf({ B: "b" }));
  await time.advance(2_000);
  expect(events.filter(({ kind }) => kind === "loaded")).toHaveLength(4);
  expect(JSON.stringify(events)).not.toContain("arn:");
});

test("a real file is seen when it is renamed into place", async () => {
  const directory = await mkdtemp(join(tmpdir(), "kauth-mapping-"));
  keep({ [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }) });
  const path = join(directory, "dynamic.json");
  await writeFile(path, dynamicOf({ D: "1" }));
  const waiters: (() => void)[] = [];
  const loaded = async (): Promise<void> => await new Promise((resolve) => waiters.push(resolve));
  const first = loaded();
  const live = followMappings({
    modes: ["DynamicFile"],
    config: await readServerConfig(`server: {dynamicfilepath: ${path}}`, CONFIG),
    configPath: undefined,
    // Its looks follow each other at once.
    system: { ...realSystem(), sleep: async () => await new Promise((resolve) => setImmediate(resolve)) },
    tell: ({ kind }) => {
      if (kind === "loaded") waiters.shift()?.();
    },
  });
  keep(live);
  await first;
  const second = loaded();
  await writeFile(`${path}.new`, dynamicOf({ D: "2" }));
  await rename(`${path}.new`, path);
  await second;
  expect(live.backends()[0]?.lookup?.table.entries[0]?.username).toBe("2");
});
