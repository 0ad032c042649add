import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { at, text } from "./bend.ts";
import { CONFIDENTIAL, PERSON } from "./certified.ts";
import { credentialOf, inScene, keepsSecrets, type Scene } from "./scene.ts";
import { jsonOf, kauthOidc, sameEntry } from "./own-commands.ts";

/** What keeps, shows, forgets and takes over sign-ins, and what sets a kubeconfig up: kauth's own commands. */

const entries = async (made: Scene): Promise<readonly Record<string, unknown>[]> =>
  jsonOf(await kauthOidc(made, "list", `--token-cache-dir=${made.cache}`, "-o", "json"))["entries"] as Record<
    string,
    unknown
  >[];

describe.concurrent("what is kept", () => {
  test("is listed and told by whose it is, without a secret", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken("--oidc-extra-scope=email"), made.provider);
      expect(await entries(made)).toMatchObject([
        {
          issuer: made.provider.issuer,
          clientId: "kubernetes",
          subject: PERSON,
          name: "alice@example.com",
          expired: false,
          renews: true,
          storage: "disk",
        },
      ]);
      const asked = made.provider.heard.length;
      const list = await kauthOidc(made, "list", `--token-cache-dir=${made.cache}`);
      expect(list.stdout).toContain("alice@example.com, good until ");
      const who = await kauthOidc(made, "whoami", ...sameEntry(made, "--oidc-extra-scope=email"));
      expect(who.stdout).toContain(`subject    ${PERSON}\n`);
      expect(who.stdout).toContain("groups     devs\n");
      for (const ended of [list, who]) keepsSecrets(ended, made.provider);
      expect(made.provider.heard.length).toBe(asked);
    });
  });

  test("other options are another entry, and nobody is signed in there", async () => {
    await inScene({}, async (made) => {
      const who = await kauthOidc(made, "whoami", ...sameEntry(made));
      expect(who).toMatchObject({ code: 1, stdout: "" });
      expect(who.stderr).toContain("[OIDC_NOT_SIGNED_IN]");
      expect(who.stderr).toContain("kauth oidc login");
    });
  });
});

