import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportPKCS8, SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { at, json } from "./bend.ts";
import { clientKey, EXCHANGE, MACHINE, PERSON, SUBJECT_TOKEN, WITH_KEY } from "./certified.ts";
import { credentialOf, inScene, keepsSecrets, tokenForms, type Scene } from "./scene.ts";
import { KAUTH, OURS } from "./target.ts";

/** What kubelogin does not have: these rows are only for kauth. */

const assertionFor = async ({ provider }: Scene): Promise<string> =>
  await new SignJWT({ iss: WITH_KEY, sub: WITH_KEY, aud: provider.issuer, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "ES256" })
    .setIssuedAt()
    .setExpirationTime("10m")
    .sign((await clientKey).privateKey);

describe.runIf(OURS).concurrent("how a client proves who it is", () => {
  test("--oidc-client-key: private_key_jwt", async () => {
    await inScene({}, async (made) => {
      const file = join(made.home, "client.pem");
      await writeFile(file, await exportPKCS8((await clientKey).privateKey), { mode: 0o600 });
      const ended = await made.getToken(`--oidc-client-id=${WITH_KEY}`, `--oidc-client-key=${file}`);
      expect(credentialOf(ended, made.provider).claims.aud).toBe(WITH_KEY);
      const [form] = tokenForms(made.provider, "authorization_code");
      expect(form?.get("client_assertion_type")).toBe(
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      );
    });
  });

  test.each(["file", "env", "command"])("--oidc-client-assertion %s:", async (kind) => {
    await inScene({}, async (made) => {
      const assertion = await assertionFor(made);
      const file = join(made.home, "assertion");
      const program = join(made.home, "give-assertion");
      await writeFile(file, `${assertion}\n`, { mode: 0o600 });
      await writeFile(program, `#!/bin/sh\nexec cat '${file}'\n`);
      await chmod(program, 0o755);
      const source = { file: `file:${file}`, env: "env:CI_TOKEN", command: `command:${program}` }[kind];
      const args = made.args(`--oidc-client-id=${WITH_KEY}`, `--oidc-client-assertion=${source}`);
      const ended = await made.run(args, { env: kind === "env" ? { CI_TOKEN: assertion } : {} });
      credentialOf(ended, made.provider);
      expect(tokenForms(made.provider, "authorization_code")[0]?.get("client_assertion")).toBe(assertion);
    });
  });

  test("an assertion that is not there: exit 1, before anybody signs in", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken(
        `--oidc-client-id=${WITH_KEY}`,
        `--oidc-client-assertion=file:${join(made.home, "none")}`,
      );
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain("OIDC_ASSERTION_MISSING");
      expect(made.provider.count("/auth")).toBe(0);
      expect(await made.opened()).toBe(0);
    });
  });
});

describe.runIf(OURS).concurrent("token exchange (RFC 8693)", () => {
  const ARGS = ["--grant-type=token-exchange", "--oidc-subject-token=env:CI_TOKEN"];

  test("gives a build's token for one of the cluster, without a browser", async () => {
    await inScene({}, async (made) => {
      const ended = await made.run(made.args(...ARGS), { env: { CI_TOKEN: SUBJECT_TOKEN } });
      expect(credentialOf(ended, made.provider).claims.sub).toBe("build-17");
      const [form] = tokenForms(made.provider, EXCHANGE);
      expect(form?.get("subject_token")).toBe(SUBJECT_TOKEN);
      expect(await made.opened()).toBe(0);
    });
  });

  test("another build of the same user does not get what this one was given", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.run(made.args(...ARGS), { env: { CI_TOKEN: SUBJECT_TOKEN } }), made.provider);
      const other = await made.run(made.args(...ARGS), { env: { CI_TOKEN: "canary-another-subject-token" } });
      expect(other).toMatchObject({ code: 1, stdout: "" });
    });
  });

  test("refused: exit 1, and the token is not printed", async () => {
    await inScene({}, async (made) => {
      const ended = await made.run(made.args(...ARGS), { env: { CI_TOKEN: "canary-another-subject-token" } });
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      keepsSecrets(ended, made.provider);
    });
  });
});

