import { describe, expect, test } from "vitest";
import type { ApiRequest } from "../../api/index.ts";
import { logTo } from "../../base/log.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { bearer, clientConfig, sourceOf } from "../../../test/api-server.ts";
import { memoryConnection } from "../../../test/memory-connection.ts";
import { clock, settle } from "../../tunnel/far-end.test-d.ts";
import type { Credential } from "../../credentials/index.ts";
import { KnownError } from "../../base/errors.ts";
import { statusOf } from "../../demo/answer.ts";
import type { IdentityPin } from "./identity-pin.ts";
import { accountPin, accountSource, parseAccount, refuseWithAccount } from "./service-account.ts";
import type { SignIn } from "./sign-in.ts";
import { signInOnce } from "./sign-in.ts";

const JWT = (jti: string): string =>
  `e30.${Buffer.from(JSON.stringify({ jti, sub: "x" })).toString("base64url")}.sig`;

const scene = () => {
  const time = clock();
  const said: string[] = [];
  const system: System = {
    ...time.system,
    log: logTo({ out: () => undefined, err: (text) => said.push(text) }, 9),
  };
  const asked: ApiRequest[] = [];
  let status = 201;
  const connection = memoryConnection({
    request: async (request) => {
      await settle();
      asked.push(request);
      const body =
        status === 201
          ? { spec: { expirationSeconds: 600 }, status: { token: JWT(`jti-${asked.length}`) } }
          : statusOf(status, "no");
      return { status, headers: [], body };
    },
  });
  const checked: Credential[] = [];
  let mine = true;
  let name = "cert-user";
  const pin: IdentityPin = {
    start: () => undefined,
    check: (credential) => {
      checked.push(credential);
      if (!mine) throw new KnownError("IDENTITY_CHANGED", "somebody else");
      return Promise.resolve(true);
    },
    name: () => name,
    person: () => undefined,
    release: () => undefined,
  };
  const person: SignIn = signInOnce(sourceOf(bearer("person")), {
    system,
    reachable: () => Promise.resolve(true),
    accepted: () => Promise.resolve(true),
  });
  const signal = new AbortController().signal;
  const source = accountSource({
    system,
    account: { namespace: "apps", name: "viewer" },
    connection,
    source: person,
    pin,
    signal,
  });
  const token = async (early = true): Promise<string> => {
    const { header } = await source.get({ early });
    return header?.kind === "bearer" ? header.token.reveal() : "";
  };
  return {
    time,
    system,
    said,
    asked,
    checked,
    source,
    person,
    pin,
    connection,
    signal,
    token,
    answer: (code: number) => (status = code),
    change: () => (mine = false),
    reopenAs: (other: string) => (name = other),
  };
};

