import { fuzzExecCredential } from "./exec-credential.ts";
import { fuzzIamMapping } from "./iam-mapping.ts";
import { fuzzIamToken } from "./iam-token.ts";
import { fuzzLoader, fuzzMerge } from "./kubeconfig.ts";
import { fuzzKuberc } from "./kuberc.ts";
import { fuzzPlainYaml } from "./plain-yaml.ts";
import { fuzzProxy } from "./proxy.ts";
import type { Wishes } from "./spoil.ts";
import { fuzzToken } from "./token.ts";

/** Everything that reads what others wrote. Each throws for the first input that is taken badly. */
export const TARGETS: Readonly<Record<string, (wishes: Wishes) => Promise<void>>> = {
  "plain YAML": fuzzPlainYaml,
  loader: fuzzLoader,
  merger: fuzzMerge,
  ExecCredential: fuzzExecCredential,
  token: fuzzToken,
  "IAM token": fuzzIamToken,
  "IAM mapping": fuzzIamMapping,
  kuberc: fuzzKuberc,
  proxy: fuzzProxy,
};
