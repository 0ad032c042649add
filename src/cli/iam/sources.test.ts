import { describe, expect, test } from "vitest";
import { json, secureServer } from "../../../test/api-server.ts";
import { runIn, tokenOf, type AwsScene } from "../../../test/aws/scene.ts";
import { awsService, fakeSts, ROLE_KEYS, type AwsService } from "../../../test/aws/services.ts";
import { epochMillis } from "../../base/units.ts";

const LINE = "iam token -i c --region eu-west-1";
const ROLE = "arn:aws:iam::111122223333:role/Dev";
const OFF = { AWS_EC2_METADATA_DISABLED: "true" };
/** The clock, where something is over at a time. */
const NOW = Date.parse("2026-05-01T12:00:00Z");
const at = (time: number): NonNullable<AwsScene["system"]> => ({ now: () => epochMillis(time) });
const END = "2026-05-01T12:05:00Z";

describe("the environment and profiles", () => {
  const config = [
    "[default]",
    "aws_access_key_id = AKIADEFAULT",
    "aws_secret_access_key = d",
    "[profile p]",
    "aws_access_key_id = AKIAP",
    "aws_secret_access_key = p",
    "aws_session_token = session-p",
  ].join("\n");
  const files = { ".aws/config": config };
  const KEYS = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e" };
  test.each([
    {
      name: "the environment",
      line: LINE,
      env: { ...KEYS, AWS_PROFILE: "p" },
      keyId: "AKIAENV",
      session: null,
    },
    {
      name: "its session",
      line: LINE,
      env: { ...KEYS, AWS_SESSION_TOKEN: "s" },
      keyId: "AKIAENV",
      session: "s",
    },
    {
      name: "its old names",
      line: LINE,
      env: { AWS_ACCESS_KEY: "AKIAOLD", AWS_SECRET_KEY: "o" },
      keyId: "AKIAOLD",
      session: null,
    },
    {
      name: "half of a key counts for nothing",
      line: LINE,
      env: { AWS_ACCESS_KEY_ID: "AKIAENV" },
      keyId: "AKIADEFAULT",
      session: null,
    },
    {
      name: "--profile before the environment",
      line: `${LINE} --profile p`,
      env: KEYS,
      keyId: "AKIAP",
      session: "session-p",
    },
    { name: "AWS_PROFILE", line: LINE, env: { AWS_PROFILE: "p" }, keyId: "AKIAP", session: "session-p" },
    {
      name: "AWS_DEFAULT_PROFILE",
      line: LINE,
      env: { AWS_DEFAULT_PROFILE: "p" },
      keyId: "AKIAP",
      session: "session-p",
    },
    { name: "nobody", line: LINE, env: {}, keyId: "AKIADEFAULT", session: null },
  ])("$name", async ({ line, env, keyId, session }) => {
    expect(tokenOf(await runIn(line, { env: { ...OFF, ...env }, files }))).toMatchObject({ keyId, session });
  });

  test("a profile that is not there is an error", async () => {
    const { status, err } = await runIn(LINE, { env: { ...OFF, AWS_PROFILE: "nope" }, files });
    expect(status).toBe(2);
    expect(err).toContain("failed to get shared config profile, nope [AWS_PROFILE]");
  });

  test("nothing anywhere", async () => {
    const { status, out, err } = await runIn(LINE, { env: OFF });
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toContain("[AWS_NO_KEYS]");
    expect(err).toContain("AWS_EC2_METADATA_DISABLED says not to");
  });
});