describe.concurrent("logout", () => {
  test("has the provider take the tokens back, forgets them, and shows the provider's page", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      const ended = await kauthOidc(made, "logout", ...sameEntry(made));
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(ended.stderr).toContain("the provider has taken the tokens back");
      keepsSecrets(ended, made.provider);
      const asked = made.provider.heard.filter(({ path }) => path === "/token/revocation");
      expect(asked.map(({ form }) => form.get("token_type_hint"))).toEqual(["refresh_token"]);
      const refresh = asked[0]?.form.get("token") ?? "";
      expect(made.provider.secrets).toContain(refresh);
      expect(await entries(made)).toEqual([]);
      // The browser went to the end of the session, with no token in the address.
      const pages = await made.pages();
      const page = pages.find(({ event, url }) => event === "opened" && url.includes("/session/end"));
      expect(page?.url).toBe(`${made.provider.issuer}/session/end?client_id=kubernetes`);
      // The refresh token is worth nothing any more.
      const answer = await fetch(`${made.provider.issuer}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "refresh_token",
          client_id: "kubernetes",
          refresh_token: refresh,
        }),
      });
      expect(await answer.json()).toMatchObject({ error: "invalid_grant" });
    });
  });

  test("with a client's secret", async () => {
    await inScene({}, async (made) => {
      const client = [
        `--oidc-client-id=${CONFIDENTIAL.id}`,
        `--oidc-client-secret=${CONFIDENTIAL.secret}`,
      ] as const;
      credentialOf(await made.getToken(...client), made.provider);
      const ended = await kauthOidc(made, "logout", ...sameEntry(made, ...client), "-o", "json");
      expect(jsonOf(ended)).toMatchObject({ ended: [{ forgotten: true, revoked: "yes" }] });
      keepsSecrets(ended, made.provider);
    });
  });

  test("forgets them also where the provider does not answer, and says so", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      made.provider.bend = at("/token/revocation", () => text(503, "busy"));
      const ended = await kauthOidc(made, "logout", ...sameEntry(made));
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain(
        "has not taken the tokens back: Cannot take a token back: the provider answered 503",
      );
      expect(await entries(made)).toEqual([]);
    });
  });

  test("--local asks nobody, --all means every entry", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      credentialOf(await made.getToken("--account=second"), made.provider);
      expect(await entries(made)).toHaveLength(2);
      const asked = made.provider.heard.length;
      const local = await kauthOidc(made, "logout", "--local", ...sameEntry(made, "--account=second"));
      expect(local, local.stderr).toMatchObject({ code: 0 });
      expect(made.provider.heard.length).toBe(asked);
      expect(await entries(made)).toMatchObject([{ clientId: "kubernetes" }]);
      const all = await kauthOidc(
        made,
        "logout",
        "--all",
        `--token-cache-dir=${made.cache}`,
        "--skip-open-browser",
      );
      expect(all, all.stderr).toMatchObject({ code: 0 });
      expect(made.provider.count("/token/revocation")).toBe(1);
      expect(await entries(made)).toEqual([]);
    });
  });
});

describe.concurrent("clean (security.md R-K8)", () => {
  test("removes our entries and nothing else, whatever directory it is given", async () => {
    await inScene({}, async (made) => {
      credentialOf(await made.getToken(), made.provider);
      const ours = await readdir(made.cache);
      const strangers: Readonly<Record<string, string>> = {
        "precious.txt": "keep me",
        [`${"a".repeat(64)}.json`]: '{"version":1,"key":"another"}',
        [`${"b".repeat(64)}.json`]: "not even JSON",
        ["c".repeat(64)]: '{"id_token":"kubelogin\'s","refresh_token":"r"}',
        [`${"c".repeat(64)}.lock`]: "",
        ".hidden": "x",
      };
      for (const [name, text] of Object.entries(strangers)) await writeFile(join(made.cache, name), text);
      const draft = `${"d".repeat(64)}.json.0123456789ab.new`;
      await writeFile(join(made.cache, draft), "half a token");
      await mkdir(join(made.cache, "sub"));
      await writeFile(join(made.cache, "sub", "file"), "x");
      await symlink(join(made.cache, "precious.txt"), join(made.cache, `${"e".repeat(64)}.json`));
      const ended = await made.run(["clean", `--token-cache-dir=${made.cache}`]);
      expect(ended, ended.stderr).toMatchObject({ code: 0, stdout: "" });
      expect(ended.stderr).toContain(`Deleted the token cache from ${made.cache}\n`);
      expect(ended.stderr).toContain("1 of kubelogin's own are left");
      const left = await readdir(made.cache);
      for (const name of ours) expect(left).not.toContain(name);
      expect(left).not.toContain(draft);
      for (const [name, text] of Object.entries(strangers))
        expect(await readFile(join(made.cache, name), "utf8")).toBe(text);
      expect(await readFile(join(made.cache, "sub", "file"), "utf8")).toBe("x");
    });
  });

  test("of nothing, and of what is not there, is done at once", async () => {
    await inScene({}, async (made) => {
      expect(await made.run(["clean", `--token-cache-dir=${made.cache}`])).toMatchObject({ code: 0 });
      const absent = join(made.home, "absent");
      expect(await made.run(["clean", "--token-cache-dir", absent])).toMatchObject({ code: 0 });
      await expect(stat(absent)).rejects.toThrow("ENOENT");
      expect(await made.run(["clean", "extra"])).toMatchObject({ code: 1 });
    });
  });
});

describe.concurrent("import", () => {
  /** As kubelogin keeps it. */
  const foreign = async (
    made: Scene,
    claims: Readonly<Record<string, unknown>>,
    name: string,
  ): Promise<string> => {
    const now = Math.floor(Date.now() / 1000);
    const refresh = await made.provider.refreshToken(PERSON);
    const token = await made.provider.sign({
      iss: made.provider.issuer,
      aud: "kubernetes",
      sub: PERSON,
      iat: now - 90_000,
      exp: now - 86_400,
      ...claims,
    });
    await writeFile(
      join(made.cache, name.repeat(64)),
      JSON.stringify({ id_token: token, refresh_token: refresh }),
      { mode: 0o600 },
    );
    return refresh;
  };

  test("takes the entry over by what its token says, and then it is renewed without a browser", async () => {
    await inScene({}, async (made) => {
      await foreign(made, { aud: "another" }, "1");
      await foreign(made, { iss: "https://another.example" }, "2");
      const refresh = await foreign(made, {}, "3");
      const ended = await kauthOidc(made, "import", ...sameEntry(made));
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(ended.stderr).toContain(`Imported the sign-in of ${PERSON}`);
      keepsSecrets(ended, made.provider);
      // The others stay, ours is gone there: both would spend the same refresh token.
      const left = await readdir(made.cache);
      expect(left).toContain("1".repeat(64));
      expect(left).toContain("2".repeat(64));
      expect(left).not.toContain("3".repeat(64));
      credentialOf(await made.getToken(), made.provider);
      expect(await made.opened()).toBe(0);
      const forms = made.provider.heard.filter(({ path }) => path === "/token").map(({ form }) => form);
      expect(forms.map((form) => form.get("refresh_token"))).toEqual([refresh]);
    });
  });

  test("leaves an entry of our own, and what is to be kept", async () => {
    await inScene({}, async (made) => {
      await foreign(made, {}, "3");
      const kept = await kauthOidc(made, "import", "--keep", ...sameEntry(made));
      expect(kept.stderr).toContain("Do not use both tools");
      expect(await readdir(made.cache)).toContain("3".repeat(64));
      const again = await kauthOidc(made, "import", ...sameEntry(made), "-o", "json");
      expect(jsonOf(again)).toEqual({ imported: false, reason: "exists" });
      expect(await readdir(made.cache)).toContain("3".repeat(64));
    });
  });

  test("of nothing is a failure that names the place", async () => {
    await inScene({}, async (made) => {
      await foreign(made, { aud: "another" }, "1");
      const ended = await kauthOidc(made, "import", ...sameEntry(made));
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(
        `kubelogin has none at "${made.provider.issuer}" as client "kubernetes"`,
      );
    });
  });
});
