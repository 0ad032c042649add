import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recorded, type Recorded } from "../../../test/recorded.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { attach } from "./attach.ts";
import { answerOthers } from "./instance.ts";
import type { OpenQuestion } from "./instance-words.ts";
import type { OpenEvent } from "./report.ts";
import type { OpenSettings } from "./settings.ts";

const LINK = "http://ui-0f.localhost:18000/__kauth/launch#secret";
const FILE = "open-0123456789abcdef.html";

let under: Recorded;
let system: System;
let run: string;
let events: OpenEvent[];
let asked: OpenQuestion[];
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  under = await recorded();
  system = under.system();
  run = join(under.home, "run");
  events = [];
  asked = [];
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
  await under[Symbol.asyncDispose]();
});

/** A kauth that gives these ways, by what is asked for. */
const running = async (ways: Partial<Record<"link" | "file", string>>): Promise<void> => {
  const who = { pid: 4711, targets: [{ target: "svc/ui", namespace: "apps", context: "x" }], addresses: [] };
  const open = (question: OpenQuestion) => {
    asked.push(question);
    const way = ways[question.as];
    return Promise.resolve(way === undefined ? undefined : { way, goodForSeconds: 600 });
  };
  opened.push(await answerOthers(system, { who: () => who, open }));
};

const attachNow = async (over: Partial<OpenSettings> = {}, more: Partial<System> = {}): Promise<boolean> =>
  await attach({
    system: { ...system, ...more },
    settings: { openBrowser: true, addresses: ["127.0.0.1:1"], confirm: false, ...over } as OpenSettings,
    keys: ["key"],
    report: { emit: (event) => events.push(event) },
    signal: new AbortController().signal,
  });

const names = (): readonly string[] => events.map(({ event }) => event);
const program = async (text: string): Promise<string> => {
  const path = join(under.home, "browser");
  await writeFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o700 });
  return path;
};
/** Whose clock runs with its sleeps. */
const hurried = (): Partial<System> => {
  let now = 0;
  return {
    monotonic: () => millis(now),
    sleep: (time) => {
      now += time;
      return Promise.resolve();
    },
  };
};

describe("D.5: what another kauth has open is opened there", () => {
  test("nobody has it: nothing is done", async () => {
    expect(await attachNow()).toBe(false);
    await running({});
    expect(await attachNow()).toBe(false);
    expect(events).toEqual([]);
    expect(asked).toEqual([{ keys: ["key"], addresses: ["127.0.0.1:1"], as: "file" }]);
  });

  test("who wants a token file, or to be asked, asks nobody", async () => {
    await running({ link: LINK, file: join(run, FILE) });
    expect(await attachNow({ confirm: true })).toBe(false);
    expect(await attachNow({ apiTokenFile: "x" })).toBe(false);
    expect(asked).toEqual([]);
  });

  test("without a browser the link is told", async () => {
    await running({ link: LINK });
    expect(await attachNow({ openBrowser: false })).toBe(true);
    expect(events).toEqual([
      expect.objectContaining({ event: "attached", pid: 4711 }),
      { event: "link", url: LINK, goodForSeconds: 600 },
    ]);
  });

  test("a browser takes the file, and that is all", async () => {
    await mkdir(run, { mode: 0o700 });
    await writeFile(join(run, FILE), "");
    await running({ link: LINK, file: join(run, FILE) });
    const browser = await program(`rm "$1"`);
    expect(await attachNow({}, { env: { ...system.env, BROWSER: browser } })).toBe(true);
    expect(names()).toEqual(["attached", "browser"]);
  });

  test.each([
    ["does not come", "exit 0", true],
    ["cannot be started", "exit 3", false],
  ])("one that %s gets a link", async (_name, text, started) => {
    await mkdir(run, { mode: 0o700 });
    await writeFile(join(run, FILE), "");
    await running({ link: LINK, file: join(run, FILE) });
    const browser = await program(text);
    const env = { ...system.env, BROWSER: browser };
    expect(await attachNow({}, { env, ...hurried() })).toBe(true);
    expect(names()).toEqual(["attached", "browser", "link"]);
    expect(events[1]).toMatchObject({ opened: started });
    expect(asked.map(({ as }) => as)).toEqual(["file", "link"]);
  });
});

describe("D.5: a browser is started on nothing else", () => {
  test.each([
    "http://evil.test/__kauth/launch#secret",
    "http://ui.localhost.evil.test:18000/__kauth/launch#secret",
    "http://ui.localhost:18000@evil.test/__kauth/launch#secret",
    "https://ui-0f.localhost:18000/__kauth/launch#secret",
    "http://ui-0f.localhost:18000/other#secret",
    "http://ui-0f.localhost:18000/__kauth/launch",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "",
  ])("the link %j", async (link) => {
    await running({ link });
    expect(await attachNow({ openBrowser: false })).toBe(false);
    expect(events).toEqual([]);
  });

  test.each<[string, () => Promise<string>]>([
    ["elsewhere", () => Promise.resolve(join(under.home, FILE))],
    ["of another name", () => Promise.resolve(join(run, "other.html"))],
    ["above", () => Promise.resolve(`${run}/../${FILE}`)],
    ["that is not there", () => Promise.resolve(join(run, "open-0000000000000000.html"))],
    [
      "that is a symlink",
      async () => {
        const path = join(run, "open-1111111111111111.html");
        await symlink(join(under.home, FILE), path);
        return path;
      },
    ],
    [
      "that is a directory",
      async () => {
        const path = join(run, "open-2222222222222222.html");
        await mkdir(path);
        return path;
      },
    ],
  ])("a file %s", async (_name, path) => {
    await mkdir(run, { mode: 0o700 });
    await writeFile(join(under.home, FILE), "");
    await writeFile(join(run, "other.html"), "");
    await running({ file: await path() });
    expect(await attachNow()).toBe(false);
    expect(events).toEqual([]);
  });

  test("nor on a file of another owner", async () => {
    await mkdir(run, { mode: 0o700 });
    await writeFile(join(run, FILE), "");
    await running({ file: join(run, FILE) });
    const { files } = system;
    const foreign: System["files"] = {
      ...files,
      nameFacts: async (path) => {
        const facts = await files.nameFacts(path);
        return facts === undefined || !path.endsWith(FILE) ? facts : { ...facts, uid: 4_711 };
      },
    };
    expect(await attachNow({}, { files: foreign })).toBe(false);
  });
});
