import { describe, expect, test } from "vitest";
import { quietSystem } from "../../test/api-server.ts";
import { KnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis } from "../base/units.ts";
import type { Entry } from "./entry.ts";
import { sealed } from "./envelope.ts";
import { sealingKey, type SecretPlace } from "./keyring.ts";

const system = quietSystem();
const KEY = "a".repeat(64);
const OTHER = "b".repeat(64);
const ENTRY: Entry = {
  idToken: new Secret("canary-i"),
  accessToken: new Secret("x".repeat(9000)),
  refreshToken: new Secret("canary-r"),
  expiresAt: epochMillis(5),
  obtainedAt: epochMillis(4),
  skew: undefined,
  about: { issuer: "https://a.example", clientId: "c", account: "bob" },
};
const shown = (entry: Entry | undefined): unknown =>
  entry && [entry.idToken?.reveal(), entry.accessToken?.reveal(), entry.refreshToken?.reveal(), entry.about];
const format = sealed(Buffer.alloc(32, 1), system);

describe("a sealed entry", () => {
  test("comes back whole, whatever its size, and shows no token", () => {
    const text = format.render(KEY, ENTRY);
    expect(shown(format.parse(KEY, text))).toEqual(shown(ENTRY));
    expect(text).not.toMatch(/canary|xxxx/);
    expect(text).toContain("https://a.example");
  });

  test("is another one each time", () => {
    expect(format.render(KEY, ENTRY)).not.toBe(format.render(KEY, ENTRY));
  });

  test("is none with another key", () => {
    expect(sealed(Buffer.alloc(32, 2), system).parse(KEY, format.render(KEY, ENTRY))).toBeUndefined();
  });

  test("is none under another entry's name, also where all of its names were changed", () => {
    const text = format.render(KEY, ENTRY);
    expect(format.parse(OTHER, text)).toBeUndefined();
    expect(format.parse(OTHER, text.replaceAll(KEY, OTHER))).toBeUndefined();
  });

  test("of which any byte was changed is none", () => {
    const whole = JSON.parse(format.render(KEY, ENTRY)) as { sealed: Record<string, string> };
    for (const field of ["nonce", "tag", "data"]) {
      const bytes = Buffer.from(whole.sealed[field] ?? "", "base64");
      for (let at = 0; at < Math.min(bytes.length, 64); at += 1) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const text = { ...whole, sealed: { ...whole.sealed, [field]: changed.toString("base64") } };
        expect(format.parse(KEY, JSON.stringify(text))).toBeUndefined();
      }
      const short = {
        ...whole,
        sealed: { ...whole.sealed, [field]: bytes.subarray(0, 4).toString("base64") },
      };
      expect(format.parse(KEY, JSON.stringify(short))).toBeUndefined();
    }
  });

  test("cut anywhere is none", () => {
    const text = format.render(KEY, { ...ENTRY, accessToken: undefined });
    for (let length = 0; length < text.length - 1; length += 1)
      expect(format.parse(KEY, text.slice(0, length))).toBeUndefined();
  });

  test("is wanted: one in plain text is none", () => {
    const plain = JSON.stringify({ version: 1, key: KEY, id_token: "planted" });
    expect(format.parse(KEY, plain)).toBeUndefined();
  });
});

const place = (more: Partial<SecretPlace> = {}): SecretPlace => {
  let held: Uint8Array | undefined;
  return {
    name: "a keyring",
    get: async () => await Promise.resolve(held),
    set: async (secret) => {
      held = secret;
      await Promise.resolve();
    },
    remove: async () => await Promise.resolve(true),
    ...more,
  };
};

describe("the key to sealed entries", () => {
  test("is made once, of 32 bytes of chance", async () => {
    const one = place();
    const key = await sealingKey(one, system, undefined);
    expect(key).toHaveLength(32);
    expect(await sealingKey(one, system, undefined)).toEqual(key);
    expect(await sealingKey(place(), system, undefined)).not.toEqual(key);
  });

  test.each([
    ["cannot be read", { get: async () => await Promise.reject(new Error("locked")) }, "locked"],
    ["cannot be written", { set: async () => await Promise.reject(new Error("denied")) }, "denied"],
    ["forgets", { set: async () => await Promise.resolve() }, "does not give back"],
  ])("a keyring that %s is an error that says what else there is", async (_name, more, why) => {
    const error = await sealingKey(place(more), system, undefined).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KnownError);
    expect(error).toMatchObject({
      code: "OIDC_KEYRING_UNAVAILABLE",
      exit: 2,
      message: expect.stringContaining(why) as unknown,
      hint: expect.stringContaining("--token-cache-storage disk") as unknown,
    });
  });

  test("one that does not answer is left at Ctrl-C", async () => {
    const stop = new AbortController();
    const silent = place({ get: async () => await new Promise<undefined>(() => undefined) });
    const waiting = sealingKey(silent, system, stop.signal);
    stop.abort(new Error("called off"));
    await expect(waiting).rejects.toThrow("called off");
  });
});
