import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findKubectl } from "./kubectl.ts";
import { KAUTH, kubectlContender, play } from "./play.ts";
import type { Outcome } from "./outcome.ts";
import { differencesOf, type Facet, type Row } from "./row.ts";
import { createScene, type Scene } from "./scene.ts";

/** A row takes two programs, one after the other. */
const ROW_TIME = 60_000;

/** What a difference says of one facet: a pattern for text, a part of an object, or the thing itself. */
const fits = (actual: unknown, wanted: unknown): boolean => {
  if (wanted instanceof RegExp) return typeof actual === "string" && wanted.test(actual);
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item, index) => fits(actual[index], item))
    );
  if (typeof wanted !== "object" || wanted === null || typeof actual !== "object" || actual === null)
    return Object.is(actual, wanted);
  return Object.entries(wanted).every(([key, value]) =>
    fits((actual as Record<string, unknown>)[key], value),
  );
};

const without = (outcome: Outcome, facets: readonly Facet[]): Partial<Outcome> =>
  Object.fromEntries(
    Object.entries(outcome).filter(([facet]) => !(facets as readonly string[]).includes(facet)),
  );

/** Gives every row to kubectl and to kauth. What is right comes from kubectl, now. */
export const tryRows = (title: string, rows: readonly Row[]): void => {
  describe(title, () => {
    const kubectl = kubectlContender(findKubectl(process.env));
    let scene: Scene;
    beforeAll(async () => {
      expect(kubectl.command[0], "a kubectl: set KAUTH_TEST_KUBECTL").not.toBe("");
      scene = await createScene();
    });
    afterAll(async () => await scene[Symbol.asyncDispose]());

    test.each(rows.map((row) => ({ name: `${row.tries} ${row.name}`, row })))(
      "$name",
      async ({ row }) => {
        const theirs = await play(row, scene, kubectl);
        const ours = await play(row, scene, KAUTH);
        expect(theirs.done, `kubectl: ${theirs.message}`).toBe(row.rejected !== true);
        const differences = differencesOf(row);
        const facets = differences.flatMap((each) => each.facets);
        expect(without(ours, facets)).toEqual(without(theirs, facets));
        for (const { entry, facets: own, kauth } of differences)
          for (const facet of own) {
            // A difference that is gone is struck off the list.
            expect(ours[facet], `${entry}: ${facet}`).not.toEqual(theirs[facet]);
            expect(fits(ours[facet], kauth[facet]), `${facet}: ${JSON.stringify(ours[facet])}`).toBe(true);
          }
      },
      ROW_TIME,
    );
  });
};
