import type { Credential } from "../src/credentials/index.ts";
import type { IdentityPin } from "../src/cli/open/identity-pin.ts";
import type { SignIn } from "../src/cli/open/sign-in.ts";

/** A source that has always what `current` gives, and makes no other. */
export const stillSource = (current: () => Credential | undefined, over: Partial<SignIn> = {}): SignIn => ({
  method: "exec",
  description: "a plugin",
  get: () => {
    const credential = current();
    return credential === undefined
      ? Promise.reject(new Error("no credential"))
      : Promise.resolve(credential);
  },
  renew: () => Promise.resolve(undefined),
  state: () => ({ kind: "well" }),
  current,
  again: () => Promise.resolve(),
  onChange: () => () => undefined,
  ...over,
});

/** A pin that knows nobody by name. */
export const stillPin = (check: IdentityPin["check"] = () => Promise.resolve(true)): IdentityPin => ({
  start: () => undefined,
  check,
  name: () => undefined,
  person: () => undefined,
  release: () => undefined,
});
