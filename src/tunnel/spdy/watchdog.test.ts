import { describe, expect, test } from "vitest";
import { millis } from "../../base/units.ts";
import { Watchdog, type Vitals } from "./watchdog.ts";

interface Life {
  /** Seconds from which on the other side answers nothing. */
  readonly deafFrom?: number;
  readonly at?: (second: number) => Partial<Vitals>;
  /** Every how manyth PING is lost. */
  readonly loses?: number;
  readonly until?: number;
}

/** Runs a watchdog second by second and says at which one it gave the tunnel up. */
const live = (
  life: Life,
): { readonly dead: number | undefined; readonly asked: number[]; readonly stalled: boolean } => {
  const vitals = (second: number): Vitals => ({
    now: millis(second * 1000),
    wall: second * 1000,
    reads: 0,
    unwritten: 0,
    written: 0,
    paused: false,
    streams: 3,
    ...life.at?.(second),
  });
  const watchdog = new Watchdog(vitals(0));
  const asked: number[] = [];
  let stalled = false;
  for (let second = 1; second <= (life.until ?? 300); second += 1) {
    const verdict = watchdog.tick(vitals(second));
    stalled ||= watchdog.stalled;
    if (verdict === "dead") return { dead: second, asked, stalled };
    if (verdict !== "ask") continue;
    asked.push(second);
    const lost =
      second >= (life.deafFrom ?? Infinity) || (life.loses !== undefined && asked.length % life.loses === 0);
    if (!lost) watchdog.answered();
  }
  return { dead: undefined, asked, stalled };
};

test("asks every five seconds, also when idle", () => {
  expect(live({ until: 31 }).asked).toEqual([5, 10, 15, 20, 25, 30]);
});

describe("dead within 12 seconds of the last answer", () => {
  test.each([1, 5, 6, 7, 8, 9, 10])("deaf from second %i", (deafFrom) => {
    const { dead } = live({ deafFrom });
    const answered = deafFrom <= 5 ? 0 : 5;
    expect(dead).toBeDefined();
    expect((dead ?? 0) - answered).toBeLessThanOrEqual(12);
  });
});

test.each<{
  readonly name: string;
  readonly life: Life;
  readonly dead: number | undefined;
  readonly stalled: boolean;
}>([
  { name: "answers come", life: {}, dead: undefined, stalled: false },
  {
    name: "no answer, but bytes still arrive",
    life: { deafFrom: 1, at: (second) => ({ reads: second }) },
    dead: undefined,
    stalled: true,
  },
  {
    name: "no answer while we do not read",
    life: { deafFrom: 1, at: () => ({ paused: true }) },
    dead: undefined,
    stalled: true,
  },
  {
    name: "a full socket that still drains: a slow application",
    life: { deafFrom: 1, at: (second) => ({ unwritten: 1000, written: second }) },
    dead: undefined,
    stalled: true,
  },
  {
    name: "writes into a socket with room prove nothing",
    life: { deafFrom: 1, at: (second) => ({ written: second }) },
    dead: 11,
    stalled: true,
  },
  {
    name: "a full socket of many connections",
    life: { deafFrom: 1, at: () => ({ unwritten: 1000 }) },
    dead: 11,
    stalled: true,
  },
  {
    name: "a full socket of one connection gets a minute",
    life: { deafFrom: 1, at: () => ({ unwritten: 1000, streams: 1 }) },
    dead: 65,
    stalled: true,
  },
  { name: "one PING in five is lost: a stuck worker", life: { loses: 5 }, dead: undefined, stalled: false },
])("$name", ({ life, dead, stalled }) => {
  const seen = live(life);
  expect(seen.dead).toBe(dead);
  expect(seen.stalled).toBe(stalled);
});

test.each([
  {
    name: "the wall clock jumps: the machine slept",
    at: (second: number) => ({ wall: second * 1000 + (second >= 3 ? 60_000 : 0) }),
  },
  {
    name: "both clocks jump: the process was stopped",
    at: (second: number) =>
      second < 3 ? {} : { now: millis(second * 1000 + 60_000), wall: second * 1000 + 60_000 },
  },
])("$name, so it asks at once and waits two seconds", ({ at }) => {
  expect(live({ deafFrom: 1, at })).toMatchObject({ asked: [3], dead: 5 });
  expect(live({ at, until: 20 }).dead).toBeUndefined();
});
