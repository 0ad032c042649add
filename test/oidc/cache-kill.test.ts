import { expect, test } from "vitest";
import { killCacheWriters } from "../soak/oidc-cache-kill.ts";

/** `npm run soak:oidc-cache` does it 1,000 times. */
test("a kill at any moment leaves a whole entry, old or new", async () => {
  const { rounds, drafts } = await killCacheWriters(15);
  expect(rounds).toBe(15);
  expect(drafts, "kills that fell into a write").toBeGreaterThan(0);
});