describe("tokens of a ServiceAccount", () => {
  test("one request for all who ask at once, and one token until shortly before its end", async () => {
    const { token, asked, time } = scene();
    const all = await Promise.all([token(), token(), token()]);
    expect(new Set(all)).toEqual(new Set([JWT("jti-1")]));
    await time.advance(539_000);
    expect(await token()).toBe(JWT("jti-1"));
    expect(asked.length).toBe(1);
    await time.advance(2_000);
    expect(await Promise.all([token(), token()])).toEqual([JWT("jti-2"), JWT("jti-2")]);
    expect(asked.length).toBe(2);
  });

  test("it ends by our own clock, whatever that of the API server says", async () => {
    const { source, time } = scene();
    const { expiresAt, certificate } = await source.get();
    expect(expiresAt).toBe(Number(time.system.now()) + 600_000);
    expect(certificate).toBeUndefined();
  });

  test("the jti is in the log, and the token never is", async () => {
    const { token, said } = scene();
    const given = await token();
    const log = said.join("");
    expect(log).toContain('Token of ServiceAccount "apps/viewer" for 600 s: jti jti-1');
    expect(log).not.toContain(given);
    expect(log).not.toContain(given.split(".")[1]);
  });

  test("one that is refused is replaced once", async () => {
    const { source, asked } = scene();
    const first = await source.get();
    const [one, other] = await Promise.all([source.renew(first), source.renew(first)]);
    expect(one).toBe(other);
    expect(one).not.toBe(first);
    expect(asked.length).toBe(2);
    if (one !== undefined) expect(await source.renew(one)).toBeUndefined();
    expect(asked.length).toBe(2);
  });

  test("each use asks first whose the person's credential is, and somebody else gets nothing", async () => {
    const { token, asked, checked, change, source } = scene();
    await token();
    // Before the token is asked for, and when it is there.
    expect(checked.length).toBe(2);
    change();
    await expect(token()).rejects.toMatchObject({ code: "IDENTITY_CHANGED" });
    await expect(source.renew(await Promise.resolve(bearer("x")))).rejects.toMatchObject({
      code: "IDENTITY_CHANGED",
    });
    expect(asked.length).toBe(1);
  });

  test("whoever opens the pages anew asks for tokens of their own", async () => {
    const { token, asked, reopenAs, answer } = scene();
    expect(await token()).toBe(JWT("jti-1"));
    reopenAs("somebody-else");
    answer(403);
    await expect(token()).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(asked.length).toBe(2);
  });

  test("one that was asked for while the credential became somebody else's is not used", async () => {
    const { token, asked, change, checked } = scene();
    const given = token();
    await expect.poll(() => checked.length).toBe(1);
    change();
    await expect(given).rejects.toMatchObject({ code: "IDENTITY_CHANGED" });
    expect(asked.length).toBe(1);
  });

  test("a right that is taken away: the token in hand is used to its end, then the reason is told", async () => {
    const { token, time, answer, asked, source } = scene();
    await token();
    answer(403);
    await time.advance(545_000);
    expect(await token()).toBe(JWT("jti-1"));
    expect(await token()).toBe(JWT("jti-1"));
    expect(asked.length).toBe(2);
    await time.advance(60_000);
    await expect(token()).rejects.toMatchObject({
      code: "FORBIDDEN",
      right: { verb: "create", resource: "serviceaccounts/token" },
    });
    // Nobody has to sign in again for that.
    expect(source.state().kind).toBe("well");
    answer(201);
    await time.advance(11_000);
    expect(await token()).toBe(JWT("jti-4"));
  });

  test("its pages say both who is shown and who asked", () => {
    const { pin, system, connection, signal, source } = scene();
    let released = 0;
    const own = accountPin({
      system,
      connection,
      signal,
      config: clientConfig("https://in-memory"),
      tokens: source,
      pin: { ...pin, release: () => (released += 1) },
      cluster: "c",
      onChange: () => undefined,
    });
    expect(own.name()).toBeUndefined();
    own.start(
      { header: { kind: "bearer", token: new Secret("t") }, certificate: undefined, expiresAt: undefined },
      { username: "system:serviceaccount:apps:viewer", uid: "1", groups: [], extra: new Map() },
    );
    expect(own.name()).toBe("system:serviceaccount:apps:viewer, asked for by cert-user");
    own.release();
    expect(released).toBe(1);
  });
});

describe("--service-account", () => {
  test("NAMESPACE/NAME", () => {
    expect(parseAccount("apps/viewer.v1")).toEqual({ namespace: "apps", name: "viewer.v1" });
  });

  test.each([
    "viewer",
    "apps/",
    "/viewer",
    "apps/viewer/x",
    "Apps/viewer",
    "apps/../../nodes",
    "",
    "a/b\u001b[2J",
  ])("%j is refused", (text) => {
    expect(() => parseAccount(text)).toThrow(/NAMESPACE\/NAME/);
  });

  const account = { namespace: "apps", name: "viewer" };
  const acting = {
    ...clientConfig("https://x"),
    impersonate: { user: "alice", uid: undefined, groups: [], extra: new Map<string, readonly string[]>() },
  };
  test.each([
    ["--anonymous", { serviceAccount: account, anonymous: true, leg: "pod" }, undefined],
    ["--leg direct", { serviceAccount: account, anonymous: false, leg: "direct" }, undefined],
    ["impersonation", { serviceAccount: account, anonymous: false, leg: "pod" }, acting],
  ] as const)("it contradicts %s", (says, settings, config) => {
    expect(() => refuseWithAccount(settings, config)).toThrow(says);
    expect(() => refuseWithAccount({ ...settings, serviceAccount: undefined }, config)).not.toThrow();
  });

  test("beside a bearer token of one's own it is a choice", () => {
    expect(() =>
      refuseWithAccount({ serviceAccount: account, anonymous: false, leg: "pod" }, clientConfig("https://x")),
    ).not.toThrow();
  });
});
