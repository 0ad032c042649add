import { expect, test } from "vitest";
import { killWriters } from "../soak/kubeconfig-kill.ts";

test("a writer that is killed leaves the old kubeconfig or the new one", async () => {
  const { rounds, duringWrite } = await killWriters(50);
  expect(rounds).toBe(50);
  expect(duringWrite).toBeGreaterThan(0);
});
