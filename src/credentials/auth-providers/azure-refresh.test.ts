import { readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { sent } from "../../../test/auth-provider-scene.ts";
import {
  ACQUIRING,
  azure,
  CODE,
  IDS,
  isDevice,
  isRefresh,
  NOW,
  someone,
  stored,
  token,
} from "../../../test/azure-scene.ts";
import { failureOf } from "../../../test/failure.ts";

describe("the stored token", () => {
  test.each(Object.keys(stored(0)).filter((key) => !(key in IDS)))(
    "does not count without %s",
    async (key) => {
      await using cloud = await azure({});
      await using who = await someone({ ...stored(NOW + 3600), [key]: "" }, cloud);
      expect(sent(await (await who.source()).get())).toBe("Bearer canary-new");
      expect(cloud.asked.filter(isRefresh)).toEqual([]);
    },
  );

  test("serves to its very end, and shows it", async () => {
    await using cloud = await azure({ refresh: [token("fresh")] });
    await using who = await someone(stored(NOW + 100), cloud);
    const source = await who.source();
    expect((await source.get()).expiresAt).toBe((NOW + 100) * 1000);
    who.pass(99_999);
    expect(sent(await source.get())).toBe("Bearer canary-old");
    who.pass(1);
    expect(sent(await source.get())).toBe("Bearer canary-fresh");
  });

  test("with a word for its end has ended", async () => {
    await using cloud = await azure({ refresh: [token("fresh")] });
    await using who = await someone({ ...stored(0), "expires-on": "soon" }, cloud);
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-fresh");
  });
});

describe("a refresh", () => {
  test("that gives no refresh token keeps the old one", async () => {
    await using cloud = await azure({ refresh: [token("fresh", NOW + 9, { refresh_token: undefined })] });
    await using who = await someone(stored(NOW), cloud);
    await (await who.source()).get();
    expect((await who.stored())["refresh-token"]).toBe("canary-r1");
  });

  test("without expires_on counts from now, as ADFS wants it", async () => {
    await using cloud = await azure({
      refresh: [token("fresh", 0, { expires_on: undefined, expires_in: 600 })],
    });
    await using who = await someone(stored(NOW), cloud);
    expect((await (await who.source()).get()).expiresAt).toBe((NOW + 600) * 1000);
    expect(await who.stored()).toMatchObject({ "expires-in": "600", "expires-on": String(NOW + 600) });
  });

  test("that cannot be written fails, and is written by the next call", async () => {
    await using cloud = await azure({ refresh: [token("fresh")] });
    await using who = await someone(stored(NOW), cloud);
    const lock = `${who.path}.lock`;
    await writeFile(lock, "");
    const source = await who.source();
    const { code, message } = await failureOf(source.get());
    expect([code, message]).toEqual([
      "KUBECONFIG_LOCKED",
      `${ACQUIRING}storing the refreshed token in configuration: persisting the configuration: open ${lock}: file exists`,
    ]);
    await rm(lock);
    expect(sent(await source.get())).toBe("Bearer canary-fresh");
    expect((await who.stored())["refresh-token"]).toBe("canary-r-fresh");
    expect(cloud.asked.length).toBe(1);
  });

  test("one for N callers", async () => {
    await using cloud = await azure({ refresh: [token("fresh")] });
    await using who = await someone(stored(NOW), cloud);
    const source = await who.source();
    const got = await Promise.all(Array.from({ length: 10 }, async () => await source.get()));
    expect([new Set(got).size, cloud.asked.length, who.writes()]).toEqual([1, 1, 1]);
  });

  test("early, for pages, asks nobody, and the old token serves when it fails", async () => {
    await using cloud = await azure({ refresh: [{ status: 400 }, { status: 400 }] });
    await using who = await someone(stored(NOW + 100), cloud);
    const source = await who.source();
    await source.get();
    who.pass(91_000);
    expect(sent(await source.get({ early: true }))).toBe("Bearer canary-old");
    expect(cloud.asked.filter(isDevice)).toEqual([]);
    expect(who.said()).toContain("Cannot refresh your credential yet: acquiring a token");
    // Past the end a person is asked.
    who.pass(10_000);
    expect(sent(await source.get({ early: true }))).toBe("Bearer canary-new");
  });
});

describe("memory", () => {
  test("is shared in the process for the same user's configuration only", async () => {
    await using cloud = await azure({ poll: [token("one"), token("two")], device: [CODE, CODE] });
    await using who = await someone(IDS, cloud);
    const text = await readFile(who.path, "utf8");
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-one");
    // The same words again in the same file: the token in memory is theirs.
    await writeFile(who.path, text);
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-one");
    // Another tenant's token is another's.
    await writeFile(who.path, text.replace('"tenant"', '"other"'));
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-two");
  });

  test("a 401 does nothing", async () => {
    await using who = await someone(stored(NOW + 100));
    const source = await who.source();
    const credential = await source.get();
    expect(await source.renew(credential)).toBeUndefined();
    expect(await source.get()).toBe(credential);
    expect(who.writes()).toBe(0);
  });
});
