import { readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { fakeCloud, idToken, sent, type Answer } from "../../../test/auth-provider-scene.ts";
import {
  BASE,
  ENDPOINT,
  FRESH,
  GOOD,
  isDiscovery,
  NOW,
  OLD,
  provider,
  someone,
  tokenRequests,
} from "../../../test/oidc-scene.ts";
import { failureOf } from "../../../test/failure.ts";

describe("what is written back", () => {
  test.each([
    ["a rotated refresh token", "canary-r2", "canary-r2"],
    ["the same one", "canary-r1", "canary-r1"],
    ["none", undefined, "canary-r1"],
  ])("with %s: all old keys and the new tokens, before one is used", async (_name, refreshed, stored) => {
    await using cloud = await provider([
      {
        body: {
          access_token: "a",
          id_token: FRESH,
          ...(refreshed === undefined ? {} : { refresh_token: refreshed }),
        },
      },
    ]);
    await using who = await someone({ ...BASE, "id-token": OLD, other: "kept" }, cloud);
    await (await who.source()).get();
    expect(await who.stored()).toEqual({
      ...BASE,
      other: "kept",
      "id-token": FRESH,
      "refresh-token": stored,
    });
    expect(who.writes()).toBe(1);
    // The next process starts from there.
    expect(sent(await (await who.source({ ...who.system, shared: (_key, make) => make() })).get())).toBe(
      `Bearer ${FRESH}`,
    );
    expect(tokenRequests(cloud).length).toBe(1);
  });

  test("the next refresh uses the rotated token", async () => {
    const short = idToken({ exp: NOW + 100 });
    await using cloud = await provider([
      { body: { access_token: "a", id_token: short, refresh_token: "canary-r2" } },
      GOOD,
    ]);
    await using who = await someone(BASE, cloud);
    const source = await who.source();
    await source.get();
    who.pass(95_000);
    await source.get();
    expect(tokenRequests(cloud).map(({ form }) => form["refresh_token"])).toEqual(["canary-r1", "canary-r2"]);
  });

  test("that fails, the request fails, and the new refresh token is kept until it is written", async () => {
    await using cloud = await fakeCloud(async (asked) => {
      if (isDiscovery(asked)) return { body: { token_endpoint: ENDPOINT } };
      await writeFile(lock, "");
      return { body: { access_token: "a", id_token: FRESH, refresh_token: "canary-r2" } };
    });
    await using who = await someone({ ...BASE, "id-token": OLD }, cloud);
    const lock = `${who.path}.lock`;
    const source = await who.source();
    for (let turn = 0; turn < 2; turn += 1) {
      const { code, message, hint } = await failureOf(source.get());
      expect([code, message]).toEqual([
        "KUBECONFIG_LOCKED",
        `could not persist new tokens: open ${lock}: file exists`,
      ]);
      expect(hint).toContain(lock);
    }
    expect((await who.stored())["refresh-token"]).toBe("canary-r1");
    await rm(lock);
    expect(sent(await source.get())).toBe(`Bearer ${FRESH}`);
    expect((await who.stored())["refresh-token"]).toBe("canary-r2");
    expect(tokenRequests(cloud).length).toBe(1);
  });

  test("too late for its ID token, the kept refresh token gets another", async () => {
    const short = idToken({ exp: NOW + 100 });
    let turn = 0;
    await using cloud = await fakeCloud(async (asked) => {
      if (isDiscovery(asked)) return { body: { token_endpoint: ENDPOINT } };
      turn += 1;
      if (turn > 1) return GOOD;
      await writeFile(lock, "");
      return { body: { access_token: "a", id_token: short, refresh_token: "canary-r2" } };
    });
    await using who = await someone(BASE, cloud);
    const lock = `${who.path}.lock`;
    const source = await who.source();
    await failureOf(source.get());
    await rm(lock);
    who.pass(200_000);
    expect(sent(await source.get())).toBe(`Bearer ${FRESH}`);
    expect(tokenRequests(cloud).map(({ form }) => form["refresh_token"])).toEqual(["canary-r1", "canary-r2"]);
    expect(await who.stored()).toMatchObject({ "refresh-token": "canary-r2", "id-token": FRESH });
  });

  test.each<[string, (path: string) => Promise<void>, string]>([
    ["that is locked", async (path) => await writeFile(`${path}.lock`, ""), "KUBECONFIG_LOCKED"],
    [
      "that is no UTF-8",
      async (path) => {
        const text = "users:\n- {name: u, user: {auth-provider: {name: oidc, config: {}}}}\n# ";
        await writeFile(path, Buffer.concat([Buffer.from(text), Buffer.from([0xff])]));
      },
      "KUBECONFIG_UNWRITABLE",
    ],
  ])("costs no refresh token in a file %s", async (_name, spoil, wanted) => {
    await using cloud = await provider([GOOD]);
    await using who = await someone(BASE, cloud);
    const source = await who.source();
    await spoil(who.path);
    const { code, message } = await failureOf(source.get());
    expect([code, message.startsWith("could not persist new tokens: ")]).toEqual([wanted, true]);
    expect(tokenRequests(cloud)).toEqual([]);
  });

  test.each([
    ["half a character", `${FRESH}\ud800`, "TOKEN_INVALID"],
    ["a line break", `${FRESH}\r\nX: y`, "TOKEN_INVALID"],
    ["nothing", "", "AUTH_PROVIDER_FAILED"],
  ])("is a rotated refresh token even where the ID token has %s", async (_name, bad, wanted) => {
    await using cloud = await provider([
      { body: { access_token: "a", id_token: bad, refresh_token: "canary-r2" } },
      GOOD,
    ]);
    await using who = await someone({ ...BASE, "id-token": OLD }, cloud);
    const source = await who.source();
    expect((await failureOf(source.get())).code).toBe(wanted);
    expect(await who.stored()).toMatchObject({ "id-token": OLD, "refresh-token": "canary-r2" });
    expect(sent(await source.get())).toBe(`Bearer ${FRESH}`);
    expect(tokenRequests(cloud).map(({ form }) => form["refresh_token"])).toEqual(["canary-r1", "canary-r2"]);
  });

  test("is no refresh token that kubectl could not read", async () => {
    await using cloud = await provider([
      { body: { access_token: "a", id_token: FRESH, refresh_token: "canary\ud800" } },
    ]);
    await using who = await someone({ ...BASE, "id-token": OLD }, cloud);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual([
      "KUBECONFIG_UNWRITABLE",
      expect.stringContaining("half of a character"),
    ]);
    expect(await who.stored()).toEqual({ ...BASE, "id-token": OLD });
  });

  test("is nothing where the user was taken out of the file", async () => {
    await using cloud = await provider([GOOD]);
    await using who = await someone(BASE, cloud);
    const source = await who.source();
    await writeFile(who.path, "users: []\n");
    expect(sent(await source.get())).toBe(`Bearer ${FRESH}`);
    expect(await readFile(who.path, "utf8")).toBe("users: []\n");
  });
});

describe("when it works", () => {
  test("N callers at once: one refresh, one writing", async () => {
    await using cloud = await provider([GOOD]);
    await using who = await someone(BASE, cloud);
    const source = await who.source();
    const got = await Promise.all(Array.from({ length: 20 }, async () => await source.get()));
    expect(new Set(got).size).toBe(1);
    expect([tokenRequests(cloud).length, who.writes()]).toEqual([1, 1]);
  });

  test("a caller that goes away does not stop it for its refresh token", async () => {
    const { promise, resolve } = withResolvers<Answer>();
    await using cloud = await fakeCloud((asked) =>
      isDiscovery(asked) ? { body: { token_endpoint: ENDPOINT } } : promise,
    );
    await using who = await someone(BASE, cloud);
    const source = await who.source();
    const stop = new AbortController();
    const first = source.get({ signal: stop.signal });
    await expect.poll(() => tokenRequests(cloud).length).toBe(1);
    stop.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    const second = source.get();
    resolve(GOOD);
    expect(sent(await second)).toBe(`Bearer ${FRESH}`);
    expect(tokenRequests(cloud).length).toBe(1);
    expect((await who.stored())["id-token"]).toBe(FRESH);
  });

  test("an error is not remembered", async () => {
    await using cloud = await provider([{ status: 500 }, { status: 500 }, GOOD]);
    await using who = await someone(BASE, cloud);
    const source = await who.source();
    await failureOf(source.get());
    expect(sent(await source.get())).toBe(`Bearer ${FRESH}`);
  });

  test("a 401 does nothing", async () => {
    await using cloud = await provider([]);
    await using who = await someone({ ...BASE, "id-token": FRESH }, cloud);
    const source = await who.source();
    const credential = await source.get();
    expect(await source.renew(credential)).toBeUndefined();
    expect(await source.get()).toBe(credential);
    expect([cloud.asked, who.writes()]).toEqual([[], 0]);
  });

  test("a 401 to an older credential gives the newer one", async () => {
    const short = idToken({ exp: NOW + 100 });
    await using cloud = await provider([GOOD]);
    await using who = await someone({ ...BASE, "id-token": short }, cloud);
    const source = await who.source();
    const old = await source.get();
    who.pass(95_000);
    const renewed = await source.get();
    expect(await source.renew(old)).toBe(renewed);
  });
});

describe("before the end, for pages", () => {
  const HOUR = idToken({ iat: NOW, exp: NOW + 3600 });
  const MINUTES = idToken({ iat: NOW, exp: NOW + 300 });
  test.each([
    ["an hour's token 61 s before", HOUR, 3539, false],
    ["an hour's token 60 s before", HOUR, 3540, true],
    ["five minutes' token 31 s before", MINUTES, 269, false],
    ["five minutes' token 30 s before", MINUTES, 270, true],
  ])("%s", async (_name, token, seconds, refreshed) => {
    const next = idToken({ iat: NOW + seconds, exp: NOW + 9999 });
    await using cloud = await provider([{ body: { access_token: "a", id_token: next } }]);
    await using who = await someone({ ...BASE, "id-token": token }, cloud);
    const source = await who.source();
    who.pass(seconds * 1000);
    expect(sent(await source.get())).toBe(`Bearer ${token}`);
    expect(sent(await source.get({ early: true }))).toBe(`Bearer ${refreshed ? next : token}`);
  });

  test("the old one serves to its very end, with one warning and a pause", async () => {
    await using cloud = await provider([]);
    await using who = await someone({ ...BASE, "id-token": MINUTES }, cloud);
    const source = await who.source();
    who.pass(271_000);
    for (let turn = 0; turn < 3; turn += 1)
      expect(sent(await source.get({ early: true }))).toBe(`Bearer ${MINUTES}`);
    expect(tokenRequests(cloud).length).toBe(2);
    who.pass(10_000);
    expect(sent(await source.get({ early: true }))).toBe(`Bearer ${MINUTES}`);
    expect(tokenRequests(cloud).length).toBe(4);
    // Within client-go's margin: its callers fail, pages go on.
    who.pass(12_000);
    expect((await failureOf(source.get())).message).toMatch(/^failed to refresh token/);
    expect(sent(await source.get({ early: true }))).toBe(`Bearer ${MINUTES}`);
    who.pass(8_000);
    await failureOf(source.get({ early: true }));
    expect(who.said().match(/Cannot refresh your credential yet/g)?.length).toBe(1);
    expect(who.said()).not.toContain("canary");
  });
});

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function withResolvers<T>(): Resolvers<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
