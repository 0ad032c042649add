import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { CONFIDENTIAL, PERSON } from "./certified.ts";
import { credentialOf, inScene, keepsSecrets } from "./scene.ts";
import { KAUTH } from "./target.ts";
import { jsonOf, kauthOidc, sameProvider } from "./own-commands.ts";

/** What sets a kubeconfig up, and what writes tokens into one. */

describe.concurrent("setup --write", () => {
  test("makes a user that get-token, whoami and doctor understand", async () => {
    await inScene({}, async (made) => {
      const path = join(made.home, "kubeconfig");
      await writeFile(
        path,
        "# mine\napiVersion: v1\nkind: Config\ncurrent-context: here\nclusters:\n- name: c\n  cluster: {server: https://127.0.0.1:1}\ncontexts:\n- name: here\n  context: {cluster: c, user: nobody}\n",
        { mode: 0o600 },
      );
      const ended = await kauthOidc(
        made,
        "setup",
        ...sameProvider(made, "--oidc-extra-scope=email,groups"),
        "--write",
        `--kubeconfig=${path}`,
        "--context=here",
      );
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
      expect(ended.stderr).toContain(`The user "oidc" is added in "${path}"`);
      keepsSecrets(ended, made.provider);
      expect(await readdir(made.cache)).toEqual([]);
      const text = await readFile(path, "utf8");
      expect(text).toMatch(/^# mine\n/);
      const config = parse(text) as {
        users: readonly { name: string; user: { exec: { command: string; args: string[] } } }[];
        contexts: readonly { context: { user: string } }[];
      };
      expect(config.contexts[0]?.context.user).toBe("oidc");
      const [user] = config.users;
      expect(user?.user.exec).toMatchObject({
        apiVersion: "client.authentication.k8s.io/v1",
        command: "kauth",
        interactiveMode: "IfAvailable",
      });
      const args = user?.user.exec.args ?? [];
      expect(args.slice(0, 2)).toEqual(["oidc", "get-token"]);
      expect(args).toContain("--oidc-extra-scope=email");
      expect(args).toContain("--oidc-extra-scope=groups");
      // What is in the file is what kubectl runs.
      const token = credentialOf(await made.run(args, { command: KAUTH }), made.provider);
      expect(token.claims).toMatchObject({ sub: PERSON, groups: ["devs"] });
      const who = await kauthOidc(made, "whoami", `--kubeconfig=${path}`, "-o", "json");
      expect(jsonOf(who)).toMatchObject({ subject: PERSON, clientId: "kubernetes" });
      // What is said counts before the kubeconfig, so that nobody is signed out in place of another.
      const other = [`--kubeconfig=${path}`, "--account=other"];
      const stranger = await kauthOidc(made, "logout", ...other);
      expect(stranger.stderr).toContain("[OIDC_NOT_SIGNED_IN]");
      expect(jsonOf(await kauthOidc(made, "login", ...other, "-o", "json"))).toMatchObject({
        subject: PERSON,
      });
      expect(jsonOf(await kauthOidc(made, "whoami", ...other, "-o", "json"))).toMatchObject({
        account: "other",
      });
      const doctor = await kauthOidc(made, "doctor", `--kubeconfig=${path}`, "--provider-only", "-o", "json");
      const { ok, findings } = JSON.parse(doctor.stdout) as {
        ok: boolean;
        findings: readonly { id: string; state: string; found: string }[];
      };
      expect(findings.filter(({ state }) => state === "bad")).toEqual([]);
      expect(ok).toBe(true);
      expect(findings.find(({ id }) => id === "settings")?.found).toContain(
        'from user "oidc" of the kubeconfig',
      );
      expect(findings.find(({ id }) => id === "client")?.found).toContain("takes client kubernetes without");
      keepsSecrets(doctor, made.provider);
    });
  });

  test("--skip-login asks the provider only, and prints the server's side as data", async () => {
    await inScene({ https: true }, async (made) => {
      const words = sameProvider(made);
      const data = jsonOf(
        await kauthOidc(made, "setup", ...words, "--skip-login", "-o", "json", "--groups-claim=groups"),
      );
      expect(await made.opened()).toBe(0);
      const pem = await readFile(made.provider.caFile ?? "", "utf8");
      expect(data["apiServer"]).toMatchObject({
        flags: [
          `--oidc-issuer-url=${made.provider.issuer}`,
          "--oidc-client-id=kubernetes",
          "--oidc-username-claim=sub",
          "--oidc-username-prefix=oidc:",
          "--oidc-groups-claim=groups",
          "--oidc-groups-prefix=oidc:",
          "--oidc-ca-file=/etc/kubernetes/pki/oidc-ca.crt",
        ],
        authenticationConfiguration: {
          kind: "AuthenticationConfiguration",
          jwt: [
            {
              issuer: {
                url: made.provider.issuer,
                audiences: ["kubernetes"],
                certificateAuthority: pem,
              },
              claimMappings: {
                username: { claim: "sub", prefix: "oidc:" },
                groups: { claim: "groups", prefix: "oidc:" },
              },
            },
          ],
        },
      });
    });
  });

  test("a secret goes into the file and not onto the terminal", async () => {
    await inScene({}, async (made) => {
      const path = join(made.home, "kubeconfig");
      const ended = await kauthOidc(
        made,
        "setup",
        `--oidc-issuer-url=${made.provider.issuer}`,
        `--oidc-client-id=${CONFIDENTIAL.id}`,
        `--oidc-client-secret=${CONFIDENTIAL.secret}`,
        "--skip-login",
        "--write",
        `--kubeconfig=${path}`,
      );
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(`${ended.stdout}${ended.stderr}`).not.toContain(CONFIDENTIAL.secret);
      expect(await readFile(path, "utf8")).toContain(CONFIDENTIAL.secret);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    });
  });
});

describe.concurrent("standalone, beyond kubelogin's own tests", () => {
  test.each([
    { name: "no context", text: "kind: Config\n", words: [], says: "context  does not exist" },
    {
      name: "an unknown context",
      text: "kind: Config\n",
      words: ["--context=x"],
      says: "context x does not exist",
    },
    { name: "an unknown user", text: "kind: Config\n", words: ["--user=x"], says: "user x does not exist" },
    {
      name: "a user without one",
      text: "kind: Config\nusers: [{name: x, user: {token: t}}]\n",
      words: ["--user=x", "--context=y"],
      says: "auth-provider is missing",
    },
    {
      name: "another provider",
      text: "kind: Config\nusers: [{name: x, user: {auth-provider: {name: gcp}}}]\n",
      words: ["--user=x"],
      says: "auth-provider.name must be oidc but is gcp",
    },
  ])("$name", async ({ text, words, says }) => {
    await inScene({}, async (made) => {
      const path = join(made.home, "kubeconfig");
      await writeFile(path, text, { mode: 0o600 });
      const ended = await made.run([`--kubeconfig=${path}`, ...words]);
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(
        `error: login: could not find the current authentication provider: ${says}\n`,
      );
    });
  });

  test("several at once spend one refresh token, and none is lost", async () => {
    await inScene({}, async (made) => {
      const now = Math.floor(Date.now() / 1000);
      const token = await made.provider.sign({
        iss: made.provider.issuer,
        aud: "kubernetes",
        sub: PERSON,
        iat: now - 7200,
        exp: now - 3600,
      });
      const refresh = await made.provider.refreshToken(PERSON);
      const path = join(made.home, "kubeconfig");
      const config = `{idp-issuer-url: "${made.provider.issuer}", client-id: kubernetes, id-token: ${token}, refresh-token: ${refresh}}`;
      await writeFile(
        path,
        `kind: Config\nusers: [{name: x, user: {auth-provider: {name: oidc, config: ${config}}}}]\n`,
        { mode: 0o600 },
      );
      const runs = Array.from(
        { length: 5 },
        async () => await made.run([`--kubeconfig=${path}`, "--user=x"]),
      );
      for (const ended of await Promise.all(runs))
        expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
      expect(made.provider.count("/token")).toBe(1);
      const found = parse(await readFile(path, "utf8")) as {
        users: readonly { user: { "auth-provider": { config: Record<string, string> } } }[];
      };
      const kept = found.users[0]?.user["auth-provider"].config["refresh-token"] ?? "";
      expect(kept).not.toBe(refresh);
      expect(made.provider.secrets).toContain(kept);
    });
  });

  test("a kubeconfig that others can write chooses no provider", async () => {
    await inScene({}, async (made) => {
      const path = join(made.home, "kubeconfig");
      const config = `{idp-issuer-url: "${made.provider.issuer}", client-id: kubernetes}`;
      await writeFile(
        path,
        `kind: Config\nusers: [{name: x, user: {auth-provider: {name: oidc, config: ${config}}}}]\n`,
        { mode: 0o666 },
      );
      await chmod(path, 0o666);
      const ended = await made.run([`--kubeconfig=${path}`, "--user=x"]);
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain("Refusing to sign in as user");
      expect(made.provider.heard).toEqual([]);
    });
  });
});
