import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { claimsOf, json, metadata, refreshed, type Bend } from "./bend.ts";
import { CONFIDENTIAL, IN_BODY, LOGIN, MACHINE, PERSON } from "./certified.ts";
import {
  credentialOf,
  execInfo,
  inScene,
  keepsSecrets,
  tokenForms,
  untilExpired,
  visit,
  type Scene,
} from "./scene.ts";
import { COMMAND, OURS, type Running } from "./target.ts";

/** What upstream never tests (oidc.md §2.2): the other grants over HTTP. */

/** Signs in by hand; resolves to where the browser would have been sent with the code. */
const byHand = async (made: Scene, running: Running): Promise<URL> => {
  await running.says(/Please visit the following URL in your browser: \S+\n/);
  await running.says("Enter code: ");
  const url = /Please visit the following URL in your browser: (\S+)/.exec(running.stderr())?.[1] ?? "";
  await visit(made, url, "http://localhost/");
  const lines = (await readFile(join(made.home, "elsewhere.log"), "utf8")).trim().split("\n");
  const last = JSON.parse(lines.at(-1) ?? "{}") as { url: string };
  return new URL(last.url);
};

describe.concurrent("authcode-keyboard", () => {
  const ARGS = ["--grant-type=authcode-keyboard", "--oidc-redirect-url=http://localhost"];

  test("takes a bare code", async () => {
    await inScene(
      { bend: metadata(({ authorization_response_iss_parameter_supported: _none, ...rest }) => rest) },
      async (made) => {
        using running = made.start(made.args(...ARGS), { open: true });
        const answer = await byHand(made, running);
        running.child.stdin?.write(`${answer.searchParams.get("code")}\n`);
        credentialOf(await running.ended, made.provider);
        expect(await made.opened()).toBe(0);
        const [form] = tokenForms(made.provider, "authorization_code");
        expect(form?.get("redirect_uri")).toBe("http://localhost");
      },
    );
  });

  test.runIf(OURS)("takes the whole address, and looks at its issuer and state", async () => {
    await inScene({}, async (made) => {
      using running = made.start(made.args(...ARGS), { open: true });
      const answer = await byHand(made, running);
      running.child.stdin?.write(`${answer.href}\n`);
      credentialOf(await running.ended, made.provider);
    });
  });

  test.runIf(OURS)("where nothing may be asked, it says so before it shows an address", async () => {
    await inScene({ execInfo: execInfo(undefined, false) }, async (made) => {
      const ended = await made.getToken(...ARGS);
      expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain("OIDC_NOBODY_ASKED");
      expect(ended.stderr).not.toContain("Please visit");
      expect(made.provider.count("/token")).toBe(0);
    });
  });

  test.runIf(OURS).each([
    { name: "state", value: "s".repeat(43) },
    { name: "iss", value: "https://attacker.example" },
  ])("an address with another $name is never redeemed", async ({ name, value }) => {
    await inScene({}, async (made) => {
      const pasted = new URL("http://localhost/?code=forged");
      pasted.searchParams.set(name, value);
      using running = made.start(made.args(...ARGS), { stdin: `${pasted.href}\n` });
      const ended = await running.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain("OIDC_LOGIN_REFUSED");
      expect(made.provider.count("/token")).toBe(0);
    });
  });
});

