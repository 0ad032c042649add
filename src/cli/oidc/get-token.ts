import { KnownError } from "../../base/errors.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { answerOf, lookUp } from "./look-up.ts";
import { openStorage } from "./storage.ts";

/** `kauth oidc get-token`. */
export async function runGetToken(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  refuseOperands(invocation, "get a token");
  const { request, answer } = await lookUp(invocation, openStorage);
  if (answer !== undefined) {
    system.log.out(answer);
    return 0;
  }
  const { signInNow } = await import("./sign-in.ts");
  const found = await signInNow(invocation, request);
  if (found === undefined) throw new KnownError("OIDC_CLIENT_REFUSED", "Cannot get a token: there is none");
  system.log.out(answerOf(request.info, found, system));
  return 0;
}
