import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { differencesOf } from "./differential/row.ts";
import { TABLES } from "./differential/rows/index.ts";
import { ROOT } from "./house/source.ts";

const rows = Object.values(TABLES).flat();
const page = readFileSync(join(ROOT, "docs", "differences.md"), "utf8");
const entries = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = "", ...body] = section.split("\n");
      return [title, body.join("\n")] as const;
    }),
);

describe("what is given to kubectl and to kauth", () => {
  test("is at least 60 kubeconfigs, 25 of them refused", () => {
    expect(rows.length).toBeGreaterThanOrEqual(60);
    expect(rows.filter(({ rejected }) => rejected).length).toBeGreaterThanOrEqual(25);
  });

  test.each(Object.entries(TABLES))("%s: names are unique, and each says what it tries", (_name, table) => {
    const names = table.map(({ tries, name }) => `${tries} ${name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { tries } of table) expect(tries).toMatch(/^§\d|^security\.md R-/);
  });

  test.each(["L", "O"])("every row %s of the specification is tried", (letter) => {
    const tried = new Set(rows.map(({ tries }) => /\b([LO]\d+)$/.exec(tries)?.[1]));
    const wanted = Array.from({ length: 12 }, (_each, index) => `${letter}${index + 1}`);
    expect(wanted.filter((row) => !tried.has(row))).toEqual([]);
  });
});

describe("docs/differences.md", () => {
  test("has an entry for every difference on purpose, and no other", () => {
    const named = new Set(rows.flatMap(differencesOf).map(({ entry }) => entry));
    expect([...entries.keys()].toSorted()).toEqual([...named].toSorted());
  });

  test("says why", () => {
    for (const [title, text] of entries) expect(text, title).toMatch(/^Why: .+\.$/m);
  });

  test("a difference says what differs, and what kauth does instead", () => {
    for (const row of rows)
      for (const { facets, kauth } of differencesOf(row)) {
        expect(facets.length, row.name).toBeGreaterThan(0);
        expect(Object.keys(kauth).toSorted(), row.name).toEqual([...facets].toSorted());
      }
  });
});
