import { describe, expect, test } from "vitest";
import { stillSystem } from "../../../test/proxy/data-plane.ts";
import { stillPin, stillSource } from "../../../test/still-identity.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { Secret } from "../../base/secret.ts";
import type { Credential } from "../../credentials/index.ts";
import type { Upstream } from "../../proxy/index.ts";
import { podUpstream } from "./upstream.ts";

const credential = (token: string): Credential => ({
  header: { kind: "bearer", token: new Secret(token) },
  certificate: undefined,
  expiresAt: undefined,
});

interface Scene {
  readonly upstream: Upstream;
  /** Whether the API server takes what is doubted. */
  good: boolean;
  /** How often it was asked, and how often another credential was made. */
  looks: number;
  runs: number;
}

const scene = (during: (made: Scene) => Promise<void> = async () => await Promise.resolve()): Scene => {
  let current = credential("t-0");
  const made: Scene = {
    good: true,
    looks: 0,
    runs: 0,
    upstream: podUpstream({
      system: stillSystem().system,
      route: {
        backend: undefined,
        state: { kind: "resolving" },
        ready: async () => await Promise.reject(new Error("no route")),
        dial: async () => await Promise.reject(new Error("no route")),
        peer: undefined,
        onGone: () => undefined,
        trouble: () => undefined,
        [Symbol.asyncDispose]: async () => await Promise.resolve(),
      },
      source: stillSource(() => current, {
        renew: (rejected) => {
          if (rejected === current) current = credential(`t-${(made.runs += 1)}`);
          return Promise.resolve(current);
        },
      }),
      anonymous: false,
      sendBroadToken: true,
      impersonate: [],
      onUse: () => undefined,
      pin: stillPin(),
      doubt: {
        isGood: async () => {
          made.looks += 1;
          await during(made);
          return made.good;
        },
      },
    }),
  };
  return made;
};

const signal = new AbortController().signal;
const first = async ({ upstream }: Scene): Promise<RawHeaders> => await upstream.authorize({ signal });
const doubted = async ({ upstream }: Scene, rejected: RawHeaders): Promise<RawHeaders> =>
  await upstream.authorize({ signal, rejected, doubtful: true });

describe("headers that were perhaps refused (U17)", () => {
  test("are given again when the API server takes them, and nothing is run", async () => {
    const made = scene();
    const headers = await first(made);
    expect(await doubted(made, headers)).toBe(headers);
    expect([made.looks, made.runs]).toEqual([1, 0]);
  });

  test("are replaced when it does not", async () => {
    const made = scene();
    const headers = await first(made);
    made.good = false;
    expect(await doubted(made, headers)).toEqual([["Authorization", "Bearer t-1"]]);
    expect([made.looks, made.runs]).toEqual([1, 1]);
  });

  test("nobody is asked about those that were replaced already", async () => {
    const made = scene();
    const old = await first(made);
    const renewed = await made.upstream.authorize({ signal, rejected: old });
    expect(await doubted(made, old)).toBe(renewed);
    expect([made.looks, made.runs]).toEqual([0, 1]);
  });

  test("those that are replaced while it is asked are not replaced twice", async () => {
    const made = scene(async ({ upstream }) => {
      await upstream.authorize({ signal, rejected: old });
    });
    const old = await first(made);
    made.good = false;
    expect(await doubted(made, old)).toEqual([["Authorization", "Bearer t-1"]]);
    expect(made.runs).toBe(1);
  });
});
