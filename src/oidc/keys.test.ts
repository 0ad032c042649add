import { describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { CLIENT, fakeProvider, type FakeProvider } from "../../test/openid-scene.ts";
import { failureOf } from "../../test/failure.ts";
import type { Secret } from "../base/secret.ts";
import { epochMillis } from "../base/units.ts";
import { openWire } from "./exchange.ts";
import { verifyIdToken } from "./id-token.ts";
import { providerKeys } from "./keys.ts";

interface Judge {
  (token: Secret): Promise<unknown>;
  pass(milliseconds: number): void;
}

const judgeOf = (provider: FakeProvider): Judge => {
  let now = Date.now();
  const system = { ...quietSystem(), now: () => epochMillis(now) };
  const wire = openWire({}, system);
  const key = providerKeys(`${provider.issuer}/keys`, wire, system);
  const metadata = { issuer: provider.issuer, signingAlgorithms: ["RS256", "ES256"] };
  return Object.assign(
    async (token: Secret) =>
      await verifyIdToken(token, key, {
        metadata,
        clientId: CLIENT,
        now: epochMillis(Date.now()),
        skew: undefined,
      }),
    { pass: (milliseconds: number) => (now += milliseconds) },
  );
};

describe("the provider's keys", () => {
  test("are asked for once, however many tokens come", async () => {
    await using provider = await fakeProvider();
    const judge = judgeOf(provider);
    const token = await provider.sign();
    await Promise.all(Array.from({ length: 10 }, async () => await judge(token)));
    await judge(token);
    expect(provider.count("/keys")).toBe(1);
  });

  test("are asked for again at once for one that is new", async () => {
    await using provider = await fakeProvider();
    const all = provider.published.keys;
    provider.published.keys = all.filter(({ kid }) => kid !== "ES256");
    const judge = judgeOf(provider);
    await judge(await provider.sign());
    provider.published.keys = all;
    await judge(await provider.sign({}, { alg: "ES256" }));
    expect(provider.count("/keys")).toBe(2);
  });

  test("are asked for again for one that nobody has, every 30 s at most", async () => {
    await using provider = await fakeProvider();
    const all = provider.published.keys;
    provider.published.keys = all.filter(({ kid }) => kid !== "ES256");
    const judge = judgeOf(provider);
    await judge(await provider.sign());
    const rotated = await provider.sign({}, { alg: "ES256" });
    for (let turn = 0; turn < 5; turn += 1)
      expect((await failureOf(judge(rotated))).message).toMatch(/does not publish$/);
    expect(provider.count("/keys")).toBe(2);
    provider.published.keys = all;
    judge.pass(29_999);
    await failureOf(judge(rotated));
    expect(provider.count("/keys")).toBe(2);
    judge.pass(1);
    await judge(rotated);
    expect(provider.count("/keys")).toBe(3);
    // One that nobody has costs one question in 30 s.
    judge.pass(31_000);
    const unknown = await provider.sign({}, { kid: "nobody's" });
    for (let turn = 0; turn < 5; turn += 1) await failureOf(judge(unknown));
    expect(provider.count("/keys")).toBe(4);
  });

  test("that are none are an error of the provider's", async () => {
    await using provider = await fakeProvider(({ path }) =>
      path === "/html" ? { body: "<html>" } : path === "/odd" ? { body: { keys: [1] } } : { status: 503 },
    );
    const token = await provider.sign();
    for (const [path, code] of [
      ["/html", "OIDC_PROVIDER_INVALID"],
      ["/odd", "OIDC_PROVIDER_INVALID"],
      ["/down", "OIDC_PROVIDER_BUSY"],
    ] as const) {
      const system = quietSystem();
      const wire = openWire({}, system);
      const metadata = { issuer: provider.issuer, signingAlgorithms: ["RS256"] };
      const key = providerKeys(`${provider.issuer}${path}`, wire, system);
      const judged = verifyIdToken(token, key, {
        metadata,
        clientId: CLIENT,
        now: system.now(),
        skew: undefined,
      });
      expect((await failureOf(judged)).code).toBe(code);
    }
  });
});
