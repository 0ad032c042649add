import { checkOwnership } from "../../credentials/index.ts";
import type { Entry, User } from "../../kubeconfig/index.ts";
import type { Invocation } from "../command.ts";

/** Whoever may write the kubeconfig that a user stands in chooses where that user signs in. */
export interface SignInOwner extends Pick<Entry<User>, "originFacts"> {
  readonly path: string;
  readonly user: string;
}

/** @throws {KnownError} KUBECONFIG_WRITABLE, exit 2 */
export const checkSignInOwner = async (
  { path, originFacts, user }: SignInOwner,
  { system, options }: Invocation,
): Promise<void> =>
  await checkOwnership({ path, facts: originFacts }, system, {
    allow: options.boolean("allow-writable-kubeconfig"),
    use: {
      verb: "sign in as",
      doing: "Signing in as",
      what: `user "${user}"`,
      power: "choose where you sign in",
    },
  });
