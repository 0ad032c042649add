import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { at, json, metadata, type Bend } from "./bend.ts";
import { IN_BODY, PERSON } from "./certified.ts";
import { credentialOf, inScene, keepsSecrets, tokenForms, visit } from "./scene.ts";
import { OURS } from "./target.ts";

/** What upstream never tests (oidc.md §2.2): the device flow over HTTP. */

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";
const DEVICE_ENDPOINT = "/device/auth";

/** Asked each second, which oidc-provider would not say. */
const eachSecond: Bend = at(DEVICE_ENDPOINT, async (_heard, { pass }) => {
  const answered = await pass();
  return { ...answered, body: JSON.stringify({ ...(JSON.parse(answered.body) as object), interval: 1 }) };
});

const chain =
  (first: Bend, path: string): Bend =>
  async (heard, bending) =>
    heard.path === path ? await first(heard, bending) : await eachSecond(heard, bending);

describe.concurrent("device code", () => {
  test("is asked for until the person has signed in, and shows the code", async () => {
    await inScene({ bend: eachSecond }, async (made) => {
      const ended = await made.getToken("--grant-type=device-code", "--oidc-extra-scope=email");
      expect(credentialOf(ended, made.provider).claims.sub).toBe(PERSON);
      const [asked] = made.provider.heard.filter(({ path }) => path === DEVICE_ENDPOINT);
      expect(Object.fromEntries(asked?.form ?? [])).toMatchObject({
        client_id: "kubernetes",
        scope: "email openid",
      });
      expect(made.provider.count("/token", DEVICE)).toBeGreaterThan(1);
      expect(await made.opened()).toBe(1);
    });
  });

  test("with verification_uri alone, the code is on the terminal", async () => {
    const plain: Bend = async (heard, bending) => {
      const reply = await eachSecond(heard, bending);
      if (heard.path !== DEVICE_ENDPOINT || typeof reply === "string" || typeof reply.body !== "string")
        return reply;
      const { verification_uri_complete: _none, ...rest } = JSON.parse(reply.body) as Record<string, unknown>;
      return { ...reply, body: JSON.stringify(rest) };
    };
    await inScene({ bend: plain }, async (made) => {
      using running = made.start(made.args("--grant-type=device-code", "--skip-open-browser"));
      await running.says("Please enter the following code when asked in your browser: ");
      await running.says(`${made.provider.issuer}/device`);
      const code = /asked in your browser: (\S+)/.exec(running.stderr())?.[1] ?? "";
      await visit(made, `${made.provider.issuer}/device?user_code=${code}`);
      expect(credentialOf(await running.ended, made.provider).claims.sub).toBe(PERSON);
    });
  });

  test("with Google's old verification_url", async () => {
    const google: Bend = async (heard, bending) => {
      const reply = await eachSecond(heard, bending);
      if (heard.path !== DEVICE_ENDPOINT || typeof reply === "string" || typeof reply.body !== "string")
        return reply;
      const {
        verification_uri_complete: _none,
        verification_uri: url,
        ...rest
      } = JSON.parse(reply.body) as Record<string, unknown>;
      return { ...reply, body: JSON.stringify({ ...rest, verification_url: url }) };
    };
    await inScene({ bend: google }, async (made) => {
      using running = made.start(made.args("--grant-type=device-code", "--skip-open-browser"));
      await running.says(`${made.provider.issuer}/device`);
      await running.says("Please enter the following code when asked in your browser: ");
      const code = /asked in your browser: (\S+)/.exec(running.stderr())?.[1] ?? "";
      await visit(made, `${made.provider.issuer}/device?user_code=${code}`);
      credentialOf(await running.ended, made.provider);
    });
  });

  test("slow_down: five seconds more between the questions", async () => {
    const slow = chain(async ({ turn }, { pass }) => {
      if (turn === 0) return json(400, { error: "authorization_pending" });
      return turn === 1 ? json(400, { error: "slow_down" }) : await pass();
    }, "/token");
    await inScene({ bend: slow }, async (made) => {
      credentialOf(await made.getToken("--grant-type=device-code"), made.provider);
      const [first, second, third] = made.provider.heard.filter(({ path }) => path === "/token");
      expect((second?.time ?? 0) - (first?.time ?? 0)).toBeGreaterThan(900);
      expect((third?.time ?? 0) - (second?.time ?? 0)).toBeGreaterThan(5900);
    });
  });

  test.each([
    { name: "denied", error: "access_denied", code: "OIDC_LOGIN_REFUSED" },
    { name: "expired", error: "expired_token", code: "OIDC_LOGIN_TIMEOUT" },
    { name: "invalid_grant", error: "invalid_grant", code: "OIDC_GRANT_REFUSED" },
  ])("$name: exit 1", async ({ error, code }) => {
    await inScene({ bend: chain(() => json(400, { error }), "/token") }, async (made) => {
      const ended = await made.getToken("--grant-type=device-code", "--skip-open-browser");
      expect(ended, ended.stderr).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(OURS ? code : error);
      keepsSecrets(ended, made.provider);
    });
  });

  test("declined on the provider's page", async () => {
    await inScene({ bend: eachSecond, browser: { mode: "cancel" } }, async (made) => {
      expect(await made.getToken("--grant-type=device-code")).toMatchObject({ code: 1, stdout: "" });
    });
  });

  test("the client secret goes in the body", async () => {
    await inScene(
      {
        bend: async (heard, bending) => {
          if (heard.path !== "/.well-known/openid-configuration") return await eachSecond(heard, bending);
          return await metadata((fields) => ({
            ...fields,
            token_endpoint_auth_methods_supported: ["client_secret_post"],
          }))(heard, bending);
        },
      },
      async (made) => {
        const ended = await made.getToken(
          "--grant-type=device-code",
          `--oidc-client-id=${IN_BODY.id}`,
          `--oidc-client-secret=${IN_BODY.secret}`,
        );
        credentialOf(ended, made.provider);
        expect(tokenForms(made.provider, DEVICE)[0]?.get("client_secret")).toBe(IN_BODY.secret);
      },
    );
  });

  test("a browser that cannot be opened is no end of it", async () => {
    await inScene({ bend: eachSecond }, async (made) => {
      using running = made.start(
        made.args("--grant-type=device-code", `--browser-command=${join(made.home, "no such browser")}`),
      );
      await running.says(`${made.provider.issuer}/device?user_code=`);
      const url = new RegExp(String.raw`${made.provider.issuer}/device\?user_code=\S+`).exec(
        running.stderr(),
      )?.[0];
      await visit(made, url ?? "");
      credentialOf(await running.ended, made.provider);
    });
  });

  test.runIf(OURS)("expires_in ends the wait", async () => {
    const brief: Bend = at(DEVICE_ENDPOINT, async (_heard, { pass }) => {
      const answered = await pass();
      const fields = JSON.parse(answered.body) as object;
      return { ...answered, body: JSON.stringify({ ...fields, interval: 1, expires_in: 3 }) };
    });
    await inScene({ bend: brief }, async (made) => {
      const ended = await made.getToken("--grant-type=device-code", "--skip-open-browser");
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain("OIDC_LOGIN_TIMEOUT");
    });
  });

  test.runIf(OURS)("a provider without the flow is named as such", async () => {
    await inScene(
      { bend: metadata(({ device_authorization_endpoint: _none, ...rest }) => rest) },
      async (made) => {
        const ended = await made.getToken("--grant-type=device-code");
        expect(ended).toMatchObject({ code: 1, stdout: "" });
        expect(ended.stderr).toMatch(/OIDC_[A-Z_]+/);
        expect(ended.stderr).not.toContain("unsupported protocol");
      },
    );
  });
});
