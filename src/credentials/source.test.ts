import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { logTo } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import { realSystem, type System } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import { loadKubeconfig, selectContext } from "../kubeconfig/index.ts";
import { credentialHeaders, sameCertificate } from "./apply.ts";
import { credentialSource } from "./source.ts";
import { checkToken, tokenExpiry } from "./token.ts";
import type { CredentialSource } from "./types.ts";

let directory: string;
let now: number;
let said: string;
let system: System;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-credentials-"));
  now = 1_000_000;
  said = "";
  system = {
    ...realSystem(),
    now: () => epochMillis(now),
    log: logTo({ out: () => undefined, err: (text) => (said += text) }, 9),
    spawn: () => {
      throw new Error("no plugin may run here");
    },
  };
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const source = async (user: string, server = "https://s"): Promise<CredentialSource> => {
  const text = `
users: [{name: u, user: {${user}}}]
clusters: [{name: c, cluster: {server: "${server}"}}]`;
  const explicit = join(directory, "config");
  await writeFile(explicit, text);
  const kubeconfig = await loadKubeconfig(system, { explicit });
  return credentialSource(selectContext(kubeconfig, { user: "u", cluster: "c" }), system);
};
const header = async (from: CredentialSource): Promise<string | undefined> =>
  credentialHeaders(await from.get())[0]?.[1];
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

const EXEC = "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}";
const PAIR = "client-certificate-data: Y2VydA==, client-key-data: a2V5";

describe("which field gives the credential (§1.6)", () => {
  test.each([
    ["nothing", "", "https://s", "none", undefined, false],
    ["a token", "token: t", "https://s", "token", "Bearer t", false],
    ["a name and a password", "username: a, password: 'p:ö'", "https://s", "basic", basic("a:p:ö"), false],
    ["a name alone", "username: a", "https://s", "basic", basic("a:"), false],
    ["a certificate", PAIR, "https://s", "certificate", undefined, true],
    ["a token and a certificate", `token: t, ${PAIR}`, "https://s", "token", "Bearer t", true],
    ["a token before a plugin", `token: t, ${EXEC}`, "https://s", "token", "Bearer t", false],
    ["a name before a plugin", `username: a, ${EXEC}`, "https://s", "basic", basic("a:"), false],
    ["a certificate before a plugin", `${PAIR}, ${EXEC}`, "https://s", "certificate", undefined, true],
    ["a token over plain http", "token: t", "http://s", "none", undefined, false],
    ["a token without a scheme", "token: t", "s:80", "none", undefined, false],
    ["a plugin over plain http", EXEC, "http://s", "none", undefined, false],
    ["a certificate over plain http", PAIR, "http://s", "none", undefined, false],
  ])("%s", async (_name, user, server, method, wanted, certificate) => {
    const from = await source(user, server);
    const credential = await from.get();
    expect([from.method, await header(from), credential.certificate !== undefined]).toEqual([
      method,
      wanted,
      certificate,
    ]);
    expect(await from.renew(credential)).toBeUndefined();
    expect(await from.get()).toBe(credential);
  });

  test("a plugin alone", async () => {
    expect((await source(EXEC)).method).toBe("exec");
  });

  test("printing a credential shows none of it (R-H1)", async () => {
    const credential = await (await source(`token: canary, ${PAIR.replace("a2V5", "Y2FuYXJ5")}`)).get();
    expect(`${JSON.stringify(credential)}${inspect(credential)}`).not.toContain("canary");
  });
});