/** `kauth oidc …`, with kauth's own exit codes. */
const kauth = async (made: Scene, words: readonly string[]): Promise<Awaited<ReturnType<Scene["run"]>>> =>
  await made.run(["oidc", ...words], { command: KAUTH });

describe.runIf(OURS).concurrent("logout", () => {
  test("has the provider take the tokens back (RFC 7009), and forgets them", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      const [, ...words] = made.args();
      const ended = await kauth(made, ["logout", ...words]);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      keepsSecrets(ended, made.provider);
      const revoked = made.provider.heard.filter(({ path }) => path === "/token/revocation");
      expect(revoked.map(({ form }) => form.get("token_type_hint"))).toContain("refresh_token");
      credentialOf(await made.getToken(), made.provider);
      expect(made.provider.count("/token", "refresh_token"), "nothing was left to refresh with").toBe(0);
      expect(made.provider.count("/token", "authorization_code")).toBe(2);
    });
  });

  test("opens the provider's page that ends the session there", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      const [, ...words] = made.args();
      expect(await kauth(made, ["logout", ...words])).toMatchObject({ code: 0 });
      const opened = (await made.pages()).filter(({ event }) => event === "opened").map(({ url }) => url);
      expect(opened.at(-1)).toContain(`${made.provider.issuer}/session/end`);
    });
  });

  test("a provider that takes nothing back: exit 1, and they are forgotten all the same", async () => {
    await inScene({ bend: at("/token/revocation", () => json(503, {})) }, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      const [, ...words] = made.args();
      expect(await kauth(made, ["logout", ...words])).toMatchObject({ code: 1 });
      credentialOf(await made.getToken(), made.provider);
      expect(made.provider.count("/token", "refresh_token")).toBe(0);
    });
  });

  test("--local asks nobody", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      const asked = made.provider.heard.length;
      const [, ...words] = made.args();
      expect(await kauth(made, ["logout", "--local", ...words])).toMatchObject({ code: 0 });
      expect(made.provider.heard).toHaveLength(asked);
    });
  });
});

describe.runIf(OURS).concurrent("kauth's own exit codes", () => {
  test.each([
    { name: "a set-up that is not safe", words: [], code: 2, bent: true },
    { name: "a word that cannot be meant", words: ["--grant-type=x"], code: 2, bent: false },
    {
      name: "a provider that is not there",
      words: ["--oidc-issuer-url=http://127.0.0.1:1"],
      code: 1,
      bent: false,
    },
  ])("$name: $code", async ({ words, code, bent }) => {
    await inScene({}, async (made) => {
      if (bent)
        made.provider.bend = at("/.well-known/openid-configuration", async (_heard, { pass }) => {
          const answered = await pass();
          const fields = JSON.parse(answered.body) as object;
          return {
            ...answered,
            body: JSON.stringify({ ...fields, code_challenge_methods_supported: ["plain"] }),
          };
        });
      const ended = await kauth(made, [...made.args(), ...words]);
      expect(ended, ended.stderr).toMatchObject({ code, stdout: "" });
    });
  });

  test("login prints who it is and no token", async () => {
    await inScene({}, async (made) => {
      const [, ...words] = made.args();
      const ended = await kauth(made, ["login", ...words]);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(`${ended.stdout}${ended.stderr}`).toContain(PERSON);
      for (const secret of made.provider.secrets) expect(ended.stdout).not.toContain(secret);
    });
  });

  test("client credentials by variables alone", async () => {
    await inScene({ jwtAccess: true }, async (made) => {
      const ended = await made.run(["oidc", "get-token"], {
        command: KAUTH,
        env: {
          KAUTH_OIDC_ISSUER_URL: made.provider.issuer,
          KAUTH_OIDC_CLIENT_ID: MACHINE.id,
          KAUTH_OIDC_CLIENT_SECRET: MACHINE.secret,
          KAUTH_OIDC_USE_ACCESS_TOKEN: "true",
          KAUTH_OIDC_GRANT_TYPE: "client-credentials",
        },
      });
      expect(credentialOf(ended, made.provider).claims["client_id"]).toBe(MACHINE.id);
    });
  });
});
