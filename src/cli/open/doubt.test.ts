import { expect, test } from "vitest";
import { settle, stillSystem, type StillSystem } from "../../../test/proxy/data-plane.ts";
import { Secret } from "../../base/secret.ts";
import type { Credential } from "../../credentials/index.ts";
import { credentialDoubt, type CredentialDoubt } from "./doubt.ts";

const credential = (token: string): Credential => ({
  header: { kind: "bearer", token: new Secret(token) },
  certificate: undefined,
  expiresAt: undefined,
});
const ONE = credential("one");
const OTHER = credential("other");

interface Scene extends StillSystem {
  readonly doubt: CredentialDoubt;
  /** What the API server was asked about, and has not answered yet. */
  readonly asked: { readonly of: Credential; readonly signal: AbortSignal; answer(good: boolean): void }[];
}

const scene = (): Scene => {
  const still = stillSystem();
  const asked: Scene["asked"] = [];
  const doubt = credentialDoubt({
    system: still.system,
    accepted: async (of, signal) =>
      await new Promise<boolean>((answer) => asked.push({ of, signal, answer })),
  });
  return { ...still, doubt, asked };
};
const signal = new AbortController().signal;

test.each([true, false])("the API server says whether it is good: %s", async (good) => {
  const { doubt, asked } = scene();
  const found = doubt.isGood(ONE, signal);
  await settle();
  asked[0]?.answer(good);
  expect(await found).toBe(good);
});

test("a hundred who doubt at once are one question", async () => {
  const { doubt, asked } = scene();
  const found = Promise.all(Array.from({ length: 100 }, async () => await doubt.isGood(ONE, signal)));
  await settle();
  expect(asked).toHaveLength(1);
  asked[0]?.answer(false);
  expect(new Set(await found)).toEqual(new Set([false]));
});

test("there is at most one question a second, and who doubts meanwhile waits for the next", async () => {
  const { doubt, asked, advance } = scene();
  const first = doubt.isGood(ONE, signal);
  await settle();
  asked[0]?.answer(true);
  expect(await first).toBe(true);
  advance(500);
  const late = [doubt.isGood(ONE, signal), doubt.isGood(ONE, signal)];
  advance(499);
  await settle();
  expect(asked).toHaveLength(1);
  advance(1);
  await settle();
  expect(asked).toHaveLength(2);
  asked[1]?.answer(false);
  expect(await Promise.all(late)).toEqual([false, false]);
});

test("what was found of one credential says nothing of another", async () => {
  const { doubt, asked, advance } = scene();
  const one = doubt.isGood(ONE, signal);
  const other = doubt.isGood(OTHER, signal);
  await settle();
  advance(1_000);
  await settle();
  expect(asked.map(({ of }) => of)).toEqual([ONE, OTHER]);
  asked[0]?.answer(false);
  asked[1]?.answer(true);
  expect([await one, await other]).toEqual([false, true]);
});

test("an API server that does not answer in two seconds has said nothing against it", async () => {
  const { doubt, asked, advance } = scene();
  const found = doubt.isGood(ONE, signal);
  await settle();
  advance(2_000);
  expect(await found).toBe(true);
  expect(asked[0]?.signal.aborted).toBe(true);
});

test("nor has one that cannot be asked", async () => {
  const doubt = credentialDoubt({
    system: stillSystem().system,
    accepted: async () => await Promise.reject(new Error("no way")),
  });
  expect(await doubt.isGood(ONE, signal)).toBe(true);
});

test("who leaves waits no longer, and the question goes on for the others", async () => {
  const { doubt, asked } = scene();
  const leaving = new AbortController();
  const gone = doubt.isGood(ONE, leaving.signal);
  const stays = doubt.isGood(ONE, signal);
  await settle();
  leaving.abort(new Error("left"));
  await expect(gone).rejects.toThrow("left");
  asked[0]?.answer(false);
  expect(await stays).toBe(false);
});
