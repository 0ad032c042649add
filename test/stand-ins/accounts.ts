import type { Demo } from "../../src/demo/index.ts";
import type { Accounts } from "./seen.ts";

/** The people of a demo's cluster; it is made after what runs in its pods. */
export function accountsOf(demo: () => Demo | undefined): Accounts {
  const owners = new Map<string, string>();
  const user = (token: string): string | undefined => {
    const found = demo()?.cluster.people.byToken(token, Date.now())?.username;
    if (found !== undefined) owners.set(token, found);
    return found;
  };
  /** Also of one that had ended when it was first seen. */
  const ended = (token: string): string | undefined => demo()?.cluster.people.byToken(token, 0)?.username;
  return { user, owner: (token) => user(token) ?? owners.get(token) ?? ended(token) };
}

/** A few tokens of a test without a cluster. */
export interface FewAccounts extends Accounts {
  revoke(token: string): void;
}

/** @param owners of each token */
export function fewAccounts(owners: Readonly<Record<string, string>>): FewAccounts {
  const revoked = new Set<string>();
  return {
    user: (token) => (revoked.has(token) ? undefined : owners[token]),
    owner: (token) => owners[token],
    revoke: (token) => revoked.add(token),
  };
}
