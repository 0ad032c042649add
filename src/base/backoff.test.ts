import fc from "fast-check";
import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";

const first = (count: number, random: () => number): number[] => {
  const waits = backoff(random);
  return Array.from({ length: count }, () => waits.next());
};

test("doubles from a tenth of a second to five seconds", () => {
  const most = [100, 200, 400, 800, 1600, 3200, 5000, 5000];
  expect(first(8, () => 1 - Number.EPSILON)).toEqual(most);
  expect(first(8, () => 0)).toEqual(most.map((wait) => wait * 0.75));
});

test("starts over", () => {
  const waits = backoff(() => 0);
  for (let turn = 0; turn < 10; turn += 1) waits.next();
  waits.reset();
  expect(waits.next()).toBe(75);
});

test("never stops waiting, and never waits longer than five seconds", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (chance) => {
      for (const wait of first(2000, () => chance)) {
        expect(wait).toBeGreaterThanOrEqual(75);
        expect(wait).toBeLessThanOrEqual(5000);
      }
    }),
    { numRuns: 20 },
  );
});
