import type { OptionSpec } from "../command.ts";

/** Which user of which kubeconfig; kubelogin's names for them (oidc.md §1.2). */
export const KUBECONFIG_OPTIONS = {
  kubeconfig: {
    type: "string",
    value: "FILE",
    summary: "Kubeconfig to use. Default: KUBECONFIG, else ~/.kube/config",
    env: false,
  },
  context: { type: "string", value: "NAME", summary: "Context of the kubeconfig", env: false },
  user: {
    type: "string",
    value: "NAME",
    summary: "User of the kubeconfig; it wins over --context",
    env: false,
  },
} as const satisfies Readonly<Record<string, OptionSpec>>;
