import { duplexPair } from "node:stream";
import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../test/memory-connection.ts";
import { settle, stillSystem } from "../../../test/proxy/data-plane.ts";
import { KnownError, type ErrorCode } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { Credential } from "../../credentials/index.ts";
import type { Upstream } from "../../proxy/index.ts";
import { apiUpstream } from "./api-upstream.ts";

const credential: Credential = {
  header: { kind: "bearer", token: new Secret("t") },
  certificate: undefined,
  expiresAt: undefined,
};

interface Scene {
  readonly upstream: Upstream;
  readonly advance: (time: number) => void;
  /** Connections that were made, or tried. */
  dials: number;
  /** How the next one fails. */
  fault: ErrorCode | undefined;
}

const scene = (check: () => Promise<boolean>): Scene => {
  const { system, advance } = stillSystem();
  const made: Scene = {
    advance,
    dials: 0,
    fault: undefined,
    upstream: apiUpstream({
      system,
      connection: {
        ...memoryConnection({}),
        authority: "api.example",
        prefix: "",
        headers: () => [["Authorization", "Bearer t"]],
        dial: async (pinned) => {
          await pinned();
          made.dials += 1;
          if (made.fault !== undefined) throw new KnownError(made.fault, "for now");
          return duplexPair()[0];
        },
      },
      source: {
        method: "exec",
        description: "a plugin",
        get: () => Promise.resolve(credential),
        renew: () => Promise.resolve(undefined),
        state: () => ({ kind: "well" }),
        current: () => credential,
        again: () => Promise.resolve(),
        onChange: () => () => undefined,
      },
      pin: { start: () => undefined, check, name: () => undefined, release: () => undefined },
      doubt: { isGood: () => Promise.resolve(true) },
      onUse: () => undefined,
    }),
  };
  return made;
};

const dial = ({ upstream }: Scene, signal = new AbortController().signal): Promise<string> =>
  upstream.dial({ session: "web-1", bulk: false, signal }).then(
    ({ peer }) => peer,
    (error: unknown) => (error instanceof KnownError ? error.code : "unknown"),
  );

describe("D.2: the way to the API server", () => {
  test("R-N4: nobody is dialled with a certificate that may be somebody else's", async () => {
    const changed = new KnownError("IDENTITY_CHANGED", "somebody else");
    const made = scene(() => Promise.reject(changed));
    expect(await dial(made)).toBe("IDENTITY_CHANGED");
    expect(made.dials).toBe(0);
  });

  test("R-N4: a credential that is replaced while it is asked whose it is leads to the next look", async () => {
    const answers = [false, true];
    const made = scene(() => Promise.resolve(answers.shift() ?? true));
    const dialling = dial(made);
    await settle();
    expect(made.dials).toBe(0);
    made.advance(200);
    expect(await dialling).toMatch(/#/);
  });

  test("an API server that is away is waited for", async () => {
    const made = scene(() => Promise.resolve(true));
    made.fault = "CONNECTION_REFUSED";
    const dialling = dial(made);
    for (let second = 0; second < 10; second += 1) {
      await settle();
      made.advance(1_000);
    }
    // Not in a circle.
    expect(made.dials).toBeLessThan(12);
    expect(made.upstream.trouble?.()).toMatchObject({ code: "CONNECTION_REFUSED" });
    made.fault = undefined;
    await settle();
    made.advance(2_000);
    expect(await dialling).toMatch(/#/);
    expect(made.upstream.trouble?.()).toBeUndefined();
  });

  test("what no waiting mends is told at once", async () => {
    const made = scene(() => Promise.resolve(true));
    made.fault = "TLS_UNTRUSTED";
    expect(await dial(made)).toBe("TLS_UNTRUSTED");
  });
});
