import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { authority, certificateOf } from "./bent-provider.ts";
import { metadata, refreshed } from "./bend.ts";
import { LOGIN, WEB } from "./certified.ts";
import {
  authorization,
  credentialOf,
  inScene,
  refreshTokens,
  tokenForms,
  untilExpired,
  type Credential,
  type Scene,
} from "./scene.ts";
import { OURS } from "./target.ts";

/**
 * The scenarios of kubelogin's integration_test (oidc.md §2.1) from outside: only kubelogin's flags, and nothing that
 * only kauth does. `KAUTH_OIDC_COMMAND` names another program to try.
 */

/** Short enough to be waited for, and far longer than it takes from the issue of a token to its verification. */
const SHORT = 5;

const verifierFits = ({ provider }: Scene): void => {
  const [form] = tokenForms(provider, "authorization_code");
  const challenge = createHash("sha256")
    .update(form?.get("code_verifier") ?? "")
    .digest("base64url");
  expect(authorization(provider).get("code_challenge")).toBe(challenge);
};

const hour = ({ claims }: Credential): void => {
  expect(Number(claims.exp) - Number(claims.iat)).toBe(3600);
};

/** A sign-in whose tokens are over. */
const expiredLogin = async (made: Scene): Promise<void> => {
  made.provider.life = SHORT;
  await untilExpired(credentialOf(await made.getToken(), made.provider));
};

