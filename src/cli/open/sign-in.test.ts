import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stillSystem, settle } from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { EpochMillis } from "../../base/units.ts";
import type { Credential, CredentialSource } from "../../credentials/index.ts";
import { signInOnce, type SignIn, type SignInState } from "./sign-in.ts";

interface Scene {
  readonly signIn: SignIn;
  readonly states: SignInState["kind"][];
  /** How often a login was run. */
  runs: number;
  /** What the next runs end with. */
  outcome: Error | "token";
  reachable: boolean | "ending";
  /** The API server takes the credential that somebody refused. */
  accepted: boolean;
  /** When what the next runs give ends, in milliseconds of the epoch. */
  ends: number | undefined;
  /** What was printed. */
  readonly log: readonly string[];
  advance(time: number): void;
}

const scene = (): Scene => {
  const still = stillSystem();
  let failure: unknown;
  let current: Credential | undefined;
  const run = async (): Promise<Credential> => {
    made.runs += 1;
    await settle();
    if (made.outcome !== "token") {
      failure = made.outcome;
      throw made.outcome;
    }
    failure = undefined;
    current = {
      header: { kind: "bearer", token: new Secret(`token-${made.runs}`) },
      certificate: undefined,
      expiresAt: made.ends as EpochMillis | undefined,
    };
    return current;
  };
  let running: Promise<Credential> | undefined;
  const shared = async (): Promise<Credential> => {
    running ??= run().finally(() => (running = undefined));
    return await running;
  };
  const source: CredentialSource = {
    method: "exec",
    description: "a plugin",
    get: async () =>
      current === undefined || (current.expiresAt ?? Infinity) < Date.now() ? await shared() : current,
    renew: async () => await shared().catch(() => undefined),
    failure: () => failure,
    forget: () => (failure = undefined),
  };
  const states: SignInState["kind"][] = [];
  const made: Scene = {
    signIn: signInOnce(source, {
      system: still.system,
      reachable: () =>
        made.reachable === "ending" ? Promise.reject(new Error("all ends")) : Promise.resolve(made.reachable),
      accepted: () => Promise.resolve(made.accepted),
    }),
    states,
    runs: 0,
    outcome: "token",
    reachable: true,
    accepted: false,
    ends: undefined,
    log: still.log,
    advance: (time) => still.advance(time),
  };
  made.signIn.onChange(({ kind }) => states.push(kind));
  return made;
};

const FAILED = new KnownError("EXEC_FAILED", "the plugin failed");

