import { describe, expect, test } from "vitest";
import { realSystem, type System } from "../../base/system.ts";
import { clock, type Clock } from "../../tunnel/far-end.test-d.ts";
import type { Keyboard } from "./ask.ts";
import { canChoose, choose } from "./chooser.ts";

const CHOICES = [
  { name: "Headlamp", place: "headlamp/headlamp", how: "http" },
  { name: "Kiali", place: "istio-system/kiali", how: "http" },
];

interface Scene {
  readonly time: Clock;
  /** What the terminal has got. */
  readonly screen: () => string;
  readonly type: (characters: string) => void;
  readonly resize: (columns: number) => void;
  /** Whether keys are still handed on. */
  readonly listening: () => boolean;
  readonly end: AbortController;
  /** What runs when the process ends. */
  readonly exits: (() => void)[];
  readonly done: Promise<number | undefined>;
}

const scene = (env: Readonly<Record<string, string>> = {}): Scene => {
  const time = clock();
  const exits: (() => void)[] = [];
  const system: System = {
    ...realSystem(),
    env,
    sleep: async (length, signal) => await time.system.sleep(length, signal),
    onExit: (act) => {
      exits.push(act);
      return () => void exits.splice(exits.indexOf(act), 1);
    },
  };
  let screen = "";
  let heard: ((characters: string) => void) | undefined;
  let resized = (): void => undefined;
  let columns = 80;
  const keyboard: Keyboard = {
    get columns() {
      return columns;
    },
    rows: 24,
    write: (text) => (screen += text),
    hear: (onKeys, onSize) => {
      heard = onKeys;
      resized = onSize;
      return () => (heard = undefined);
    },
  };
  const end = new AbortController();
  const done = choose(keyboard, system, { title: "Which UI?", choices: CHOICES, signal: end.signal });
  done.catch(() => undefined);
  return {
    time,
    screen: () => screen,
    type: (characters) => heard?.(characters),
    resize: (to) => {
      columns = to;
      resized();
    },
    listening: () => heard !== undefined,
    end,
    exits,
    done,
  };
};

/** The end of what a terminal got: the list is gone, the cursor is there. */
const RESTORED = /\u001b\[\d+A\r\u001b\[J\u001b\[\?25h$/;

describe("a list on a terminal", () => {
  test("an arrow, Enter: the line is chosen, and the terminal is as it was", async () => {
    const { type, done, screen, listening, exits } = scene();
    expect(listening()).toBe(true);
    expect(exits.length).toBe(1);
    type("\u001b[B");
    type("\r");
    expect(await done).toBe(1);
    expect(screen()).toMatch(RESTORED);
    expect([listening(), exits.length]).toEqual([false, 0]);
  });

  test("a sequence in two pieces is one key", async () => {
    const { type, done, time } = scene();
    type("\u001b");
    await time.advance(50);
    type("[B");
    await time.advance(1_000);
    type("\r");
    expect(await done).toBe(1);
  });

  test("Escape leaves when nothing follows it", async () => {
    const { type, done, time, screen } = scene();
    type("\u001b");
    await time.advance(100);
    expect(await done).toBeUndefined();
    expect(screen()).toMatch(RESTORED);
  });

  test("Ctrl-C leaves", async () => {
    const { type, done, screen } = scene();
    type("kia\u0003");
    expect(await done).toBeUndefined();
    expect(screen()).toMatch(RESTORED);
  });

  test("a signal ends it, and the terminal is as it was", async () => {
    const { end, done, screen, listening } = scene();
    end.abort(new Error("ended by a signal"));
    await expect(done).rejects.toThrow("ended by a signal");
    expect(screen()).toMatch(RESTORED);
    expect(listening()).toBe(false);
  });

  test("a process that ends at once leaves the terminal as it was too", () => {
    const { exits, screen, listening } = scene();
    for (const exit of exits) exit();
    expect(screen()).toMatch(RESTORED);
    expect(listening()).toBe(false);
  });

  test("another width is drawn at once, and nothing is as wide", async () => {
    const { resize, type, done, screen } = scene({ NO_COLOR: "1" });
    const before = screen().length;
    resize(20);
    const lines = screen().slice(before).split("\r\n");
    expect(lines.length).toBeGreaterThan(5);
    expect(Math.max(...lines.slice(1).map((line) => line.length))).toBeLessThan(20);
    type("\u0003");
    await done;
  });

  test("no color with NO_COLOR", async () => {
    const plain = scene({ NO_COLOR: "1" });
    expect(plain.screen()).not.toContain("\u001b[7m");
    const colored = scene();
    expect(colored.screen()).toContain("\u001b[7m");
    for (const each of [plain, colored]) {
      each.type("\u0003");
      await each.done;
    }
  });
});

test.each([
  ["a terminal", { TERM: "xterm" }, true, true, "linux", true],
  ["standard input is a file", { TERM: "xterm" }, false, true, "linux", false],
  ["standard error is a file", { TERM: "xterm" }, true, false, "linux", false],
  ["it moves no cursor", { TERM: "dumb" }, true, true, "linux", false],
  ["nobody says what it is", {}, true, true, "linux", false],
  ["Windows, which says nothing", {}, true, true, "win32", true],
] as const)("a choice is offered or not: %s", (_name, env, stdin, stderr, platform, wanted) => {
  const system = { ...realSystem(), env, stdinIsTerminal: stdin, stderrIsTerminal: stderr, platform };
  expect(canChoose(system)).toBe(wanted);
});
