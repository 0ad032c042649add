import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { testCluster } from "../../tools/test-cluster.ts";

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** `KAUTH_TEST_KUBECTL`, else the test cluster's, else the one on PATH; "" where there is none. */
export const findKubectl = (env: NodeJS.ProcessEnv): string => {
  const named = env["KAUTH_TEST_KUBECTL"] ?? "";
  if (named !== "") return named;
  const cluster = testCluster(env);
  const candidates = [
    ...(cluster === ""
      ? []
      : [String((JSON.parse(readFileSync(cluster, "utf8")) as { kubectl?: unknown }).kubectl)]),
    ...(env["PATH"] ?? "").split(delimiter).map((directory) => join(directory, "kubectl")),
  ];
  return candidates.find(isProgram) ?? "";
};