describe("a token file", () => {
  const put = (text: string): Promise<void> => writeFile(join(directory, "token"), text);

  test("wins over token, also when that was a flag (O7)", async () => {
    await put(" from-file\n");
    const from = await source("token: t, tokenFile: token");
    expect([from.method, await header(from)]).toEqual(["token-file", "Bearer from-file"]);
  });

  test("is read again after 50 s, and not before", async () => {
    await put("one");
    const from = await source("tokenFile: token");
    const first = await from.get();
    await put("two");
    now += 49_999;
    expect(await from.get()).toBe(first);
    now += 1;
    expect(await header(from)).toBe("Bearer two");
    expect(await from.renew(first)).toBe(await from.get());
  });

  test("is read again after the clock was set back (F26)", async () => {
    await put("one");
    const from = await source("tokenFile: token");
    await from.get();
    await put("two");
    now -= 3_600_000;
    expect(await header(from)).toBe("Bearer two");
  });

  test("read again with the same text gives the same credential", async () => {
    await put("one");
    const from = await source("tokenFile: token");
    const first = await from.get();
    now += 60_000;
    expect(await from.get()).toBe(first);
  });

  test.each([
    ["missing", (): Promise<void> => rm(join(directory, "token"))],
    ["empty", (): Promise<void> => put(" \n")],
    ["too large", (): Promise<void> => put("x".repeat(40_000))],
    ["no token", (): Promise<void> => put("a\r\nX-Evil: b")],
  ])("that becomes %s leaves the last good token", async (_name, spoil) => {
    await put("one");
    const from = await source("tokenFile: token");
    await from.get();
    await spoil();
    now += 50_000;
    expect(await header(from)).toBe("Bearer one");
    expect(said).toMatch(/token (from )?file "/);
    expect(said).not.toContain("Evil");
  });

  test("missing at the start falls back to token", async () => {
    expect(await header(await source("token: t, tokenFile: token"))).toBe("Bearer t");
  });

  test("missing at the start without a token is an error", async () => {
    const { code, message } = await failureOf((await source("tokenFile: token")).get());
    expect(code).toBe("TOKEN_FILE_UNREADABLE");
    expect(message).toContain(join(directory, "token"));
    await put("");
    expect((await failureOf((await source("tokenFile: token")).get())).code).toBe("TOKEN_FILE_UNREADABLE");
  });
});

describe("a client certificate", () => {
  test("is read from its files, once, and again after a failure", async () => {
    const from = await source("client-certificate: c.crt, client-key: c.key");
    await writeFile(join(directory, "c.crt"), "cert");
    const error = await failureOf(from.get());
    expect(error.code).toBe("CLIENT_CONFIG_INVALID");
    expect(error.message).toContain(`unable to read client-key ${join(directory, "c.key")} for u due to `);
    await writeFile(join(directory, "c.key"), "key");
    const { certificate } = await from.get();
    expect([certificate?.cert, certificate?.key.reveal()]).toEqual(["cert", "key"]);
    await rm(join(directory, "c.key"));
    expect((await from.get()).certificate).toBe(certificate);
  });

  test("of more than 256 KiB is refused", async () => {
    await writeFile(join(directory, "c.crt"), "x".repeat(300_000));
    const error = await failureOf((await source("client-certificate: c.crt, client-key-data: aw==")).get());
    expect(error.message).toContain("unable to read client-cert ");
  });

  test("is the same when certificate and key are", () => {
    const pair = (cert: string, key: string) => ({ cert, key: new Secret(key) });
    expect(sameCertificate(pair("a", "b"), pair("a", "b"))).toBe(true);
    expect(sameCertificate(pair("a", "b"), pair("a", "c"))).toBe(false);
    expect(sameCertificate(pair("a", "b"), undefined)).toBe(false);
    expect(sameCertificate(undefined, undefined)).toBe(true);
  });
});

describe("a token", () => {
  test.each([
    ["with a line break", "canary\r\nX: y"],
    ["with a space", "canary b"],
    ["with a letter of Latin-1", "canaryé"],
    ["with NUL", "canary\0"],
    ["that is empty", ""],
    ["of more than 16 KiB", "canary".repeat(3000)],
  ])("%s is refused and not quoted", (_name, text) => {
    const check = (): Secret => checkToken(text, "kubeconfig");
    expect(check).toThrow(KnownError);
    expect(check).not.toThrow(/canary/);
  });

  test("whatever passes can stand in a header", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        try {
          expect(new Headers({ a: checkToken(text, "test").reveal() }).get("a")).toBe(text);
        } catch (error) {
          if (!(error instanceof KnownError)) throw error;
        }
      }),
    );
  });

  const jwt = (claims: string): Secret => new Secret(`a.${Buffer.from(claims).toString("base64url")}.c`);
  test.each([
    ["of a JWT", jwt('{"exp":12}'), 12_000],
    ["that is no number", jwt('{"exp":"12"}'), undefined],
    ["that is later than any date", jwt('{"exp":1e300}'), undefined],
    ["that is past the year 9999", jwt('{"exp":1e13}'), undefined],
    ["that is the last of it", jwt('{"exp":253402300799}'), 253_402_300_799_000],
    ["that is before the year 1", jwt('{"exp":-1e18}'), undefined],
    ["that is infinite", jwt('{"exp":1e400}'), undefined],
    ["of a JWT without one", jwt("{}"), undefined],
    ["of claims that are null", jwt("null"), undefined],
    ["of something else", new Secret("a.!.c"), undefined],
    ["of an opaque token", new Secret("opaque"), undefined],
  ])("the end %s", (_name, token, wanted) => {
    expect(tokenExpiry(token)).toBe(wanted);
  });
});