describe.concurrent("pushed authorization requests (RFC 9126)", () => {
  test.runIf(OURS)("are used where the provider takes them: the browser's address says nothing", async () => {
    await inScene({ par: true }, async (made) => {
      credentialOf(await made.getToken("--oidc-extra-scope=email"), made.provider);
      const [sent] = made.provider.heard.filter(({ path }) => path === "/request");
      expect(Object.fromEntries(sent?.form ?? [])).toMatchObject({
        scope: "email openid",
        code_challenge_method: "S256",
      });
      const [asked] = made.provider.heard.filter(({ path }) => path === "/auth");
      expect([...(asked?.query.keys() ?? [])].toSorted()).toEqual(["client_id", "request_uri"]);
    });
  });

  test.runIf(OURS)(
    "that are refused where they are needed end the sign-in before a browser is opened",
    async () => {
      const needed = metadata((fields) => ({ ...fields, require_pushed_authorization_requests: true }));
      const bend: Bend = async (heard, bending) =>
        heard.path === "/request" ? json(400, { error: "invalid_scope" }) : await needed(heard, bending);
      await inScene({ par: true, bend }, async (made) => {
        const ended = await made.getToken();
        expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
        expect(ended.stderr).toContain("invalid_scope");
        expect(await made.opened()).toBe(0);
      });
    },
  );
});

describe.concurrent("password", () => {
  test("wrong: exit 1, and it is not printed", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken(`--username=${LOGIN.username}`, "--password=canary-wrong-password");
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).not.toContain("canary-wrong-password");
      keepsSecrets(ended, made.provider);
    });
  });

  test("the user name is asked for on stdin when there is none", async () => {
    await inScene({}, async (made) => {
      using running = made.start(made.args("--grant-type=password", `--password=${LOGIN.password}`), {
        open: true,
      });
      await running.says("Username: ");
      running.child.stdin?.write(`${LOGIN.username}\n`);
      expect(credentialOf(await running.ended, made.provider).claims.sub).toBe(LOGIN.username);
    });
  });

  test("the password is asked for on a terminal, which does not show it", async () => {
    await inScene({}, async (made) => {
      const words = made.args("--grant-type=password", `--username=${LOGIN.username}`);
      const line = [...COMMAND, ...words].map((word) => `'${word}'`).join(" ");
      using running = made.start(["-qfec", line, "/dev/null"], { command: ["script"], open: true });
      await running.shows("Password: ");
      running.child.stdin?.write(`${LOGIN.password}\n`);
      expect(await running.ended).toMatchObject({ code: 0 });
      expect(running.stdout()).toContain('"kind":"ExecCredential"');
      expect(running.stdout()).not.toContain(LOGIN.password);
      expect(made.provider.count("/token", "password")).toBe(1);
    });
  });

  test("without a terminal the password cannot be asked for", async () => {
    await inScene({}, async (made) => {
      expect(await made.getToken("--grant-type=password", `--username=${LOGIN.username}`)).toMatchObject({
        code: 1,
        stdout: "",
      });
      expect(made.provider.count("/token")).toBe(0);
    });
  });
});

describe.concurrent("client credentials", () => {
  const ARGS = [
    "--grant-type=client-credentials",
    `--oidc-client-id=${MACHINE.id}`,
    `--oidc-client-secret=${MACHINE.secret}`,
    "--oidc-use-access-token",
  ];

  test("give the access token, and no browser is opened", async () => {
    await inScene({ jwtAccess: true }, async (made) => {
      const ended = await made.getToken(...ARGS, "--oidc-auth-request-extra-params=audience=kubernetes");
      const { claims } = credentialOf(ended, made.provider);
      expect(claims).toMatchObject({ aud: "kubernetes", client_id: MACHINE.id });
      const [form] = tokenForms(made.provider, "client_credentials");
      expect(form?.get("audience")).toBe("kubernetes");
      expect(await made.opened()).toBe(0);
      expect(
        credentialOf(
          await made.getToken(...ARGS, "--oidc-auth-request-extra-params=audience=kubernetes"),
          made.provider,
        ).token,
      ).toBe(JSON.parse(ended.stdout).status.token);
      expect(made.provider.count("/token")).toBe(1);
    });
  });

  test("a wrong secret: exit 1, and it is not printed", async () => {
    await inScene({ jwtAccess: true }, async (made) => {
      const ended = await made.getToken(...ARGS, "--oidc-client-secret=canary-not-the-secret");
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).not.toContain("canary-not-the-secret");
    });
  });
});

