import type { KnownError } from "../base/errors.ts";
import { networkFault as faultOf } from "../base/network-fault.ts";

/** Whose word counts for the API server's certificate. */
export type Trust = "kubeconfig" | "system";

const TRUST: Readonly<Record<Trust, string>> = {
  kubeconfig: "the authority that the kubeconfig names",
  system: "an authority that this system trusts, and the kubeconfig names none",
};

/** What went wrong between here and the API server, with the next step. */
export const networkFault = (error: unknown, server: string, trust: Trust = "kubeconfig"): KnownError =>
  faultOf(error, {
    server,
    trust: TRUST[trust],
    nameHint: "Correct the server's name, or set tls-server-name in the kubeconfig",
  });
