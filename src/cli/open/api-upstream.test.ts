import { duplexPair } from "node:stream";
import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../test/memory-connection.ts";
import { settle, stillSystem } from "../../../test/proxy/data-plane.ts";
import { stillPin, stillSource } from "../../../test/still-identity.ts";
import { KnownError, type ErrorCode } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { Secret } from "../../base/secret.ts";
import { epochMillis } from "../../base/units.ts";
import { createAuthority } from "../../base/x509.ts";
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
  /** What is in hand, and what a renewal gives. */
  credential: Credential;
  renewed: Credential | undefined;
  /** What `/readyz` answers, 0: nothing; each question is noted. */
  readyz: number[];
  questions: number;
}

const scene = (check: () => Promise<boolean>): Scene => {
  const { system, advance } = stillSystem();
  const made: Scene = {
    advance,
    dials: 0,
    fault: undefined,
    credential,
    renewed: undefined,
    readyz: [],
    questions: 0,
    upstream: apiUpstream({
      system,
      connection: {
        ...memoryConnection({
          request: ({ path }) => {
            if (path !== "/readyz") throw new TypeError(`not expected: ${path}`);
            made.questions += 1;
            const [status = 200] = made.readyz.splice(0, 1);
            if (status === 0) return Promise.reject(new KnownError("CONNECTION_REFUSED", "not there"));
            return Promise.resolve({ status, headers: [], body: "" });
          },
        }),
        authority: "api.example",
        prefix: "",
        headers: ({ header }) => (header === undefined ? [] : [["Authorization", "Bearer t"]]),
        dial: async (pinned) => {
          await pinned();
          made.dials += 1;
          if (made.fault !== undefined) throw new KnownError(made.fault, "for now");
          return duplexPair()[0];
        },
      },
      source: stillSource(() => made.credential, {
        renew: () => {
          made.credential = made.renewed ?? made.credential;
          return Promise.resolve(made.renewed);
        },
      }),
      pin: stillPin(check),
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

/** A certificate of that name; its dates are around the tests' own. */
const certified = (name: string, life = 3_600_000): Credential => {
  const now = Date.now();
  const dates = { notBefore: epochMillis(now - 7_200_000), notAfter: epochMillis(now + life) };
  const authority = createAuthority({ commonName: "tests", ...dates });
  const pair = authority.issue({ commonName: name, names: [], use: "client", ...dates });
  return {
    header: undefined,
    certificate: { cert: pair.cert, key: new Secret(pair.key) },
    expiresAt: undefined,
  };
};

describe("D.2: what the API server says of a credential", () => {
  const { signal } = new AbortController();
  const authorize = async (
    { upstream }: Scene,
    rejected?: RawHeaders,
    doubtful = false,
  ): Promise<RawHeaders> =>
    await upstream.authorize({ signal, ...(rejected === undefined ? {} : { rejected, doubtful }) });

  test("a certificate that is refused is renewed once, and asked with anew", async () => {
    const made = scene(() => Promise.resolve(true));
    made.credential = certified("amy");
    const first = await authorize(made);
    // Empty headers would be nobody's.
    expect(first).toEqual([["User-Agent", expect.stringMatching(/^kauth\//)]]);
    made.renewed = certified("amy");
    const second = await authorize(made, first);
    expect(second).toEqual(first);
    expect(second).not.toBe(first);
  });

  test.each([
    ["good by its dates", 3_600_000, "UNAUTHORIZED"],
    ["over", -3_600_000, "CLIENT_CERTIFICATE_EXPIRED"],
  ])("one that nobody renews and that is %s has an answer of our own", async (_what, life, code) => {
    const made = scene(() => Promise.resolve(true));
    made.credential = certified("amy", life);
    const first = await authorize(made);
    await expect(authorize(made, first)).rejects.toMatchObject({ code });
  });

  test("a token that nobody renews is the page's to hear of", async () => {
    const made = scene(() => Promise.resolve(true));
    const first = await authorize(made);
    expect(await authorize(made, first)).toBe(first);
  });

  test("what is forbidden by a server that is ready is forbidden, and it is asked once a second at most", async () => {
    const made = scene(() => Promise.resolve(true));
    const first = await authorize(made);
    const all = await Promise.all([1, 2, 3].map(async () => await authorize(made, first, true)));
    for (const each of all) expect(each).toBe(first);
    expect(await authorize(made, first, true)).toBe(first);
    expect(made.questions).toBe(1);
    made.advance(1_000);
    expect(await authorize(made, first, true)).toBe(first);
    expect(made.questions).toBe(2);
  });

  test("what a starting server forbids is asked again when it is ready", async () => {
    const made = scene(() => Promise.resolve(true));
    made.readyz = [500, 0, 503];
    const first = await authorize(made);
    const asking = authorize(made, first, true);
    for (let turn = 0; turn < 3; turn += 1) {
      await settle();
      made.advance(250);
    }
    const again = await asking;
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
    expect(made.questions).toBe(4);
  });

  test("nobody waits for long where it never gets ready", async () => {
    const made = scene(() => Promise.resolve(true));
    made.readyz = Array.from({ length: 100 }, () => 500);
    const first = await authorize(made);
    const asking = authorize(made, first, true);
    for (let turn = 0; turn < 20; turn += 1) {
      await settle();
      made.advance(250);
    }
    expect(await asking).not.toBe(first);
    expect(made.questions).toBeLessThan(20);
  });

  test.each([401, 403, 404])("a server whose /readyz is answered %i says nothing", async (status) => {
    const made = scene(() => Promise.resolve(true));
    made.readyz = [status];
    const first = await authorize(made);
    expect(await authorize(made, first, true)).toBe(first);
  });
});
