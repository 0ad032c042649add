import { describe, expect, test } from "vitest";
import { hurriedSystem } from "../../test/api-server.ts";
import { CLIENT, fakeProvider, LOADED, type FakeProvider, type Reply } from "../../test/openid-scene.ts";
import { failureOf } from "../../test/failure.ts";
import { isKnownError } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, millis } from "../base/units.ts";
import type { Entry } from "./entry.ts";
import { signIn } from "./sign-in.ts";
import type { Presentation, SignInAround, SignInWishes, Storage } from "./sign-in-types.ts";

const NOW = epochMillis(LOADED * 1000);

interface Scene {
  readonly wishes: SignInWishes;
  readonly around: SignInAround;
  readonly events: readonly string[];
  kept(): Entry | undefined;
}

/** A person never signs in here: that a browser would have been opened is what a test looks for. */
const sceneOf = (
  provider: FakeProvider,
  kept: Entry | undefined,
  more: Partial<SignInWishes> = {},
): Scene => {
  const events: string[] = [];
  let held = kept;
  const storage: Storage = {
    place: "/nowhere",
    read: () => Promise.resolve(held),
    write: (_key, entry) => {
      held = entry;
      events.push("kept");
      return Promise.resolve(true);
    },
    remove: () => {
      held = undefined;
      events.push("forgotten");
      return Promise.resolve();
    },
  };
  const presentation: Presentation = {
    browserFault: () => Promise.resolve(undefined),
    seen: true,
    answers: false,
    skipBrowser: false,
    openPage: () => {
      events.push("browser");
      return Promise.reject(new Error("a browser was opened"));
    },
    showPage: () => undefined,
    showDevice: () => Promise.resolve(),
    tell: () => undefined,
    ask: () => Promise.resolve(undefined),
    loginCommand: "kauth oidc login",
  };
  const system = { ...hurriedSystem(), now: () => NOW };
  return {
    events,
    kept: () => held,
    wishes: {
      key: "k",
      issuer: provider.issuer,
      clientId: CLIENT,
      reach: {},
      grant: "auto",
      scopes: [],
      pkce: "auto",
      extra: new Map(),
      useAccessToken: false,
      callback: { ports: [0] },
      patience: millis(60_000),
      least: "kept",
      ...more,
    },
    around: {
      system,
      signal: new AbortController().signal,
      storage,
      presentation,
      singleFlight: async (_key, lead, { signal }) => {
        const entry = await lead({ signal, beforeAsking: () => Promise.resolve() });
        events.push("given");
        return entry;
      },
    },
  };
};

/** A token that is over, or is in so many seconds, and can be renewed. */
const entryOf = async (provider: FakeProvider, left: number): Promise<Entry> => ({
  idToken: await provider.sign({ iat: LOADED - 3600, exp: LOADED + left }),
  accessToken: undefined,
  refreshToken: new Secret("refresh-1"),
  expiresAt: undefined,
});

const refreshing = async (
  answer: (provider: FakeProvider) => Reply | Promise<Reply>,
): Promise<FakeProvider> => {
  const made: { provider?: FakeProvider } = {};
  made.provider = await fakeProvider(async ({ path }) =>
    path === "/token" && made.provider !== undefined ? await answer(made.provider) : { status: 404 },
  );
  return made.provider;
};

const tokens = async (provider: FakeProvider, claims = {}): Promise<Reply> => ({
  body: {
    access_token: "access",
    token_type: "Bearer",
    id_token: (await provider.sign(claims)).reveal(),
    refresh_token: "refresh-2",
  },
});