describe.concurrent("get-token", () => {
  test("C1: clean of an empty directory", async () => {
    await inScene({}, async (made) => {
      expect(await made.run(["clean", `--token-cache-dir=${made.cache}`])).toMatchObject({ code: 0 });
    });
  });

  test.each([
    { name: "G1", https: false },
    { name: "G2", https: true },
  ])("$name: authorization code, https $https", async ({ https }) => {
    await inScene(
      {
        https,
        bend: metadata((fields) => ({ ...fields, code_challenge_methods_supported: ["plain", "S256"] })),
      },
      async (made) => {
        const credential = credentialOf(await made.getToken(), made.provider);
        hour(credential);
        const asked = authorization(made.provider);
        expect(asked.get("scope")).toBe("openid");
        expect(asked.get("redirect_uri")).toMatch(/^http:\/\/localhost:\d+$/);
        expect(asked.get("code_challenge_method")).toBe("S256");
        verifierFits(made);
        expect(await made.lastPage()).toMatchObject({
          status: 200,
          body: expect.stringContaining("Authenticated"),
        });
      },
    );
  });

  test.each([
    { name: "G3", https: false },
    { name: "G4", https: true },
  ])("$name: password, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const ended = await made.getToken("--username", LOGIN.username, "--password", LOGIN.password);
      expect(credentialOf(ended, made.provider).claims.sub).toBe(LOGIN.username);
      const [form] = tokenForms(made.provider, "password");
      expect(Object.fromEntries(form ?? [])).toMatchObject({ scope: "openid", ...LOGIN });
      expect(await made.opened()).toBe(0);
    });
  });

  test.each([
    { name: "G5", https: false },
    { name: "G6", https: true },
  ])("$name: nothing cached, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      hour(credentialOf(await made.getToken(), made.provider));
      expect(await made.opened()).toBe(1);
      expect(made.provider.count("/token")).toBe(1);
    });
  });

  test.each([
    { name: "G7", https: false },
    { name: "G8", https: true },
  ])("$name: a valid token is cached, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const first = credentialOf(await made.getToken(), made.provider);
      const asked = made.provider.heard.length;
      expect(credentialOf(await made.getToken(), made.provider).token).toBe(first.token);
      expect(await made.opened()).toBe(1);
      expect(made.provider.heard).toHaveLength(asked);
    });
  });

  test.each([
    { name: "G9", https: false },
    { name: "G10", https: true },
  ])("$name: an expired token is refreshed, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      await expiredLogin(made);
      made.provider.life = 3600;
      hour(credentialOf(await made.getToken(), made.provider));
      expect(refreshTokens(made)).toHaveLength(1);
      expect(await made.opened()).toBe(1);
    });
  });

  test.each([
    { name: "G11", https: false },
    { name: "G12", https: true },
  ])("$name: the refresh token that a refresh gave is used next, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      await expiredLogin(made);
      await untilExpired(credentialOf(await made.getToken(), made.provider));
      made.provider.life = 3600;
      made.provider.bend = refreshed(({ refresh_token: _none, ...rest }) => rest);
      const last = credentialOf(await made.getToken(), made.provider);
      hour(last);
      const [first, second, ...more] = refreshTokens(made);
      expect(more).toEqual([]);
      expect(second).not.toBe(first);
      expect(await made.opened()).toBe(1);
      expect(credentialOf(await made.getToken(), made.provider).token).toBe(last.token);
    });
  });

  test(`G13: a provider that says nothing of PKCE ${OURS ? "is sent a challenge all the same" : "is sent none"}`, async () => {
    await inScene(
      { bend: metadata(({ code_challenge_methods_supported: _none, ...rest }) => rest) },
      async (made) => {
        credentialOf(await made.getToken(), made.provider);
        // Different on purpose: servers ignore what they do not know (RFC 6749 §3.1), and RFC 9700 §2.1.1 wants it.
        expect(authorization(made.provider).get("code_challenge_method")).toBe(OURS ? "S256" : null);
      },
    );
  });

  test("G14: --oidc-use-pkce with a provider that says nothing of it", async () => {
    await inScene(
      { bend: metadata(({ code_challenge_methods_supported: _none, ...rest }) => rest) },
      async (made) => {
        const ended = await made.getToken("--oidc-use-pkce");
        credentialOf(ended, made.provider);
        expect(ended.stderr).toContain(
          "Flag --oidc-use-pkce has been deprecated, use --oidc-pkce-method instead.",
        );
        expect(authorization(made.provider).get("code_challenge_method")).toBe("S256");
        verifierFits(made);
      },
    );
  });

  test("G15: --certificate-authority-data", async () => {
    await inScene({ https: true }, async (made) => {
      const pem = await readFile(made.provider.caFile ?? "");
      const ended = await made.getToken(`--certificate-authority-data=${pem.toString("base64")}`);
      credentialOf(ended, made.provider);
    });
  });

  test("G16: --oidc-extra-scope", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken("--oidc-extra-scope=email", "--oidc-extra-scope=profile");
      credentialOf(ended, made.provider);
      expect(authorization(made.provider).get("scope")).toBe("email profile openid");
    });
  });

  test("G17: --open-url-after-authentication", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken("--open-url-after-authentication=https://example.com/success");
      credentialOf(ended, made.provider);
      expect((await made.lastPage()).body).toContain("URL=https://example.com/success");
    });
  });

  test("G18: --local-server-cert and --local-server-key", async () => {
    await inScene({}, async (made) => {
      const from = authority();
      const own = certificateOf(from);
      const path = (name: string): string => join(made.home, name);
      await writeFile(path("own-ca.pem"), from.cert);
      await writeFile(path("own.crt"), own.cert);
      await writeFile(path("own.key"), own.key);
      await made.setBrowser({ ca: [path("own-ca.pem")] });
      const ended = await made.getToken(
        `--oidc-client-id=${WEB}`,
        `--local-server-cert=${path("own.crt")}`,
        `--local-server-key=${path("own.key")}`,
      );
      credentialOf(ended, made.provider);
      expect(authorization(made.provider).get("redirect_uri")).toMatch(/^https:\/\/localhost:\d+$/);
      expect(await made.lastPage()).toMatchObject({
        status: 200,
        body: expect.stringContaining("Authenticated"),
      });
    });
  });

  test("G19: --oidc-auth-request-extra-params", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken(
        "--oidc-auth-request-extra-params=ttl=86400",
        "--oidc-auth-request-extra-params=reauth=false",
      );
      credentialOf(ended, made.provider);
      expect(Object.fromEntries(authorization(made.provider))).toMatchObject({
        ttl: "86400",
        reauth: "false",
      });
    });
  });
});
