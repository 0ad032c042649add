import { expect, test } from "vitest";
import { TARGETS } from "./targets.ts";

/** `npm run fuzz` takes 100,000. */
const RUNS = 5000;
const TIME = 240_000;

test.each(Object.entries(TARGETS))("%s: 5,000 hostile inputs", { timeout: TIME }, async (_name, fuzz) => {
  await expect(fuzz(RUNS)).resolves.toBeUndefined();
});
