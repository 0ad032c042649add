import { KnownError } from "../base/errors.ts";
import type { Grant } from "./sign-in-types.ts";

/** What decides how a person signs in. */
export interface Machine {
  readonly username: string | undefined;
  /** Why no browser can be opened; undefined: one can. */
  readonly browserFault: string | undefined;
  /** The person has said that an address is enough. */
  readonly skipBrowser: boolean;
  /** Somebody is likely to read what is shown. */
  readonly seen: boolean;
  /** Questions may be asked. */
  readonly answers: boolean;
  /** The provider lets people sign in on another device. */
  readonly deviceOffered: boolean;
  readonly loginCommand: string;
}

/**
 * `auto`: a password for who named a user, as kubelogin has it; else a browser, another device, a pasted address, whichever
 * is possible first.
 * @throws {KnownError} OIDC_NOBODY_ASKED: nobody would see or answer anything
 */
export const chooseGrant = (machine: Machine): Grant => {
  if (machine.username !== undefined) return "password";
  if (machine.browserFault === undefined || machine.skipBrowser) return "authcode";
  if (machine.deviceOffered && machine.seen) return "device-code";
  if (machine.answers && machine.seen) return "authcode-keyboard";
  throw new KnownError(
    "OIDC_NOBODY_ASKED",
    `Somebody has to sign in, and nobody can be asked here: ${machine.browserFault}, and no terminal is there`,
    { hint: `Run this on a terminal, then try again: ${machine.loginCommand}` },
  );
};