describe("roles of profiles", () => {
  const KNOWN = {
    AKIABASE: { secret: "base" },
    ASIAROLE: { secret: "role-secret", session: "role-session" },
  };
  const config = [
    "[profile base]",
    "aws_access_key_id = AKIABASE",
    "aws_secret_access_key = base",
    "[profile dev]",
    `role_arn = ${ROLE}`,
    "source_profile = base",
    "external_id = ext",
    "role_session_name = me",
    "duration_seconds = 3600",
    "[profile chained]",
    "role_arn = arn:aws:iam::222233334444:role/Next",
    "source_profile = dev",
    "[profile env]",
    `role_arn = ${ROLE}`,
    "credential_source = Environment",
    "[profile mfa]",
    `role_arn = ${ROLE}`,
    "source_profile = base",
    "mfa_serial = arn:aws:iam::1:mfa/x",
  ].join("\n");
  const files = { ".aws/config": config };
  const bodiesOf = ({ asked }: AwsService): readonly Readonly<Record<string, string>>[] =>
    asked.map(({ body }) => Object.fromEntries(new URLSearchParams(body)));

  test("source_profile, with what it says of the role", async () => {
    await using sts = await fakeSts(KNOWN);
    const outcome = await runIn(LINE, { env: { AWS_PROFILE: "dev", AWS_ENDPOINT_URL_STS: sts.url }, files });
    expect(tokenOf(outcome)).toMatchObject({ keyId: "ASIAROLE", session: ROLE_KEYS.SessionToken });
    expect(bodiesOf(sts)).toMatchObject([
      { RoleArn: ROLE, ExternalId: "ext", RoleSessionName: "me", DurationSeconds: "3600" },
    ]);
  });

  test("a role of a role", async () => {
    await using sts = await fakeSts(KNOWN);
    await runIn(LINE, { env: { AWS_PROFILE: "chained", AWS_ENDPOINT_URL_STS: sts.url }, files });
    expect(bodiesOf(sts).map(({ RoleArn }) => RoleArn)).toEqual([
      ROLE,
      "arn:aws:iam::222233334444:role/Next",
    ]);
  });

  test("credential_source Environment, and without one", async () => {
    await using sts = await fakeSts(KNOWN);
    const env = { AWS_ENDPOINT_URL_STS: sts.url, ...OFF };
    const keys = { AWS_ACCESS_KEY_ID: "AKIABASE", AWS_SECRET_ACCESS_KEY: "base" };
    expect(tokenOf(await runIn(`${LINE} --profile env`, { env: { ...env, ...keys }, files })).keyId).toBe(
      "ASIAROLE",
    );
    const { status, err } = await runIn(`${LINE} --profile env`, { env, files });
    expect(status).toBe(1);
    expect(err).toContain("credential_source is Environment, and AWS_ACCESS_KEY_ID");
  });

  test("mfa_serial with --mfa-code", async () => {
    await using sts = await fakeSts(KNOWN);
    const env = { AWS_PROFILE: "mfa", AWS_ENDPOINT_URL_STS: sts.url };
    await runIn(`${LINE} --mfa-code 654321`, { env, files });
    expect(bodiesOf(sts)).toMatchObject([{ SerialNumber: "arn:aws:iam::1:mfa/x", TokenCode: "654321" }]);
  });

  test("where STS says no, in its words", async () => {
    await using sts = await fakeSts({});
    const env = { AWS_PROFILE: "dev", AWS_ENDPOINT_URL_STS: sts.url };
    const { status, err } = await runIn(LINE, { env, files });
    expect(status).toBe(1);
    expect(err).toContain("SignatureDoesNotMatch: unknown key AKIABASE [AWS_STS_REFUSED]");
  });

  test("with endpoint settings of the profile", async () => {
    await using sts = await fakeSts(KNOWN);
    const services = `${config}\n[services local]\nsts =\n  endpoint_url = ${sts.url}\n`;
    const with_ = services.replace("[profile dev]", "[profile dev]\nservices = local");
    const outcome = await runIn(`${LINE} --profile dev`, { files: { ".aws/config": with_ } });
    expect(tokenOf(outcome).keyId).toBe("ASIAROLE");
    expect(tokenOf(outcome).url.origin).toBe(sts.url);
  });
});

