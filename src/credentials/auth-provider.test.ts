import { expect, test } from "vitest";
import { clientConfig, quietSystem } from "../../test/api-server.ts";
import { Secret } from "../base/secret.ts";
import { authProviderSource } from "./auth-provider.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
/** What the provider gives without asking anybody. */
const TOKEN = `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3_600 })}.x`;

test("a client certificate goes along with the token, and a rotated one makes another credential", async () => {
  const [first, second] = ["a", "b"].map((cert) => ({ cert, key: new Secret(cert) }));
  let pair = first;
  const config = new Map([
    ["id-token", TOKEN],
    ["idp-issuer-url", "https://login.test"],
    ["client-id", "kauth"],
  ]);
  const source = authProviderSource({ name: "oidc", config }, clientConfig("https://s"), quietSystem(), {
    certificate: () => Promise.resolve(pair),
  });
  const before = await source.get();
  expect([before.header, before.certificate]).toMatchObject([{ kind: "bearer" }, first]);
  expect(await source.get()).toBe(before);
  pair = second;
  const after = await source.get();
  expect([after.header, after.certificate]).toEqual([before.header, second]);
  expect(await source.get()).toBe(after);
});
