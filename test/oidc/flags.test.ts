import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { authority, certificateOf } from "./bent-provider.ts";
import { WEB } from "./certified.ts";
import { authorization, credentialOf, inScene } from "./scene.ts";
import { OURS } from "./target.ts";

/** What kubelogin's unit tests observe of its command line (oidc.md §1.2, §2.1), seen from outside. */

const ISSUER = "--oidc-issuer-url=http://127.0.0.1:1";
const CLIENT = "--oidc-client-id=kubernetes";

describe.concurrent("a command line that cannot be meant", () => {
  test.each([
    { name: "no issuer", words: [CLIENT], says: "--oidc-issuer-url is missing" },
    { name: "no client", words: [ISSUER], says: "--oidc-client-id is missing" },
    { name: "neither: the issuer is named first", words: [], says: "--oidc-issuer-url is missing" },
    {
      name: "a grant type of nobody",
      words: [ISSUER, CLIENT, "--grant-type=x"],
      says: "grant-type must be one of (auto|authcode|authcode-keyboard|password|device-code|client-credentials)",
    },
    {
      name: "a storage of nobody",
      words: [ISSUER, CLIENT, "--token-cache-storage=x"],
      says: "token-cache-storage must be one of (disk|keyring|none)",
    },
    {
      name: "a PKCE method of nobody",
      words: [ISSUER, CLIENT, "--oidc-pkce-method=plain"],
      says: "oidc-pkce-method must be one of (auto|no|S256)",
    },
    { name: "a word too many", words: [ISSUER, CLIENT, "extra"], says: "extra" },
    { name: "a flag of nobody", words: [ISSUER, CLIENT, "--oidc-no-such-flag=1"], says: "oidc-no-such-flag" },
  ])("$name: exit 1", async ({ words, says }) => {
    await inScene({}, async (made) => {
      const ended = await made.run(["get-token", ...words]);
      expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(says);
    });
  });
});

describe.concurrent("values", () => {
  test("a list is split at commas and can be repeated", async () => {
    await inScene({}, async (made) => {
      credentialOf(
        await made.getToken("--oidc-extra-scope=email,profile", "--oidc-extra-scope", "groups"),
        made.provider,
      );
      expect(authorization(made.provider).get("scope")).toBe("email profile groups openid");
    });
  });

  test("a map is split at commas", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken("--oidc-auth-request-extra-params=ttl=1,reauth=a=b"), made.provider);
      expect(Object.fromEntries(authorization(made.provider))).toMatchObject({ ttl: "1", reauth: "a=b" });
    });
  });

  test("~ at the beginning of a path is the home directory", async () => {
    await inScene({ https: true }, async (made) => {
      await copyFile(made.provider.caFile ?? "", join(made.home, "my-ca.pem"));
      const words = ["--certificate-authority=~/my-ca.pem", "--token-cache-dir=~/my-cache"];
      const first = credentialOf(await made.getToken(...words), made.provider);
      const same = words.map((word) => word.replace("~", made.home));
      expect(credentialOf(await made.getToken(words[0] ?? "", same[1] ?? ""), made.provider).token).toBe(
        first.token,
      );
    });
  });

  test("~ in the paths of the local server's certificate", async () => {
    await inScene({}, async (made) => {
      const from = authority();
      const own = certificateOf(from);
      await writeFile(join(made.home, "ca.pem"), from.cert);
      await writeFile(join(made.home, "own.crt"), own.cert);
      await writeFile(join(made.home, "own.key"), own.key);
      await made.setBrowser({ ca: [join(made.home, "ca.pem")] });
      const words = ["--local-server-cert=~/own.crt", "--local-server-key=~/own.key"];
      credentialOf(await made.getToken(`--oidc-client-id=${WEB}`, ...words), made.provider);
    });
  });

  test("--oidc-redirect-url decides path and name of the answer's address", async () => {
    await inScene({}, async (made) => {
      const { createServer } = await import("node:net");
      const free = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => free.once("listening", resolve));
      const { port } = free.address() as { port: number };
      await new Promise((resolve) => free.close(resolve));
      const url = `http://localhost:${port}/callback`;
      credentialOf(
        await made.getToken(`--oidc-redirect-url=${url}`, `--listen-address=127.0.0.1:${port}`),
        made.provider,
      );
      expect(authorization(made.provider).get("redirect_uri")).toBe(url);
    });
  });

  test("--oidc-pkce-method=no sends no challenge", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken("--oidc-pkce-method=no"), made.provider);
      expect(authorization(made.provider).has("code_challenge")).toBe(false);
    });
  });

  test("--insecure-skip-tls-verify", async () => {
    await inScene({ https: true }, async (made) => {
      const args = made
        .args("--insecure-skip-tls-verify")
        .filter((word) => !word.startsWith("--certificate-authority"));
      credentialOf(await made.run(args), made.provider);
    });
  });

  test("a provider whose authority nobody trusts: exit 1", async () => {
    await inScene({ https: true }, async (made) => {
      const args = made.args().filter((word) => !word.startsWith("--certificate-authority"));
      expect(await made.run(args)).toMatchObject({ code: 1, stdout: "" });
      expect(made.provider.heard).toEqual([]);
      expect(await made.opened()).toBe(0);
    });
  });

  test("klog's flags are taken", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken("-v1", "--logtostderr=true"), made.provider);
    });
  });

  test.runIf(OURS)("R-H1: no verbosity prints a secret", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken("-v=9"), made.provider);
      credentialOf(await made.getToken("-v=9", "--force-refresh"), made.provider);
    });
  });

  test.runIf(OURS)("KAUTH_OIDC_ variables stand for flags, and a flag wins", async () => {
    await inScene({}, async (made) => {
      const words = made.args().filter((word) => !word.startsWith("--oidc-client-id"));
      const ended = await made.run(words, {
        env: { KAUTH_OIDC_CLIENT_ID: "kubernetes", KAUTH_OIDC_ISSUER_URL: "http://127.0.0.1:1" },
      });
      credentialOf(ended, made.provider);
    });
  });
});

describe.concurrent("setup", () => {
  test("without an issuer it explains itself", async () => {
    await inScene({}, async (made) => {
      expect(await made.run(["setup"])).toMatchObject({ code: 0 });
    });
  });

  test("signs in, caches nothing, and prints the command with the flags that were given", async () => {
    await inScene({}, async (made) => {
      const words = [
        "setup",
        `--oidc-issuer-url=${made.provider.issuer}`,
        CLIENT,
        "--oidc-extra-scope=email,profile",
        "--listen-address=127.0.0.1:0",
        `--browser-command=${made.browserCommand}`,
      ];
      const ended = await made.run(words);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      const said = `${ended.stdout}\n${ended.stderr}`;
      for (const part of [
        "set-credentials",
        `--oidc-issuer-url=${made.provider.issuer}`,
        "--oidc-extra-scope=email",
        "--oidc-extra-scope=profile",
        '"sub": "alice"',
      ])
        expect(said).toContain(part);
      for (const secret of made.provider.secrets) expect(said).not.toContain(secret);
    });
  });
});
