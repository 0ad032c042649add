import { callback, type Bend } from "../bend.ts";
import type { Misbehaviour } from "./row.ts";

const set = (changes: Readonly<Record<string, string | undefined>>): Bend =>
  callback((location) => {
    for (const [name, value] of Object.entries(changes))
      if (value === undefined) location.searchParams.delete(name);
      else location.searchParams.set(name, value);
    return location;
  });

/** An answer that belongs to no sign-in is waited past, until the time is up. */
const BRIEF = ["--authentication-timeout-sec=4"];

export const CALLBACK_ROWS: readonly Misbehaviour[] = [
  {
    name: "callback: another sign-in's state",
    bend: set({ state: "s".repeat(43) }),
    args: BRIEF,
    code: "OIDC_LOGIN_TIMEOUT",
    counts: { "/token": 0 },
  },
  {
    name: "callback: no state",
    bend: set({ state: undefined }),
    args: BRIEF,
    code: "OIDC_LOGIN_TIMEOUT",
    counts: { "/token": 0 },
  },
  {
    name: "callback: an error without a state does not end the wait",
    bend: set({ state: undefined, code: undefined, error: "access_denied" }),
    args: BRIEF,
    code: "OIDC_LOGIN_TIMEOUT",
    counts: { "/token": 0 },
  },
  {
    name: "callback: an error",
    bend: set({ code: undefined, error: "access_denied", error_description: "not today" }),
    code: "OIDC_LOGIN_REFUSED",
    counts: { "/token": 0 },
    says: "access_denied",
  },
  {
    name: "callback: an error with control characters",
    bend: set({ code: undefined, error: "access_denied", error_description: "\u001B[31mred\u0007\r\nmore" }),
    counts: { "/token": 0 },
  },
  {
    name: "callback: invalid_scope",
    bend: set({ code: undefined, error: "invalid_scope" }),
    counts: { "/token": 0 },
    says: "invalid_scope",
  },
  {
    name: "callback: another issuer (RFC 9207)",
    bend: set({ iss: "https://attacker.example" }),
    counts: { "/token": 0 },
    kubelogin: "does not look at iss",
  },
  {
    name: "callback: no issuer where one is promised (RFC 9207)",
    bend: set({ iss: undefined }),
    counts: { "/token": 0 },
    kubelogin: "does not look at iss",
  },
  {
    name: "callback: no code",
    code: "OIDC_LOGIN_REFUSED",
    bend: set({ code: undefined }),
    counts: { "/token": 0 },
  },
  {
    name: "callback: an empty code",
    code: "OIDC_LOGIN_REFUSED",
    bend: set({ code: "" }),
    counts: { "/token": 0 },
  },
  {
    name: "callback: two codes",
    bend: callback((location) => `${location.href}&code=another`),
    args: BRIEF,
    counts: { "/token": 0 },
    kubelogin: "takes the first",
  },
  {
    name: "callback: a code of nobody",
    bend: set({ code: "c".repeat(43) }),
    code: "OIDC_GRANT_REFUSED",
    counts: { "/token": 1 },
  },
  {
    name: "callback: whoever signs in declines",
    bend: async (_heard, { pass }) => await pass(),
    browser: { mode: "cancel" },
    code: "OIDC_LOGIN_REFUSED",
    counts: { "/token": 0 },
  },
  {
    name: "callback: five forged answers before the true one",
    bend: async (_heard, { pass }) => await pass(),
    browser: {
      forged: [
        "?code=forged&state=forged",
        "?error=access_denied",
        "?code=forged",
        "?error=server_error&state=forged",
        "?state=forged",
      ],
    },
    outcome: "served",
    counts: { "/token": 1 },
    kubelogin: "ends at the first",
  },
];