describe("hosts by settings", () => {
  const KEYS = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e" };
  test.each([
    { env: { AWS_USE_FIPS_ENDPOINT: "true" }, config: "", host: "sts-fips.eu-west-1.amazonaws.com" },
    { env: { AWS_USE_DUALSTACK_ENDPOINT: "TRUE" }, config: "", host: "sts.eu-west-1.api.aws" },
    { env: {}, config: "use_fips_endpoint = true", host: "sts-fips.eu-west-1.amazonaws.com" },
    { env: {}, config: "use_dualstack_endpoint = true", host: "sts.eu-west-1.api.aws" },
    {
      env: { AWS_USE_FIPS_ENDPOINT: "false" },
      config: "use_fips_endpoint = true",
      host: "sts.eu-west-1.amazonaws.com",
    },
    {
      env: { AWS_ENDPOINT_URL: "https://all.example" },
      config: "endpoint_url = https://profile.example",
      host: "all.example",
    },
    { env: {}, config: "endpoint_url = https://profile.example:8443", host: "profile.example:8443" },
    {
      env: { AWS_ENDPOINT_URL: "https://all.example", AWS_ENDPOINT_URL_STS: "https://sts.example" },
      config: "",
      host: "sts.example",
    },
    {
      env: { AWS_ENDPOINT_URL_STS: "https://sts.example", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
      config: "",
      host: "sts.eu-west-1.amazonaws.com",
    },
    {
      env: { AWS_ENDPOINT_URL_STS: "https://sts.example" },
      config: "ignore_configured_endpoint_urls = true",
      host: "sts.eu-west-1.amazonaws.com",
    },
  ])("$env $config", async ({ env, config, host }) => {
    const files = { ".aws/config": `[default]\n${config}\n` };
    expect(tokenOf(await runIn(LINE, { env: { ...KEYS, ...env }, files })).url.host).toBe(host);
  });

  test("a setting that is neither true nor false", async () => {
    const { status, err } = await runIn(LINE, { env: { ...KEYS, AWS_USE_FIPS_ENDPOINT: "yes" } });
    expect(status).toBe(2);
    expect(err).toContain('Cannot use "yes" of AWS_USE_FIPS_ENDPOINT or use_fips_endpoint');
  });

  test("authorities of AWS_CA_BUNDLE or ca_bundle, and no others", async () => {
    const answer = { Credentials: { ...ROLE_KEYS, Expiration: Date.UTC(2099, 0, 1) / 1000 } };
    await using sts = await secureServer((_request, response) =>
      json(response, 200, { AssumeRoleResponse: { AssumeRoleResult: answer } }),
    );
    const env = { ...KEYS, AWS_ENDPOINT_URL_STS: sts.url };
    const files = { "ca.pem": sts.authority.cert };
    const line = `${LINE} -r ${ROLE} --cache=false`;
    expect(tokenOf(await runIn(line, { env: { ...env, AWS_CA_BUNDLE: "~/ca.pem" }, files })).keyId).toBe(
      "ASIAROLE",
    );
    const config = { ...files, ".aws/config": "[default]\nca_bundle = ~/ca.pem\n" };
    expect(tokenOf(await runIn(line, { env, files: config })).keyId).toBe("ASIAROLE");
    expect((await runIn(line, { env, files })).err).toContain("[TLS_UNTRUSTED]");
  });

  test("authorities that cannot be read", async () => {
    const env = { ...KEYS, AWS_CA_BUNDLE: "/nowhere.pem" };
    const { status, err } = await runIn(`${LINE} -r ${ROLE}`, { env });
    expect(status).toBe(2);
    expect(err).toContain("[AWS_CA_BUNDLE]");
  });
});

describe("a web identity", () => {
  const files = { token: "the.web.token\n" };
  const VARIABLES = {
    AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: "~/token",
    AWS_ROLE_SESSION_NAME: "pod",
  };

  test("of the environment, before profiles", async () => {
    await using sts = await fakeSts({});
    const outcome = await runIn(LINE, {
      env: { ...VARIABLES, AWS_ENDPOINT_URL_STS: sts.url },
      files: { ...files, ".aws/config": "[default]\naws_access_key_id=AKIA\naws_secret_access_key=x" },
    });
    expect(tokenOf(outcome).keyId).toBe("ASIAROLE");
    expect(sts.asked[0]?.headers.authorization).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(sts.asked[0]?.body))).toMatchObject({
      RoleArn: ROLE,
      RoleSessionName: "pod",
      WebIdentityToken: "the.web.token",
    });
  });

  test("of a profile", async () => {
    await using sts = await fakeSts({});
    const config = `[profile web]\nrole_arn = ${ROLE}\nweb_identity_token_file = ~/token\n`;
    const env = { AWS_PROFILE: "web", AWS_ENDPOINT_URL_STS: sts.url };
    expect(tokenOf(await runIn(LINE, { env, files: { ...files, ".aws/config": config } })).keyId).toBe(
      "ASIAROLE",
    );
  });

  test.each([
    {
      name: "without a role",
      env: { AWS_WEB_IDENTITY_TOKEN_FILE: "~/token" },
      says: "AWS_ROLE_ARN is not set",
    },
    {
      name: "without its file",
      env: { ...VARIABLES, AWS_WEB_IDENTITY_TOKEN_FILE: "~/none" },
      says: 'token "~/none"',
    },
  ])("$name", async ({ env, says }) => {
    const { status, err } = await runIn(LINE, { env, files });
    expect(status).toBe(1);
    expect(err).toContain(says);
  });
});

describe("a container", () => {
  const DOCUMENT = { AccessKeyId: "ASIACONT", SecretAccessKey: "x", Token: "t", Expiration: END };

  test("its agent, before the machine", async () => {
    await using agent = await awsService(() => ({ json: DOCUMENT }));
    const outcome = await runIn(LINE, {
      env: {
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN: "me",
      },
      system: at(NOW),
    });
    expect(tokenOf(outcome).keyId).toBe("ASIACONT");
    expect(agent.asked[0]?.headers.authorization).toBe("me");
  });

  test("as credential_source, and without one", async () => {
    await using agent = await awsService(() => ({ json: DOCUMENT }));
    await using sts = await fakeSts({ ASIACONT: { secret: "x", session: "t" } });
    const files = { ".aws/config": `[profile r]\nrole_arn = ${ROLE}\ncredential_source = EcsContainer\n` };
    const env = { AWS_PROFILE: "r", AWS_ENDPOINT_URL_STS: sts.url };
    const outcome = await runIn(LINE, {
      env: { ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/x` },
      files,
    });
    expect(tokenOf(outcome).keyId).toBe("ASIAROLE");
    expect((await runIn(LINE, { env, files })).err).toContain(
      "EcsContainer was specified as the credential_source",
    );
  });
});
