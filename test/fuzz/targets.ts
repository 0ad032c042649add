import { fuzzExecCredential } from "./exec-credential.ts";
import { fuzzLoader, fuzzMerge } from "./kubeconfig.ts";
import { fuzzKuberc } from "./kuberc.ts";
import { fuzzPlainYaml } from "./plain-yaml.ts";
import { fuzzProxy } from "./proxy.ts";
import { fuzzToken } from "./token.ts";

/** Everything that reads what others wrote. Each takes a number of inputs, and throws for the first that it takes badly. */
export const TARGETS: Readonly<Record<string, (runs: number) => Promise<void>>> = {
  "plain YAML": fuzzPlainYaml,
  loader: fuzzLoader,
  merger: fuzzMerge,
  ExecCredential: fuzzExecCredential,
  token: fuzzToken,
  kuberc: fuzzKuberc,
  proxy: fuzzProxy,
};
