import { expect, test } from "vitest";
import { TARGETS } from "./targets.ts";

/** Always the same ones: what fails here is a change of the program. `npm run fuzz` takes 100,000 others each time. */
const WISHES = { runs: 5000, seed: { seed: 1 } };
const TIME = 240_000;

test.each(Object.entries(TARGETS))("%s: 5,000 hostile inputs", { timeout: TIME }, async (_name, fuzz) => {
  await expect(fuzz(WISHES)).resolves.toBeUndefined();
});
