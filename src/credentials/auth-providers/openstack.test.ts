import { rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  fakeCloud,
  person,
  sent,
  type Answer,
  type FakeCloud,
  type Person,
} from "../../../test/auth-provider-scene.ts";
import { failureOf } from "../../../test/failure.ts";

const FULL = {
  identityEndpoint: "https://keystone.example/v3",
  username: "me",
  password: "canary-p",
  name: "Default",
  tenantId: "t",
  tenantName: "n",
};
const TTL = { ttl: "10m0s" };

const token = (name: string): Answer => ({
  status: 201,
  headers: { "X-Subject-Token": `canary-${name}` },
  body: { token: {} },
});

const keystone = async (
  answers: readonly (Answer | "cut")[] = [token("one"), token("two"), token("three")],
): Promise<FakeCloud> => await fakeCloud((_asked, turn) => answers[turn - 1] ?? { status: 500 });

const someone = async (
  config: Readonly<Record<string, string>>,
  cloud?: FakeCloud,
  env: Readonly<Record<string, string>> = {},
): Promise<Person> => await person("openstack", config, { env: { ...cloud?.env, ...env } });

const WARNED = /Warning: (.*); going on without a token\n/;

describe("what the kubeconfig has to say", () => {
  const endpoint = 'empty "identityEndpoint" in the config for openstack auth provider';
  test.each([
    ["a name without an endpoint", { ...TTL, username: "me" }, endpoint],
    ["a password without an endpoint", { ...TTL, password: "canary-p" }, endpoint],
    ["a domain without an endpoint", { ...TTL, name: "d" }, endpoint],
    ["a tenant without an endpoint", { ...TTL, tenantId: "t" }, endpoint],
    ["a tenant's name without an endpoint", { ...TTL, tenantName: "t" }, endpoint],
    [
      "a ttl that is no time",
      { ...FULL, ttl: "soon" },
      'failed to parse ttl config: time: invalid duration "soon"',
    ],
    [
      "a ttl without a unit",
      { ...FULL, ttl: "10" },
      'failed to parse ttl config: time: missing unit in duration "10"',
    ],
    ["an empty ttl", { ...FULL, ttl: "" }, 'failed to parse ttl config: time: invalid duration ""'],
  ])("%s", async (_name, config, wanted) => {
    await using who = await someone(config);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["CLIENT_CONFIG_INVALID", wanted]);
  });

  test("without a ttl it gets one, which is written before anything else", async () => {
    await using cloud = await keystone();
    await using who = await someone(FULL, cloud);
    const source = await who.source();
    expect(sent(await source.get())).toBe("Bearer canary-one");
    expect(await who.stored()).toEqual({ ...FULL, ttl: "10m0s" });
    await source.get();
    who.pass(700_000);
    await source.get();
    expect(who.writes()).toBe(1);
  });

  test("a ttl that cannot be written is an error, until it can", async () => {
    await using cloud = await keystone();
    await using who = await someone(FULL, cloud);
    const lock = `${who.path}.lock`;
    await writeFile(lock, "");
    const source = await who.source();
    const { code, message } = await failureOf(source.get());
    expect([code, message]).toEqual([
      "KUBECONFIG_LOCKED",
      `failed to persist config: open ${lock}: file exists`,
    ]);
    await rm(lock);
    expect(sent(await source.get())).toBe("Bearer canary-one");
  });

  test("a ttl alone leaves the rest to the environment", async () => {
    await using cloud = await keystone();
    const env = {
      OS_AUTH_URL: "https://keystone.example",
      OS_APPLICATION_CREDENTIAL_ID: "a",
      OS_APPLICATION_CREDENTIAL_SECRET: "canary-s",
    };
    await using who = await someone(TTL, cloud, env);
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-one");
    expect(JSON.parse(cloud.asked[0]?.body ?? "")).toEqual({
      auth: {
        identity: {
          methods: ["application_credential"],
          application_credential: { id: "a", secret: "canary-s" },
        },
      },
    });
    expect(who.writes()).toBe(0);
  });

  test("the environment does not add to a full one", async () => {
    await using cloud = await keystone();
    await using who = await someone({ ...FULL, ...TTL }, cloud, {
      OS_AUTH_URL: "https://other.example",
      OS_USERID: "7",
    });
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-one");
    const [asked] = cloud.asked;
    expect([asked?.method, asked?.host, asked?.path, cloud.proxied]).toEqual([
      "POST",
      "keystone.example",
      "/v3/auth/tokens",
      ["keystone.example:443"],
    ]);
    expect(JSON.parse(asked?.body ?? "")).toEqual({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "me", password: "canary-p", domain: { name: "Default" } } },
        },
        scope: { project: { id: "t" } },
      },
    });
  });
});

