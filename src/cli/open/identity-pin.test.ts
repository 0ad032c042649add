import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../test/memory-connection.ts";
import { settle, stillSystem } from "../../../test/proxy/data-plane.ts";
import { whoAmI } from "../../api/index.ts";
import { KnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import type { Credential } from "../../credentials/index.ts";
import { identityPin, type IdentityPin } from "./identity-pin.ts";

const credentialOf = (token: string): Credential => ({
  header: { kind: "bearer", token: new Secret(token) },
  certificate: undefined,
  expiresAt: undefined,
});

interface Person {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

interface World {
  readonly pin: IdentityPin;
  readonly changes: string[];
  who: Person | undefined;
  /** UID of kube-system; undefined: it may not be read. */
  cluster: string | undefined;
  away: boolean;
  /** The namespace cannot be read now. */
  busy: boolean;
  current: Credential;
  reviews: number;
  advance(time: number): void;
}

const ALICE: Person = { username: "alice", uid: "1", groups: ["a", "b"] };

const world = (): World => {
  const still = stillSystem();
  const changes: string[] = [];
  const connection = memoryConnection({
    request: async ({ path }) => {
      await settle();
      if (made.away) throw new KnownError("CONNECTION_LOST", "away");
      const answer = (status: number, body: unknown) => ({ status, headers: [], body });
      if (path.startsWith("/api/v1/namespaces/") && made.busy) return answer(503, {});
      if (path.startsWith("/api/v1/namespaces/"))
        return made.cluster === undefined
          ? answer(403, {})
          : answer(200, { metadata: { uid: made.cluster } });
      made.reviews += 1;
      if (made.who === undefined) return answer(403, {});
      const { username, uid = "", groups = [] } = made.who;
      return answer(201, { status: { userInfo: { username, uid, groups } } });
    },
  });
  const made: World = {
    pin: identityPin({
      connection,
      who: async () => await whoAmI(connection),
      current: () => Promise.resolve(made.current),
      system: still.system,
      signal: new AbortController().signal,
      cluster: "here",
      onChange: (from, to) => changes.push(`${from} -> ${to}`),
    }),
    changes,
    who: ALICE,
    cluster: "uid-1",
    away: false,
    busy: false,
    current: credentialOf("one"),
    reviews: 0,
    advance: (time) => still.advance(time),
  };
  return made;
};

const LIFE = new AbortController().signal;
const check = async (made: World, token: string): Promise<boolean> => {
  made.current = credentialOf(token);
  return await made.pin.check(made.current, LIFE);
};

describe("R-N4: a credential is used only if it is the same person's", () => {
  test("the first one pins, and the same token is asked about once", async () => {
    const made = world();
    expect(await check(made, "one")).toBe(true);
    expect(await Promise.all([check(made, "one"), check(made, "one")])).toEqual([true, true]);
    expect(made.reviews).toBe(1);
  });

  test("a hundred who bring a new one ask once", async () => {
    const made = world();
    await check(made, "one");
    await Promise.all(Array.from({ length: 100 }, async () => await check(made, "two")));
    expect(made.reviews).toBe(2);
    expect(made.changes).toEqual([]);
  });

  const OTHER = "alice, with another UID or other groups";
  test.each<[string, string, (made: World) => void]>([
    ["another name", "bob", (made) => (made.who = { ...ALICE, username: "bob" })],
    ["another uid", OTHER, (made) => (made.who = { ...ALICE, uid: "2" })],
    ["another group", OTHER, (made) => (made.who = { ...ALICE, groups: ["a", "b", "c"] })],
    ["a group less", OTHER, (made) => (made.who = { ...ALICE, groups: ["a"] })],
    ["another cluster", "alice, in another cluster", (made) => (made.cluster = "uid-2")],
  ])("%s is a change", async (_name, to, change) => {
    const made = world();
    await check(made, "one");
    change(made);
    await expect(check(made, "two")).rejects.toMatchObject({
      code: "IDENTITY_CHANGED",
      message: expect.stringContaining(`"${to}"`) as string,
    });
    await expect(check(made, "two")).rejects.toMatchObject({ code: "IDENTITY_CHANGED" });
    expect(made.changes).toHaveLength(1);
    // The old one is still good.
    await expect(made.pin.check(credentialOf("one"), LIFE)).resolves.toBe(true);
  });

  test.each<[string, (made: World) => void]>([
    ["the order of groups", (made) => (made.who = { ...ALICE, groups: ["b", "a"] })],
    ["a group that is named twice", (made) => (made.who = { ...ALICE, groups: ["b", "a", "a"] })],
    ["a namespace that may not be read any more", (made) => (made.cluster = undefined)],
  ])("%s is none", async (_name, change) => {
    const made = world();
    await check(made, "one");
    change(made);
    expect(await check(made, "two")).toBe(true);
  });

  test("a cluster that hid its namespace for a while is still known", async () => {
    const made = world();
    await check(made, "one");
    made.cluster = undefined;
    await check(made, "two");
    made.cluster = "uid-2";
    await expect(check(made, "three")).rejects.toMatchObject({ code: "IDENTITY_CHANGED" });
  });

  test("whoever opens the pages anew is pinned", async () => {
    const made = world();
    await check(made, "one");
    made.who = { username: "bob" };
    await expect(check(made, "two")).rejects.toThrow(/"bob".*"alice"/);
    made.pin.release();
    expect(await check(made, "two")).toBe(true);
    made.who = ALICE;
    await expect(check(made, "one")).rejects.toThrow(/"alice".*"bob"/);
  });

  test("a launch without a change releases nothing", async () => {
    const made = world();
    await check(made, "one");
    made.pin.release();
    made.who = { username: "bob" };
    await expect(check(made, "two")).rejects.toMatchObject({ code: "IDENTITY_CHANGED" });
  });

  test("an API server that is away is waited for; nothing is handed out meanwhile", async () => {
    const made = world();
    await check(made, "one");
    made.away = true;
    let result: boolean | undefined;
    const checking = check(made, "two").then((found) => (result = found));
    for (let second = 0; second < 60; second += 1) {
      made.advance(1_000);
      await settle();
    }
    expect(result).toBeUndefined();
    made.away = false;
    made.advance(5_000);
    await checking;
    expect(result).toBe(true);
  });

  test("a cluster that cannot say now which one it is is asked again, and not taken for the same", async () => {
    const made = world();
    await check(made, "one");
    made.busy = true;
    made.cluster = "uid-2";
    const checking = check(made, "two");
    checking.catch((): void => undefined);
    await settle();
    made.busy = false;
    made.advance(5_000);
    await expect(checking).rejects.toMatchObject({ code: "IDENTITY_CHANGED" });
  });

  test("whoever gives up waiting does not end the question", async () => {
    const made = world();
    await check(made, "one");
    const gone = new AbortController();
    made.current = credentialOf("two");
    const given = made.pin.check(made.current, gone.signal);
    gone.abort(new Error("left"));
    await expect(given).rejects.toThrow("left");
    expect(await check(made, "two")).toBe(true);
    expect(made.reviews).toBe(2);
  });

  test("an answer about another credential than the one that was asked about counts for nothing", async () => {
    const made = world();
    await check(made, "one");
    made.current = credentialOf("three");
    expect(await made.pin.check(credentialOf("two"), LIFE)).toBe(false);
  });

  test("where the cluster does not tell, the token's own word has to do", async () => {
    const jwt = (claims: object): string =>
      `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
    const made = world();
    made.who = undefined;
    made.cluster = undefined;
    expect(await check(made, jwt({ iss: "i", sub: "alice" }))).toBe(true);
    expect(await check(made, jwt({ iss: "i", sub: "alice", iat: 2 }))).toBe(true);
    await expect(check(made, jwt({ iss: "i", sub: "bob" }))).rejects.toMatchObject({
      code: "IDENTITY_CHANGED",
    });
  });

  test("whom the start has found already is not asked about again", async () => {
    const made = world();
    made.pin.start(credentialOf("one"), {
      username: "alice",
      uid: "1",
      groups: ["b", "a"],
      extra: new Map(),
    });
    expect(await check(made, "one")).toBe(true);
    expect(made.reviews).toBe(0);
    expect(await check(made, "two")).toBe(true);
  });
});