describe.concurrent("--oidc-use-access-token", () => {
  test("a JWT", async () => {
    await inScene({ jwtAccess: true }, async (made) => {
      const { token, claims } = credentialOf(await made.getToken("--oidc-use-access-token"), made.provider);
      expect(claims).toMatchObject({ sub: PERSON, aud: "kubernetes" });
      expect(claimsOf(token)).not.toHaveProperty("nonce");
    });
  });

  test("a refresh that gives no ID token", async () => {
    await inScene({ jwtAccess: true, life: 5 }, async (made) => {
      await untilExpired(credentialOf(await made.getToken("--oidc-use-access-token"), made.provider));
      made.provider.life = 3600;
      made.provider.bend = refreshed(({ id_token: _none, ...rest }) => rest);
      credentialOf(await made.getToken("--oidc-use-access-token"), made.provider);
      expect(made.provider.count("/token", "refresh_token")).toBe(1);
      expect(await made.opened()).toBe(1);
    });
  });

  test.runIf(OURS)("an opaque one is passed on with the life that the provider names", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken("--oidc-use-access-token");
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      const { status } = JSON.parse(ended.stdout) as {
        status: { token: string; expirationTimestamp: string };
      };
      expect(made.provider.secrets).toContain(status.token);
      expect(Date.parse(status.expirationTimestamp)).toBeGreaterThan(Date.now());
    });
  });

  test("has a cache entry of its own", async () => {
    await inScene({ jwtAccess: true }, async (made) => {
      const id = credentialOf(await made.getToken(), made.provider);
      const access = credentialOf(await made.getToken("--oidc-use-access-token"), made.provider);
      expect(access.token).not.toBe(id.token);
      expect(await made.opened()).toBe(2);
    });
  });
});

describe.concurrent("a client with a secret", () => {
  test("by Basic, both parts form-encoded", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken(
        `--oidc-client-id=${CONFIDENTIAL.id}`,
        `--oidc-client-secret=${CONFIDENTIAL.secret}`,
      );
      credentialOf(ended, made.provider);
      expect(ended.stderr).not.toContain(CONFIDENTIAL.secret);
      const [asked] = made.provider.heard.filter(({ path }) => path === "/token");
      expect(asked?.headers["authorization"]).toMatch(/^Basic /);
    });
  });

  test("in the body, where the provider takes nothing else", async () => {
    await inScene(
      {
        bend: metadata((fields) => ({
          ...fields,
          token_endpoint_auth_methods_supported: ["client_secret_post"],
        })),
      },
      async (made) => {
        const ended = await made.getToken(
          `--oidc-client-id=${IN_BODY.id}`,
          `--oidc-client-secret=${IN_BODY.secret}`,
        );
        credentialOf(ended, made.provider);
        if (OURS) expect(made.provider.count("/token")).toBe(1);
      },
    );
  });

  test.runIf(OURS)("a wrong secret: the code is sent once", async () => {
    await inScene({}, async (made) => {
      const ended = await made.getToken(
        `--oidc-client-id=${CONFIDENTIAL.id}`,
        "--oidc-client-secret=canary-not-the-secret",
      );
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain("OIDC_CLIENT_REFUSED");
      expect(ended.stderr).not.toContain("canary-not-the-secret");
      expect(made.provider.count("/token")).toBe(1);
    });
  });
});

test("--oidc-request-header is on every request", async () => {
  await inScene({}, async (made) => {
    const ended = await made.getToken("--oidc-request-header=X-One=1", "--oidc-request-header=X-Two=a=b");
    credentialOf(ended, made.provider);
    const own = made.provider.heard.filter(
      ({ path }) => !path.startsWith("/auth") && !path.startsWith("/interaction"),
    );
    expect(own.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["/.well-known/openid-configuration", "/jwks", "/token"]),
    );
    for (const { headers, path } of own)
      expect(headers, path).toMatchObject({ "x-one": "1", "x-two": "a=b" });
  });
});
