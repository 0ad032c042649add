import { describe, expect, test } from "vitest";
import { epochMillis, millis } from "../base/units.ts";
import { installHints } from "./install-hint.ts";

describe("TestInstallHintRateLimit", () => {
  test.each([
    { name: "2 in 1 s, 10 calls, the clock still", times: 2, window: 1_000, step: 0, wanted: 2 },
    { name: "2 in 5 s, 10 calls, a second each", times: 2, window: 5_000, step: 1_000, wanted: 4 },
  ])("$name: $wanted", ({ times, window, step, wanted }) => {
    let now = 0;
    const next = installHints("hint", { now: () => epochMillis(now) }, { times, window: millis(window) });
    const said = Array.from({ length: 10 }, () => {
      const text = next();
      now += step;
      return text;
    });
    expect(said.filter((text) => text.endsWith("\n\nhint")).length).toBe(wanted);
    expect(said.filter((text) => text === "").length).toBe(10 - wanted);
  });

  test("ten times an hour, from the first one on", () => {
    let now = 1_000;
    const next = installHints(undefined, { now: () => epochMillis(now) });
    const count = (): number => Array.from({ length: 20 }, next).filter((text) => text !== "").length;
    expect(count()).toBe(10);
    now += 3_599_999;
    expect(count()).toBe(0);
    now += 1;
    expect(count()).toBe(10);
  });
});

describe("the kubeconfig's hint", () => {
  const said = (hint: string | undefined): string => installHints(hint, { now: () => epochMillis(0) })();
  test("comes after client-go's words, or not at all", () => {
    expect(said("brew install it")).toMatch(/^\n\nIt looks like .*-plugins\n\nbrew install it$/s);
    expect(said(undefined)).toMatch(/-plugins$/);
  });

  test.each([
    ["\u001b[1mbold", "U+001B[1mbold"],
    ["a\tb\r\nc", "a\tb\r\nc"],
    ["\u0007\u009b\u202e", "U+0007U+009BU+202E"],
    ["grüße 日本 👍 1 + 1", "grüße 日本 👍 1 + 1"],
    ["\u{e0001}\ud800", "U+E0001U+D800"],
  ])("%j is shown as %j (§1.7)", (hint, wanted) => {
    expect(said(hint).endsWith(`\n\n${wanted}`)).toBe(true);
  });
});
