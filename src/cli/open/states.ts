import type { KnownError } from "../../base/errors.ts";
import { redact } from "../../base/redact.ts";
import { troubleOf } from "../../proxy/index.ts";
import type { RouteChange } from "../../route/index.ts";
import type { OpenEvent, Report } from "./report.ts";
import type { SignInState } from "./sign-in.ts";

type StateEvent = OpenEvent & { readonly event: "state" };

/** Listens to the way to a target and to the sign-in, and tells what its pages show. */
export interface TargetStates {
  readonly change: (change: RouteChange) => void;
  readonly trouble: (error: KnownError) => void;
  readonly signIn: (state: SignInState) => void;
}

const plain = (state: StateEvent["state"]): StateEvent => ({
  event: "state",
  state,
  code: undefined,
  message: undefined,
  next: undefined,
  right: undefined,
});

const waiting = (error: KnownError): StateEvent => ({
  event: "state",
  state: troubleOf(error.code),
  code: error.code,
  message: redact(error.message),
  next: redact(error.hint),
  right: error.right,
});

/**
 * Tells each state once, when it becomes another one. As on the pages, a sign-in that has ended counts more than
 * the pod (issue C.4). What fails before the first `up` ends the command, which says so itself.
 */
export function targetStates(report: Report): TargetStates {
  let way = plain("starting");
  let signedOut = false;
  let wasUp = false;
  let told: StateEvent["state"] | undefined;
  const tell = (): void => {
    // The event `sign-in` has the reason.
    const now = signedOut ? plain("sign-in") : way;
    if (now.state === told) return;
    told = now.state;
    report.emit(now);
  };
  tell();
  return {
    change: ({ kind }) => {
      wasUp ||= kind !== "down";
      way = plain(kind === "down" ? "restarting" : "up");
      tell();
    },
    trouble: (error) => {
      if (!wasUp) return;
      way = waiting(error);
      tell();
    },
    signIn: ({ kind }) => {
      signedOut = kind !== "well";
      tell();
    },
  };
}