describe("after a failed login", () => {
  test("nothing is run until a person acts, whoever asks and however long it takes", async () => {
    const s = scene();
    s.outcome = FAILED;
    await expect(s.signIn.get()).rejects.toBe(FAILED);
    for (let hour = 0; hour < 24; hour += 1) {
      await expect(s.signIn.get({ early: true })).rejects.toBe(FAILED);
      s.advance(3_600_000);
    }
    expect(s.runs).toBe(1);
    s.outcome = "token";
    await s.signIn.again();
    expect(s.runs).toBe(2);
    expect(s.signIn.state()).toEqual({ kind: "well" });
    await expect(s.signIn.get()).resolves.toMatchObject({ header: { kind: "bearer" } });
    expect(s.states).toEqual(["failed", "running", "well"]);
  });

  test("a hundred who ask at once hear of one run", async () => {
    const s = scene();
    s.outcome = FAILED;
    const asked = await Promise.allSettled(Array.from({ length: 100 }, async () => await s.signIn.get()));
    expect(asked.every(({ status }) => status === "rejected")).toBe(true);
    expect(s.runs).toBe(1);
    expect(s.states).toEqual(["failed"]);
  });

  test("one that fails again waits for a person again", async () => {
    const s = scene();
    s.outcome = FAILED;
    await expect(s.signIn.get()).rejects.toBe(FAILED);
    await s.signIn.again();
    expect(s.signIn.state()).toMatchObject({ kind: "failed", error: FAILED });
    await expect(s.signIn.get()).rejects.toBe(FAILED);
    expect(s.runs).toBe(2);
  });

  test("one that nobody can look at any more ends all the same: nobody waits for it who would hear of a failure", async () => {
    const s = scene();
    s.outcome = FAILED;
    s.reachable = "ending";
    await s.signIn.again();
    expect(s.signIn.state()).toEqual({ kind: "failed", error: FAILED, retryAt: undefined });
    await expect(s.signIn.get()).rejects.toBe(FAILED);
  });

  test("a refused credential whose renewal fails is the end of a login too", async () => {
    const s = scene();
    const credential = await s.signIn.get();
    s.outcome = FAILED;
    expect(await s.signIn.renew(credential)).toBeUndefined();
    expect(s.signIn.state()).toMatchObject({ kind: "failed" });
    expect(await s.signIn.renew(credential)).toBeUndefined();
    await expect(s.signIn.get()).rejects.toBe(FAILED);
    expect(s.runs).toBe(2);
    s.outcome = "token";
    await s.signIn.again();
    expect(s.signIn.state()).toEqual({ kind: "well" });
  });

  test("whoever gets the old one while a person signs in again does not end that", async () => {
    const s = scene();
    const credential = await s.signIn.get();
    s.outcome = FAILED;
    await s.signIn.renew(credential);
    const again = s.signIn.again();
    await s.signIn.get();
    await again;
    expect(s.states).toEqual(["failed", "running", "failed"]);
  });

  test("but not while the API server takes it: the 401 was the UI's own", async () => {
    const s = scene();
    const credential = await s.signIn.get();
    s.outcome = FAILED;
    s.accepted = true;
    expect(await s.signIn.renew(credential)).toBeUndefined();
    expect(s.signIn.state()).toEqual({ kind: "well" });
    await expect(s.signIn.get()).resolves.toBe(credential);
  });

  test("somebody who leaves is no failed login", async () => {
    const s = scene();
    s.outcome = new Error("aborted");
    await expect(s.signIn.get({ signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    expect(s.signIn.state()).toEqual({ kind: "well" });
  });
});

describe("without a network", () => {
  test("it goes on by itself, with pauses that grow from 5 to 60 seconds", async () => {
    const s = scene();
    s.outcome = FAILED;
    s.reachable = false;
    const runs: number[] = [];
    for (let second = 0; second < 300; second += 1) {
      await s.signIn.get().catch((): void => undefined);
      runs.push(s.runs);
      s.advance(1_000);
    }
    expect([runs[4], runs[5], runs[14], runs[15], runs[34], runs[35]]).toEqual([1, 2, 2, 3, 3, 4]);
    expect(s.runs).toBeLessThan(10);
    s.outcome = "token";
    s.advance(60_000);
    await expect(s.signIn.get()).resolves.toBeDefined();
    expect(s.signIn.state()).toEqual({ kind: "well" });
  });
});

describe("F26: clocks that differ", () => {
  test("a credential that had ended when it came is used until it is refused, and one login is run", async () => {
    const s = scene();
    s.ends = Date.now() - 86_400_000;
    const first = await s.signIn.get({ early: true });
    for (let turn = 0; turn < 20; turn += 1) expect(await s.signIn.get({ early: true })).toBe(first);
    expect(s.runs).toBe(1);
    expect(s.log.join("").match(/is the clock of this computer right/g)).toHaveLength(1);
    s.ends = Date.now() + 3_600_000;
    const second = await s.signIn.renew(first);
    expect(second).not.toBe(first);
    expect(await s.signIn.get({ early: true })).toBe(second);
    expect(s.runs).toBe(2);
  });

  test("a login that failed withholds it as any other", async () => {
    const s = scene();
    s.ends = Date.now() - 86_400_000;
    const first = await s.signIn.get();
    s.outcome = FAILED;
    expect(await s.signIn.renew(first)).toBeUndefined();
    await expect(s.signIn.get()).rejects.toBe(FAILED);
    expect(s.runs).toBe(2);
  });
});

test("property: no login is run after a failed one without an act, and never two at once", async () => {
  const acts = fc.array(fc.constantFrom("get", "again", "fail", "succeed", "hour", "crowd"), {
    minLength: 1,
    maxLength: 30,
  });
  await fc.assert(
    fc.asyncProperty(acts, async (list) => {
      const s = scene();
      for (const act of list) {
        const before = s.runs;
        const failed = s.signIn.state().kind === "failed";
        if (act === "get") await s.signIn.get().catch((): void => undefined);
        else if (act === "crowd")
          await Promise.allSettled([s.signIn.get(), s.signIn.get(), s.signIn.get({ early: true })]);
        else if (act === "again") await s.signIn.again();
        else if (act === "hour") s.advance(3_600_000);
        else s.outcome = act === "fail" ? FAILED : "token";
        if (failed && act !== "again") expect(s.runs).toBe(before);
        expect(s.runs - before).toBeLessThanOrEqual(2);
      }
    }),
    { numRuns: 300 },
  );
});
