import { expect, test } from "vitest";
import { fuzzLoader, fuzzMerge } from "../fuzz/kubeconfig.ts";

const RUNS = 5000;
const TIMEOUT = 240_000;

test.each([
  ["loader", fuzzLoader],
  ["merger", fuzzMerge],
])("the %s takes 5,000 spoiled kubeconfigs", { timeout: TIMEOUT }, async (_name, fuzz) => {
  await expect(fuzz(RUNS)).resolves.toBeUndefined();
});
