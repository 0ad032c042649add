import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../test/memory-connection.ts";
import { stillPin, stillSource } from "../../../test/still-identity.ts";
import { settle, stillSystem } from "../../../test/proxy/data-plane.ts";
import { whoAmI } from "../../api/index.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import type { Credential, CredentialSource } from "../../credentials/index.ts";
import type { Upstream } from "../../proxy/index.ts";
import type { Route } from "../../route/index.ts";
import { identityPin } from "./identity-pin.ts";
import { signInOnce } from "./sign-in.ts";
import { podUpstream } from "./upstream.ts";

const credentialOf = (token: string): Credential => ({
  header: { kind: "bearer", token: new Secret(token) },
  certificate: undefined,
  expiresAt: undefined,
});

const RECIPE = [["X-Forwarded-User", "alice"]] as const;

const upstreamOf = (
  over: Partial<Parameters<typeof podUpstream>[0]>,
  check: () => Promise<boolean> = () => Promise.resolve(true),
): Upstream =>
  podUpstream({
    system: stillSystem().system,
    route: {} as Route,
    source: stillSource(() => credentialOf("secret"), { current: () => undefined }),
    pin: stillPin(check),
    anonymous: false,
    sendBroadToken: false,
    impersonate: [["Impersonate-User", "bob"]],
    onUse: () => undefined,
    doubt: { isGood: () => Promise.resolve(true) },
    ...over,
  });

describe("what says who the person is", () => {
  const { signal } = new AbortController();

  test.each<[string, Partial<Parameters<typeof podUpstream>[0]>, RawHeaders]>([
    [
      "a token and what goes with it",
      {},
      [
        ["Authorization", "Bearer secret"],
        ["Impersonate-User", "bob"],
      ],
    ],
    [
      "a token and a recipe",
      { headers: () => RECIPE, impersonate: [] },
      [["Authorization", "Bearer secret"], ...RECIPE],
    ],
    ["R-N11: a recipe alone", { headers: () => RECIPE, anonymous: true }, RECIPE],
    ["nothing", { anonymous: true }, []],
  ])("%s", async (_what, over, wanted) => {
    expect(await upstreamOf(over).authorize({ signal })).toEqual(wanted);
  });

  test("R-N4: a recipe goes nowhere once the credential is somebody else's", async () => {
    const changed = new KnownError("IDENTITY_CHANGED", "somebody else");
    const upstream = upstreamOf({ headers: () => RECIPE, anonymous: true }, () => Promise.reject(changed));
    await expect(upstream.authorize({ signal })).rejects.toBe(changed);
    expect(upstream.ready?.()).toBeUndefined();
  });
});

describe("F26: a credential that has ended when it comes", () => {
  test("does not run its plugin again and again while it is asked whose it is", async () => {
    const { system } = stillSystem();
    let runs = 0;
    const source: CredentialSource = {
      method: "exec",
      description: "a plugin",
      get: async (): Promise<Credential> => {
        await settle();
        runs += 1;
        if (runs > 60) throw new Error("it would go on for ever");
        return {
          header: { kind: "bearer", token: new Secret(`token-${runs}`) },
          certificate: undefined,
          // Less than two clocks may differ by without a word.
          expiresAt: epochMillis(system.now() - 1_000),
        };
      },
      renew: () => Promise.resolve(undefined),
    };
    const signal = new AbortController().signal;
    const signIn = signInOnce(source, {
      system,
      reachable: () => Promise.resolve(true),
      accepted: () => Promise.resolve(true),
    });
    const connection = memoryConnection({
      request: ({ path }) =>
        Promise.resolve(
          path.startsWith("/api/v1/namespaces/")
            ? { status: 403, headers: [], body: {} }
            : {
                status: 201,
                headers: [],
                body: { status: { userInfo: { username: "alice", uid: "", groups: [] } } },
              },
        ),
    });
    const pin = identityPin({
      connection,
      who: async () => await whoAmI(connection),
      current: async () => await signIn.get(),
      system,
      signal,
      cluster: "here",
      onChange: () => undefined,
    });
    const upstream = podUpstream({
      system,
      route: {} as Route,
      source: signIn,
      pin,
      anonymous: false,
      sendBroadToken: false,
      impersonate: [],
      onUse: () => undefined,
      doubt: { isGood: () => Promise.resolve(false) },
    });
    await expect(upstream.authorize({ signal })).rejects.toMatchObject({
      code: "IDENTITY_UNKNOWN",
    });
    expect(runs).toBeLessThan(10);
  });
});