describe("a refresh", () => {
  test("gives a new token, and what was rotated is kept before it is given", async () => {
    await using provider = await refreshing(tokens);
    const scene = sceneOf(provider, await entryOf(provider, -1));
    const entry = await signIn(scene.wishes, scene.around);
    expect(entry.refreshToken?.reveal()).toBe("refresh-2");
    expect(scene.kept()?.refreshToken?.reveal()).toBe("refresh-2");
    expect(scene.events).toEqual(["kept", "given"]);
  });

  test.each([
    { name: "500", reply: { status: 500, body: "down" } },
    { name: "503", reply: { status: 503, body: "<html>" } },
    { name: "429", reply: { status: 429, body: {} } },
    { name: "temporarily_unavailable", reply: { status: 400, body: { error: "temporarily_unavailable" } } },
  ])("that meets $name serves a token that is good still, and opens no browser", async ({ reply }) => {
    await using provider = await refreshing(() => reply);
    const old = await entryOf(provider, 5);
    const scene = sceneOf(provider, old);
    expect(await signIn(scene.wishes, scene.around)).toBe(old);
    expect(scene.events).toEqual(["given"]);
  });

  test("that meets it with a token that is over is tried again, then fails, and opens no browser", async () => {
    await using provider = await refreshing(() => ({ status: 500, body: "down" }));
    const scene = sceneOf(provider, await entryOf(provider, -1));
    const failure = await failureOf(signIn(scene.wishes, scene.around));
    expect(isKnownError(failure, "OIDC_PROVIDER_BUSY")).toBe(true);
    expect(provider.count("/token")).toBe(3);
    expect(scene.kept()?.refreshToken?.reveal()).toBe("refresh-1");
    expect(scene.events).toEqual([]);
  });

  test("comes about where a server has refused a token that is good still", async () => {
    await using provider = await refreshing(tokens);
    const old = await entryOf(provider, 1800);
    const scene = sceneOf(provider, old, { refused: old.idToken });
    expect((await signIn(scene.wishes, scene.around)).refreshToken?.reveal()).toBe("refresh-2");
  });

  test("that is refused (invalid_grant) forgets the entry and asks the person", async () => {
    await using provider = await refreshing(() => ({ status: 400, body: { error: "invalid_grant" } }));
    const scene = sceneOf(provider, await entryOf(provider, -1));
    await expect(signIn(scene.wishes, scene.around)).rejects.toThrow("a browser was opened");
    expect(provider.count("/token")).toBe(1);
    expect(scene.events).toEqual(["forgotten", "browser"]);
  });

  test.each([
    { name: "somebody else's", claims: { sub: "mallory" } },
    { name: "another client's too", claims: { aud: [CLIENT, "other"], azp: "other" } },
    { name: "another issuer's", claims: { iss: "https://attacker.example" } },
    { name: "of another sign-in", claims: { nonce: "another" } },
  ])("whose token is $name is refused, and the entry forgotten", async ({ claims }) => {
    await using provider = await refreshing(async (each) => await tokens(each, claims));
    const scene = sceneOf(provider, await entryOf(provider, -1));
    const failure = await failureOf(signIn(scene.wishes, scene.around));
    expect(isKnownError(failure, "OIDC_TOKEN_INVALID")).toBe(true);
    expect(scene.kept()).toBeUndefined();
    expect(scene.events).toEqual(["forgotten"]);
  });
});

describe("what is kept", () => {
  test("is given where it is good, without a question", async () => {
    await using provider = await refreshing(tokens);
    const old = await entryOf(provider, 1800);
    const scene = sceneOf(provider, old);
    expect(await signIn(scene.wishes, scene.around)).toBe(old);
    expect(provider.heard).toEqual([]);
  });

  test("is renewed where that is wished", async () => {
    await using provider = await refreshing(tokens);
    const scene = sceneOf(provider, await entryOf(provider, 1800), { least: "renewed" });
    expect((await signIn(scene.wishes, scene.around)).refreshToken?.reveal()).toBe("refresh-2");
  });

  test("does not count where a person wants to sign in", async () => {
    await using provider = await refreshing(tokens);
    const scene = sceneOf(provider, await entryOf(provider, 1800), { least: "signed-in" });
    await expect(signIn(scene.wishes, scene.around)).rejects.toThrow("a browser was opened");
    expect(scene.events).toEqual(["browser"]);
  });
});

describe("an access token as the credential", () => {
  const access = async (token: string, audience?: string): Promise<unknown> => {
    await using provider = await refreshing(() => ({
      body: { access_token: token, token_type: "Bearer", expires_in: 600 },
    }));
    const scene = sceneOf(provider, undefined, {
      grant: "client-credentials",
      useAccessToken: true,
      audience,
    });
    return await signIn(scene.wishes, scene.around).catch((error: unknown) => error);
  };

  test("may be opaque, and ends when the provider said", async () => {
    expect(await access("opaque")).toMatchObject({ expiresAt: NOW + 600_000 });
  });

  test("is not taken where nobody can say for whom it is, and that was asked (R-J9)", async () => {
    expect(isKnownError(await access("opaque", "kubernetes"), "OIDC_TOKEN_INVALID")).toBe(true);
  });

  test("is not taken for somebody else's in a refresh (R-J7)", async () => {
    await using provider = await refreshing(async (each) => ({
      body: { access_token: (await each.sign({ sub: "mallory" })).reveal(), token_type: "Bearer" },
    }));
    const old = await entryOf(provider, -1);
    const kept = { ...old, idToken: undefined, accessToken: old.idToken };
    const scene = sceneOf(provider, kept, { useAccessToken: true });
    expect(isKnownError(await failureOf(signIn(scene.wishes, scene.around)), "OIDC_TOKEN_INVALID")).toBe(
      true,
    );
    expect(scene.events).toEqual(["forgotten"]);
  });

  test.each([
    { name: "for the audience", claims: { aud: "kube" }, good: true },
    { name: "for another audience", claims: { aud: "mail" }, good: false },
    { name: "of another issuer", claims: { aud: "kube", iss: "https://attacker.example" }, good: false },
    { name: "that is over", claims: { aud: "kube", exp: LOADED - 3600 }, good: false },
    { name: "that is forged", claims: { aud: "kube" }, forged: true, good: false },
  ])("a JWT $name: $good", async ({ claims, forged = false, good }) => {
    await using provider = await refreshing(async (each) => ({
      body: { access_token: (await each.sign(claims, { forged })).reveal(), token_type: "Bearer" },
    }));
    const scene = sceneOf(provider, undefined, {
      grant: "client-credentials",
      useAccessToken: true,
      audience: "kube",
    });
    const ended = await signIn(scene.wishes, scene.around).catch((error: unknown) => error);
    expect(isKnownError(ended, "OIDC_TOKEN_INVALID")).toBe(!good);
  });
});