describe("a token", () => {
  test.each([
    ["10m0s", 600],
    ["1.5h", 5400],
    ["0s", 0],
  ])("with ttl %s serves %d s, and then there is another", async (ttl, seconds) => {
    await using cloud = await keystone();
    await using who = await someone({ ...FULL, ttl }, cloud);
    const source = await who.source();
    const first = await source.get();
    expect(first.expiresAt).toBe(who.system.now() + seconds * 1000);
    who.pass(seconds * 1000);
    expect(await source.get()).toBe(first);
    who.pass(1);
    expect(sent(await source.get())).toBe("Bearer canary-two");
  });

  test("one for N callers", async () => {
    await using cloud = await keystone();
    await using who = await someone({ ...FULL, ...TTL }, cloud);
    const source = await who.source();
    await Promise.all(Array.from({ length: 10 }, async () => await source.get()));
    expect(cloud.asked.length).toBe(1);
  });

  test("is not given up for a 401, and nothing is written", async () => {
    await using cloud = await keystone();
    await using who = await someone({ ...FULL, ...TTL }, cloud);
    const source = await who.source();
    const credential = await source.get();
    expect(await source.renew(credential)).toBeUndefined();
    expect(await source.get()).toBe(credential);
    expect([cloud.asked.length, who.writes()]).toEqual([1, 0]);
  });

  test("is fetched anew before its end for pages, and serves on when that fails", async () => {
    await using cloud = await keystone([token("one"), { status: 503 }, token("two")]);
    await using who = await someone({ ...FULL, ...TTL }, cloud);
    const source = await who.source();
    await source.get();
    who.pass(541_000);
    expect(sent(await source.get({ early: true }))).toBe("Bearer canary-one");
    expect(who.said()).toContain("Cannot refresh your credential yet: failed to get token: ");
    who.pass(10_000);
    expect(sent(await source.get({ early: true }))).toBe("Bearer canary-two");
  });
});

describe("where no token can be had the request goes without one, and the reason is told", () => {
  const env =
    "failed to get token: failed to read openstack env vars: Missing environment variable [OS_AUTH_URL]";
  const post =
    "failed to get token: authentication failed: Expected HTTP response code [201] when accessing [POST https://keystone.example/v3/auth/tokens], but got";
  test.each<[string, Readonly<Record<string, string>>, Answer | "cut", RegExp | string]>([
    ["an empty environment", TTL, {}, env],
    [
      "a refusal",
      { ...FULL, ...TTL },
      { status: 401, body: { error: { message: "wrong\u001b password=canary-p" } } },
      `${post} 401 Unauthorized instead: wrong\\u{1b} password=[redacted]`,
    ],
    [
      "a page",
      { ...FULL, ...TTL },
      { status: 502, body: "<html>canary" },
      `${post} 502 Bad Gateway instead: `,
    ],
    [
      "no header",
      { ...FULL, ...TTL },
      { status: 201 },
      "failed to get token: authentication failed: Keystone's answer has no X-Subject-Token",
    ],
    [
      "a broken connection",
      { ...FULL, ...TTL },
      "cut",
      /^failed to get token: authentication failed: The connection to https:\/\/keystone\.example was lost/,
    ],
    [
      "a name without a domain",
      { identityEndpoint: "https://keystone.example", username: "me", password: "canary-p", ...TTL },
      {},
      "failed to get token: authentication failed: You must provide exactly one of DomainID or DomainName to authenticate by Username",
    ],
    [
      "an endpoint that is none",
      { ...FULL, ...TTL, identityEndpoint: "keystone" },
      {},
      "failed to get token: authentication failed: Cannot use the identity endpoint: it is no http or https URL",
    ],
  ])("%s", async (_name, config, answer, wanted) => {
    await using cloud = await keystone([answer, answer, token("late")]);
    await using who = await someone(config, cloud);
    const source = await who.source();
    const credential = await source.get();
    expect([credential.header, sent(credential), source.method]).toEqual([
      undefined,
      undefined,
      "auth-provider",
    ]);
    await source.get();
    const warned = [...who.said().matchAll(new RegExp(WARNED, "g"))].map(([, text]) => text);
    expect(warned.length).toBe(1);
    if (typeof wanted === "string") expect(warned[0]).toBe(wanted);
    else expect(warned[0]).toMatch(wanted);
    expect(who.said()).not.toContain("canary");
  });

  test("each request asks again", async () => {
    await using cloud = await keystone([{ status: 503 }, token("two")]);
    await using who = await someone({ ...FULL, ...TTL }, cloud);
    const source = await who.source();
    expect(sent(await source.get())).toBeUndefined();
    expect(sent(await source.get())).toBe("Bearer canary-two");
  });

  test("a token with a line break is none", async () => {
    await using cloud = await keystone([{ status: 201, headers: { "X-Subject-Token": "canary x" } }]);
    await using who = await someone({ ...FULL, ...TTL }, cloud);
    expect(sent(await (await who.source()).get())).toBeUndefined();
    expect(who.said()).not.toContain("canary");
  });
});
