import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { claimsOf, refreshed } from "./bend.ts";
import { LOGIN } from "./certified.ts";
import { authorization, inScene, refreshTokens, type Scene } from "./scene.ts";

/** The standalone scenarios of kubelogin's integration_test (oidc.md §2.1): the kubeconfig itself is written. */

const KUBECONFIG = "kubeconfig.yaml";

interface Standalone {
  readonly path: string;
  config(): Promise<Readonly<Record<string, string>>>;
  text(): Promise<string>;
  run(...more: readonly string[]): Promise<void>;
}

/** A kubeconfig whose user has the auth-provider `oidc`; the command is run without a subcommand. */
const standalone = async (made: Scene, more: Readonly<Record<string, string>> = {}): Promise<Standalone> => {
  const path = join(made.home, KUBECONFIG);
  const { caFile, issuer } = made.provider;
  const given = {
    "client-id": "kubernetes",
    "idp-issuer-url": issuer,
    ...(caFile === undefined || "idp-certificate-authority-data" in more
      ? {}
      : { "idp-certificate-authority": caFile }),
    ...more,
  };
  const config = Object.entries(given).map(([name, value]) => `        ${name}: ${JSON.stringify(value)}\n`);
  await writeFile(
    path,
    `apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster:
    server: https://127.0.0.1:1
contexts:
- name: test
  context:
    cluster: test
    user: person
users:
- name: person
  user:
    auth-provider:
      name: oidc
      config:
${config.join("")}`,
    { mode: 0o600 },
  );
  const text = async (): Promise<string> => await readFile(path, "utf8");
  return {
    path,
    text,
    config: async () => {
      const rows = [...(await text()).matchAll(/^ {8,}([a-z-]+): +(.*)$/gm)];
      return Object.fromEntries(
        rows.map(([, name = "", value = ""]) => [name, value.replaceAll(/^"|"$/g, "")]),
      );
    },
    run: async (...words) => {
      const ended = await made.run(
        [
          ...(words.some((word) => word.startsWith("KUBECONFIG=")) ? [] : [`--kubeconfig=${path}`]),
          "--listen-address=127.0.0.1:0",
          `--browser-command=${made.browserCommand}`,
          ...words.filter((word) => !word.startsWith("KUBECONFIG=")),
        ],
        {
          env: {
            KUBECONFIG: words.find((word) => word.startsWith("KUBECONFIG="))?.slice("KUBECONFIG=".length),
          },
        },
      );
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
    },
  };
};

const claimsIn = (token = ""): ReturnType<typeof claimsOf> => claimsOf(token);

/** Tokens of yesterday, with a refresh token that is good. */
const yesterday = async ({ provider }: Scene): Promise<Record<"id-token" | "refresh-token", string>> => {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: provider.issuer,
    sub: "alice",
    aud: "kubernetes",
    iat: now - 90_000,
    exp: now - 86_400,
  };
  return { "id-token": await provider.sign(claims), "refresh-token": await provider.refreshToken("alice") };
};

