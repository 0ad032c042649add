import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../test/memory-connection.ts";
import { settle, stillSystem } from "../../../test/proxy/data-plane.ts";
import { whoAmI } from "../../api/index.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import type { Credential, CredentialSource } from "../../credentials/index.ts";
import type { Route } from "../../route/index.ts";
import { identityPin } from "./identity-pin.ts";
import { signInOnce } from "./sign-in.ts";
import { podUpstream } from "./upstream.ts";

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
    await expect(upstream.authorize({ leg: "pod", signal })).rejects.toMatchObject({
      code: "IDENTITY_UNKNOWN",
    });
    expect(runs).toBeLessThan(10);
  });
});
