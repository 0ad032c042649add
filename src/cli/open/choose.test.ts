import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasControls } from "../../base/terminal.ts";
import {
  cells,
  choosing,
  cut,
  fitting,
  step,
  view,
  type Choice,
  type ChooserState,
  type Screen,
} from "./choose.ts";
import { readKeys, type Key } from "./keys.ts";

const CHOICES: readonly Choice[] = [
  { name: "Headlamp", place: "apps/headlamp", how: "http, port 80" },
  { name: "Headlamp", place: "headlamp/headlamp", how: "http, port 80" },
  {
    name: "Kubernetes Dashboard 7",
    place: "kubernetes-dashboard/kubernetes-dashboard-kong-proxy",
    how: "https",
  },
];
const PLAIN: Screen = { columns: 200, rows: 24, color: false };

/** The state after some keys, or how it ended. */
const press = (characters: string, state = choosing(CHOICES)): ChooserState | number | "left" => {
  for (const key of readKeys(characters, true).keys) {
    const next = step(state, key);
    if (next.kind === "left") return "left";
    if (next.kind === "chosen") return next.index;
    state = next.state;
  }
  return state;
};
const shown = (characters: string, screen = PLAIN): readonly string[] => {
  const state = press(characters);
  if (typeof state !== "object") throw new Error("it has ended");
  return view(state, "Which UI?", screen);
};

const UP = "\u001b[A";
const DOWN = "\u001b[B";

describe("what a person chooses", () => {
  test.each([
    ["\r", 0],
    [`${DOWN}\r`, 1],
    [`${UP}\r`, 2],
    [`${DOWN}${DOWN}${DOWN}\r`, 0],
    ["\u001b[F\r", 2],
    ["dash\r", 2],
    ["DASH kong\r", 2],
    ["headlamp apps\r", 0],
    [`headlamp${DOWN}\r`, 1],
    ["zzz\u0015\r", 0],
    ["dasz\u007f\r", 2],
    ["\u0003", "left"],
    ["dash\u001b", "left"],
  ])("%j", (characters, wanted) => {
    expect(press(characters)).toBe(wanted);
  });

  test("Enter on nothing chooses nothing", () => {
    expect(typeof press("zzz\r\r")).toBe("object");
    expect(shown("zzz").join("\n")).toContain("nothing has these words");
  });
});

describe("the screen", () => {
  test("a table with a mark, the filter, and how to use it", () => {
    expect(shown("head")).toMatchInlineSnapshot(`
      [
        "Which UI?",
        "> Headlamp                apps/headlamp                                         http, port 80",
        "  Headlamp                headlamp/headlamp                                     http, port 80",
        "Filter: head",
        "Arrows and Enter choose, Esc leaves",
      ]
    `);
  });

  test("40 columns: the place stands below its name", () => {
    expect(shown("", { ...PLAIN, columns: 40 })).toMatchInlineSnapshot(`
      [
        "Which UI?",
        "> Headlamp  http, port 80",
        "    apps/headlamp",
        "  Headlamp  http, port 80",
        "    headlamp/headlamp",
        "  Kubernetes Dashboard 7  https",
        "    kubernetes-dashboard/kubernetes-da…",
        "Filter: ",
        "Arrows and Enter choose, Esc leaves",
      ]
    `);
  });

  test("a list that is longer than the screen follows the mark", () => {
    const choices = Array.from({ length: 50 }, (_each, at) => ({ name: `ui-${at}`, place: "a/b", how: "" }));
    const state = { ...choosing(choices), at: 30 };
    const lines = view(state, "Which UI?", { ...PLAIN, rows: 9 });
    expect(lines.length).toBe(8);
    expect(lines[0]).toBe("Which UI? (31 of 50)");
    expect(lines.filter((line) => line.startsWith(">"))).toEqual(["> ui-30  a/b"]);
  });

  test("only the marked line stands out, and only where color is wanted", () => {
    expect(shown("").join("")).not.toContain("\u001b");
    const lines = shown("", { ...PLAIN, color: true });
    expect(lines.filter((line) => line.includes("\u001b"))).toEqual([lines[1]]);
  });

  test("text of the cluster moves no cursor", () => {
    const hostile = { name: "a\u001b[2J", place: "b\u202e/c\n", how: "\u0007d\u009b" };
    const lines = view(choosing([hostile]), "Which UI?", PLAIN);
    expect(lines.every((line) => !hasControls(line) && !line.includes("\n"))).toBe(true);
    expect(lines[1]).toContain("a\\u{1b}[2J");
  });
});

describe("properties", () => {
  const key: fc.Arbitrary<Key> = fc.oneof(
    fc.constantFrom<Key>(
      ...(["up", "down", "page-up", "page-down", "home", "end", "backspace", "clear"] as const).map(
        (kind) => ({
          kind,
        }),
      ),
    ),
    fc.constantFrom("a", "b", " ", "é", "/", "\u202e").map((text): Key => ({ kind: "text", text })),
  );
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "é", "漢", "e\u0301", "\u001b", "\u202e", "🙂"),
    maxLength: 30,
  });
  const choice: fc.Arbitrary<Choice> = fc.record({ name: text, place: text, how: text });
  const screen = fc.record({
    columns: fc.integer({ min: 1, max: 90 }),
    rows: fc.integer({ min: 1, max: 40 }),
  });

  test("the mark is always on a line that fits the filter; no line is as wide as the screen; there is room for the cursor", () => {
    fc.assert(
      fc.property(fc.array(choice, { maxLength: 30 }), fc.array(key), screen, (choices, keys, size) => {
        let state = choosing(choices);
        for (const each of keys) {
          const next = step(state, each);
          if (next.kind !== "going-on") throw new Error("nothing was chosen");
          state = next.state;
          const fit = fitting(state);
          expect(state.at === 0 || state.at < fit.length).toBe(true);
          const enter = step(state, { kind: "enter" });
          expect(enter.kind).toBe(fit.length === 0 ? "going-on" : "chosen");
          if (enter.kind === "chosen") expect(fit).toContain(enter.index);
          const lines = view(state, "Which UI?", { ...size, color: false });
          for (const line of lines) expect(cells(line)).toBeLessThanOrEqual(Math.max(1, size.columns - 1));
          expect(lines.length).toBeLessThanOrEqual(Math.max(5, size.rows - 1));
          if (size.columns > 2)
            expect(lines.filter((line) => line.startsWith(">")).length).toBe(Math.min(1, fit.length));
          expect(lines.some((line) => hasControls(line))).toBe(false);
        }
      }),
    );
  });

  test("a cut text is as wide as it may be at most, and says that it was cut", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (whole, width) => {
        const kept = cut(whole, width);
        expect(cells(kept)).toBeLessThanOrEqual(width);
        expect(kept === whole || kept.endsWith("…")).toBe(true);
      }),
    );
  });
});
