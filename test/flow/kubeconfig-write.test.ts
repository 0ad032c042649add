import { expect, test } from "vitest";
import { killWriters } from "../soak/kubeconfig-kill.ts";

// Thirty processes start one after the other.
const TIMEOUT = 240_000;

test("a writer that is killed leaves the old kubeconfig or the new one", { timeout: TIMEOUT }, async () => {
  const { rounds, duringWrite } = await killWriters(30);
  expect(rounds).toBe(30);
  expect(duringWrite).toBeGreaterThan(0);
});
