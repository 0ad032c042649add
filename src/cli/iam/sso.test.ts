import * as crypto from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { awsHome, runIn, tokenOf, type AwsScene } from "../../../test/aws/scene.ts";
import { awsService, type AwsService } from "../../../test/aws/services.ts";
import { epochMillis } from "../../base/units.ts";

const LINE = "iam token -i c --region eu-west-1";
/** The clock, where something is over at a time. */
const NOW = Date.parse("2026-05-01T12:00:00Z");
const at = (time: number): NonNullable<AwsScene["system"]> => ({ now: () => epochMillis(time) });
const sha1 = (text: string): string => crypto.createHash("sha1").update(text).digest("hex");

describe("IAM Identity Center", () => {
  const START = "https://corp.awsapps.com/start";
  const OWN = ["[profile dev]", "sso_account_id = 111122223333", "sso_role_name = Dev"];
  const NEW = [
    ...OWN,
    "sso_session = corp",
    "[sso-session corp]",
    `sso_start_url = ${START}`,
    "sso_region = eu-west-1",
  ];
  const OLD = [...OWN, `sso_start_url = ${START}`, "sso_region = eu-west-1"];
  const path = (form: "new" | "old"): string =>
    `.aws/sso/cache/${sha1(form === "new" ? "corp" : START)}.json`;
  const ROLE_CREDENTIALS = {
    accessKeyId: "ASIASSO",
    secretAccessKey: "x",
    sessionToken: "t",
    expiration: NOW + 3_600_000,
  };
  const CLIENT = { clientId: "cid", clientSecret: "csecret", registrationExpiresAt: "2026-06-01T00:00:00Z" };
  const session = (expiresAt: string, more: unknown = {}): string =>
    JSON.stringify({
      startUrl: START,
      region: "eu-west-1",
      accessToken: "access-1",
      expiresAt,
      ...(more as object),
    });

  /** Portal and OIDC service in one; `good` are the access tokens that count. */
  const center = async (good: readonly string[], pending = 0): Promise<AwsService> => {
    let left = pending;
    return await awsService((question) => {
      const { path: asked, headers, body } = question;
      if (asked.startsWith("/federation/credentials?"))
        return good.includes(String(headers["x-amz-sso_bearer_token"]))
          ? { json: { roleCredentials: ROLE_CREDENTIALS } }
          : { status: 401, json: { message: "Session token not found or invalid" } };
      const form = JSON.parse(body) as Readonly<Record<string, string>>;
      if (asked === "/client/register")
        return {
          json: { clientId: "cid2", clientSecret: "csecret2", clientSecretExpiresAt: NOW / 1000 + 7_000_000 },
        };
      if (asked === "/device_authorization")
        return {
          json: {
            deviceCode: "dev-code",
            userCode: "ABCD-EFGH",
            verificationUri: "https://device.sso.eu-west-1.amazonaws.com/",
            verificationUriComplete: "https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH",
            expiresIn: 600,
            interval: 1,
          },
        };
      if (asked !== "/token") return undefined;
      if (form["grantType"] === "refresh_token" && form["refreshToken"] !== "refresh-1")
        return { status: 400, json: { error: "invalid_grant" } };
      if (form["grantType"] !== "refresh_token" && left-- > 0)
        return { status: 400, json: { error: left % 2 === 0 ? "slow_down" : "authorization_pending" } };
      return { json: { accessToken: "access-2", expiresIn: 28_800, refreshToken: "refresh-2" } };
    });
  };
  const scene = (
    service: AwsService,
    config: readonly string[],
    files: Readonly<Record<string, string>>,
  ): AwsScene => ({
    env: { AWS_PROFILE: "dev", AWS_ENDPOINT_URL_SSO: service.url, AWS_ENDPOINT_URL_SSO_OIDC: service.url },
    files: { ".aws/config": config.join("\n"), ...files },
    system: { ...at(NOW), sleep: async () => await Promise.resolve() },
  });

  test.each([
    { form: "new" as const, config: NEW },
    { form: "old" as const, config: OLD },
  ])("the session of aws sso login, $form form", async ({ form, config }) => {
    await using service = await center(["access-1"]);
    const outcome = await runIn(
      LINE,
      scene(service, config, { [path(form)]: session("2026-05-01T13:00:00Z") }),
    );
    expect(tokenOf(outcome)).toMatchObject({ keyId: "ASIASSO", session: "t" });
    expect(service.asked.map((each) => each.path)).toEqual([
      "/federation/credentials?account_id=111122223333&role_name=Dev",
    ]);
  });

  test("is renewed shortly before its end, and kept for the other tools", async () => {
    await using service = await center(["access-2"]);
    await using home = await awsHome();
    const more = { ...CLIENT, refreshToken: "refresh-1" };
    const outcome = await home.run(
      LINE,
      scene(service, NEW, { [path("new")]: session("2026-05-01T12:04:00Z", more) }),
    );
    expect(tokenOf(outcome).keyId).toBe("ASIASSO");
    expect(service.asked.map((each) => each.path.replace(/\?.*/, ""))).toEqual([
      "/token",
      "/federation/credentials",
    ]);
    const file = join(home.path, path("new"));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
      startUrl: START,
      region: "eu-west-1",
      accessToken: "access-2",
      expiresAt: "2026-05-01T20:00:00Z",
      ...CLIENT,
      refreshToken: "refresh-2",
    });
  });

  test.each([
    { name: "none", files: {}, why: "there is no session" },
    {
      name: "one that is over",
      files: { [path("new")]: session("2026-05-01T11:00:00Z") },
      why: "the session is over since 2026-05-01T11:00:00Z",
    },
    { name: "one that is no JSON", files: { [path("new")]: "{" }, why: "there is no session" },
    {
      name: "one whose renewal is refused",
      files: { [path("new")]: session("2026-05-01T11:00:00Z", { ...CLIENT, refreshToken: "old" }) },
      why: "the session is over since",
    },
    {
      name: "one that is not accepted",
      files: { [path("new")]: session("2026-05-01T13:00:00Z") },
      why: "the session was not accepted",
    },
  ])("says how to sign in: $name", async ({ files, why }) => {
    await using service = await center([]);
    const { status, out, err } = await runIn(LINE, scene(service, NEW, files));
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toContain(`Cannot get keys from IAM Identity Center: ${why}`);
    expect(err).toContain("Sign in with: aws sso login --profile dev");
  });

  test("--sso-login signs in by a browser, as long as it takes", async () => {
    await using service = await center(["access-2"], 3);
    await using home = await awsHome();
    const outcome = await home.run(`${LINE} --sso-login`, scene(service, NEW, {}));
    expect(outcome.err).toBe(
      "Open https://device.sso.eu-west-1.amazonaws.com/?user_code=ABCD-EFGH in a browser and check that it shows the code ABCD-EFGH",
    );
    expect(tokenOf(outcome).keyId).toBe("ASIASSO");
    expect(service.asked.map((each) => each.path.replace(/\?.*/, ""))).toEqual([
      "/client/register",
      "/device_authorization",
      "/token",
      "/token",
      "/token",
      "/token",
      "/federation/credentials",
    ]);
    const kept = JSON.parse(await readFile(join(home.path, path("new")), "utf8")) as Record<string, string>;
    expect(kept).toMatchObject({ accessToken: "access-2", clientId: "cid2", refreshToken: "refresh-2" });
    // The next command needs nobody.
    expect(tokenOf(await home.run(LINE, scene(service, NEW, {}))).keyId).toBe("ASIASSO");
  });

  test.each([
    { status: 400, json: { error: "access_denied" }, says: "the sign-in failed (400, access_denied)" },
    { status: 400, json: { error: "expired_token" }, says: "the sign-in failed (400, expired_token)" },
  ])("--sso-login that comes to nothing: $json.error", async ({ status, json, says }) => {
    await using real = await center([]);
    await using service = await awsService(async (question) => {
      if (question.path === "/token") return { status, json };
      const answer = await fetch(real.url + question.path, { method: "POST", body: question.body });
      return { status: answer.status, json: await answer.json() };
    });
    const outcome = await runIn(`${LINE} --sso-login`, scene(service, NEW, {}));
    expect(outcome.status).toBe(1);
    expect(outcome.err).toContain(says);
  });

  test("a page that is no web page is not shown", async () => {
    await using service = await awsService(({ path: asked }) =>
      asked === "/client/register"
        ? { json: { clientId: "c", clientSecret: "s" } }
        : {
            json: { deviceCode: "d", userCode: "u", verificationUri: "javascript:alert(1)", expiresIn: 600 },
          },
    );
    const { err } = await runIn(`${LINE} --sso-login`, scene(service, NEW, {}));
    expect(err).toContain("the page to sign in at is no https URL");
    expect(err).not.toContain("javascript");
  });

  test("a role that is not the person's, in AWS's words", async () => {
    await using service = await awsService(() => ({ status: 403, json: { message: "No access" } }));
    const files = { [path("new")]: session("2026-05-01T13:00:00Z") };
    const { err } = await runIn(LINE, scene(service, NEW, files));
    expect(err).toContain('role "Dev" of account 111122223333 was not given (403, No access)');
  });

  test("a region that would lengthen the host is refused", async () => {
    const config = NEW.map((line) => line.replace("sso_region = eu-west-1", "sso_region = evil.example/x"));
    const files = { ".aws/config": config.join("\n"), [path("new")]: session("2026-05-01T13:00:00Z") };
    const { status, err } = await runIn(LINE, { env: { AWS_PROFILE: "dev" }, files, system: at(NOW) });
    expect(status).toBe(2);
    expect(err).toContain('Cannot use region "evil.example/x"');
  });
});