describe.concurrent("standalone", () => {
  test.each([
    { name: "S1", https: false },
    { name: "S2", https: true },
  ])("$name: authorization code, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const kubeconfig = await standalone(made);
      await kubeconfig.run();
      const config = await kubeconfig.config();
      expect(claimsIn(config["id-token"])).toMatchObject({ sub: "alice", iss: made.provider.issuer });
      expect(made.provider.secrets).toContain(config["refresh-token"]);
    });
  });

  test.each([
    { name: "S3", https: false },
    { name: "S4", https: true },
  ])("$name: password, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const kubeconfig = await standalone(made);
      await kubeconfig.run("--username", LOGIN.username, "--password", LOGIN.password);
      expect(claimsIn((await kubeconfig.config())["id-token"])).toMatchObject({ sub: LOGIN.username });
      expect(await made.opened()).toBe(0);
    });
  });

  test.each([
    { name: "S5", https: false },
    { name: "S6", https: true },
  ])("$name: no token yet, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const kubeconfig = await standalone(made);
      await kubeconfig.run();
      expect(Object.keys(await kubeconfig.config())).toEqual(
        expect.arrayContaining(["id-token", "refresh-token"]),
      );
      expect(await made.opened()).toBe(1);
    });
  });

  test.each([
    { name: "S7", https: false },
    { name: "S8", https: true },
  ])("$name: a valid token, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const first = await standalone(made);
      await first.run();
      const before = await first.text();
      const asked = made.provider.count("/token");
      await first.run();
      expect(await first.text()).toBe(before);
      expect(made.provider.count("/token")).toBe(asked);
      expect(await made.opened()).toBe(1);
    });
  });

  test.each([
    { name: "S9", https: false },
    { name: "S10", https: true },
  ])("$name: an expired token is refreshed, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const old = await yesterday(made);
      const kubeconfig = await standalone(made, old);
      await kubeconfig.run();
      const config = await kubeconfig.config();
      expect(refreshTokens(made)).toEqual([old["refresh-token"]]);
      expect(config["refresh-token"]).not.toBe(old["refresh-token"]);
      expect(claimsIn(config["id-token"])).toMatchObject({ sub: "alice" });
      expect(await made.opened()).toBe(0);
    });
  });

  test.each([
    { name: "S11", https: false },
    { name: "S12", https: true },
  ])("$name: a refresh that gives no refresh token leaves the old one, https $https", async ({ https }) => {
    await inScene({ https }, async (made) => {
      const old = await yesterday(made);
      made.provider.bend = refreshed(({ refresh_token: _none, ...rest }) => rest);
      const kubeconfig = await standalone(made, old);
      await kubeconfig.run();
      const config = await kubeconfig.config();
      expect(config["refresh-token"]).toBe(old["refresh-token"]);
      expect(config["id-token"]).not.toBe(old["id-token"]);
    });
  });

  test("S13: idp-certificate-authority-data", async () => {
    await inScene({ https: true }, async (made) => {
      const pem = await readFile(made.provider.caFile ?? "");
      const kubeconfig = await standalone(made, { "idp-certificate-authority-data": pem.toString("base64") });
      await kubeconfig.run();
      expect(await kubeconfig.config()).toHaveProperty("id-token");
    });
  });

  test("S14: KUBECONFIG with two files: the one that defines the user is written", async () => {
    await inScene({}, async (made) => {
      const kubeconfig = await standalone(made);
      const dummy = join(made.home, "dummy.yaml");
      await writeFile(dummy, "apiVersion: v1\nkind: Config\n", { mode: 0o600 });
      await kubeconfig.run(`KUBECONFIG=${kubeconfig.path}:${dummy}`);
      expect(await kubeconfig.config()).toHaveProperty("id-token");
      expect(await readFile(dummy, "utf8")).toBe("apiVersion: v1\nkind: Config\n");
    });
  });

  test("S15: extra-scopes", async () => {
    await inScene({}, async (made) => {
      await (await standalone(made, { "extra-scopes": "profile,groups" })).run();
      expect(authorization(made.provider).get("scope")).toBe("profile groups openid");
    });
  });
});

describe.concurrent("standalone without a user that it could sign in", () => {
  const KUBECONFIG_TEXT = `apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: { cluster: none, user: plain }
- name: nobody
  context: { cluster: none, user: none }
users:
- name: plain
  user: {}
- name: google
  user:
    auth-provider: { name: gcp, config: {} }
`;

  test.each([
    { name: "no auth-provider", words: [], says: "auth-provider is missing" },
    {
      name: "another auth-provider",
      words: ["--user=google"],
      says: "auth-provider.name must be oidc but is gcp",
    },
    { name: "a context of nobody", words: ["--context=other"], says: "context other does not exist" },
    { name: "a user of nobody", words: ["--context=nobody"], says: "user none does not exist" },
  ])("$name: exit 1", async ({ words, says }) => {
    await inScene({}, async (made) => {
      const path = join(made.home, KUBECONFIG);
      await writeFile(path, KUBECONFIG_TEXT, { mode: 0o600 });
      const ended = await made.run([`--kubeconfig=${path}`, ...words]);
      expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(
        `error: login: could not find the current authentication provider: ${says}`,
      );
      expect(await readFile(path, "utf8")).toBe(KUBECONFIG_TEXT);
    });
  });
});
