import type { Check } from "./check.ts";
import { credentialCheck, expiryCheck, policyCheck } from "./credential.ts";
import { carriersCheck, targetCheck } from "./forward.ts";
import { identityCheck } from "./identity.ts";
import { contextCheck, filesCheck, mergeCheck, settingsCheck, validationCheck } from "./kubeconfig.ts";
import { rightsCheck } from "./rights.ts";
import { clockCheck, serverCheck, tlsCheck } from "./server.ts";
import { tokenCheck } from "./token.ts";
import { uiCheck } from "./ui.ts";

/** The chain from a file on this machine to a page, in the order in which it can break. */
export const CHECKS: readonly Check[] = [
  settingsCheck,
  filesCheck,
  mergeCheck,
  contextCheck,
  validationCheck,
  policyCheck,
  credentialCheck,
  expiryCheck,
  tokenCheck,
  tlsCheck,
  serverCheck,
  clockCheck,
  identityCheck,
  rightsCheck,
  targetCheck,
  carriersCheck,
  uiCheck,
];
