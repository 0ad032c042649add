import { describe, expect, test } from "vitest";
import { runIn, tokenOf } from "../../../test/aws/scene.ts";
import { fakeSts, ROLE_KEYS } from "../../../test/aws/services.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "env-secret" };
const REGION = { AWS_REGION: "eu-west-1" };
const KNOWN = { AKIAENV: { secret: "env-secret" } };
const ROLE = "arn:aws:iam::111122223333:role/Dev";
const CLUSTER_VARIABLE = "KUBERNETES_AWS_AUTHENTICATOR_CLUSTER_ID";

/** Both ways to write each. */
const WAYS = [
  { program: "kauth", begin: "iam token" },
  { program: "aws-iam-authenticator", begin: "token" },
];

describe.each(WAYS)("as $program", ({ program, begin }) => {
  test("prints an ExecCredential on one line, in the version that was asked for", async () => {
    const env = {
      ...KEYS,
      ...REGION,
      KUBERNETES_EXEC_INFO: '{"apiVersion":"client.authentication.k8s.io/v1"}',
    };
    const { status, out, err } = await runIn(`${begin} -i c`, { env, program });
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toMatch(
      /^\{"kind":"ExecCredential","apiVersion":"client\.authentication\.k8s\.io\/v1","spec":\{"interactive":false\},"status":\{"expirationTimestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ","token":"k8s-aws-v1\.[\w-]+"\}\}$/,
    );
  });

  test("--token-only prints nothing else", async () => {
    const { out } = await runIn(`${begin} -i c --token-only`, { env: { ...KEYS, ...REGION }, program });
    expect(out).toMatch(/^k8s-aws-v1\.[\w-]+$/);
  });

  test.each([
    { name: "flag", line: "-i flag", env: { [CLUSTER_VARIABLE]: "variable" }, file: "clusterID: file" },
    { name: "long flag", line: "--cluster-id=flag", env: {}, file: "clusterID: file" },
    { name: "variable", line: "", env: { [CLUSTER_VARIABLE]: "variable" }, file: "clusterID: file" },
    { name: "file", line: "", env: {}, file: "clusterID: file" },
    { name: "file in another case", line: "", env: {}, file: "CLUSTERid: file\nserver:\n  mapRoles: []" },
    { name: "file with a number that begins with 0", line: "", env: {}, file: "clusterID: 0123" },
  ])("the cluster's id: $name", async ({ line, env, file }) => {
    const files = { "c.yaml": file };
    const common = { program, files };
    const options = `${begin} --token-only -c ~/c.yaml ${line}`.trim();
    const { status, err } = await runIn(options, { env: { ...KEYS, ...REGION, ...env }, ...common });
    expect({ status, err }).toEqual({ status: 0, err: "" });
  });

  test("no cluster id", async () => {
    const { status, out, err } = await runIn(begin, { env: KEYS, program });
    expect({ status, out }).toEqual({ status: program === "kauth" ? 2 : 1, out: "" });
    expect(err).toContain("error: cluster ID not specified");
  });

  test("both names of a session", async () => {
    const { status, err } = await runIn(`${begin} -i c -r ${ROLE} -s a --forward-session-name`, {
      env: KEYS,
      program,
    });
    expect(status).toBe(program === "kauth" ? 2 : 1);
    expect(err).toContain("cannot specify both --forward-session-name and --session-name parameter");
  });

  test("a configuration file that is not there", async () => {
    const { status, err } = await runIn(`${begin} -i c -c /nowhere.yaml`, { env: KEYS, program });
    expect(status).toBe(program === "kauth" ? 2 : 1);
    expect(err).toContain(`Can't read configuration file "/nowhere.yaml": `);
  });

  test("a level that is none", async () => {
    const { status, err } = await runIn(`${begin} -i c --log-verbosity loud`, { env: KEYS, program });
    expect(status).toBe(program === "kauth" ? 2 : 1);
    expect(err).toContain(`Invalid log level "loud". Valid values are: panic, fatal, error, warning, info`);
  });

  test("what goes wrong later", async () => {
    const { status, err } = await runIn(`${begin} -i c --region _`, { env: KEYS, program });
    expect(status).toBe(program === "kauth" ? 2 : 1);
    expect(err).toContain(
      `error: ${program === "kauth" ? "" : "could not get token: "}Cannot use region "_"`,
    );
  });
});

describe("as aws-iam-authenticator", () => {
  const program = "aws-iam-authenticator";
  const env = { ...KEYS, ...REGION };

  test.each([
    "-i c token",
    "--cluster-id c -l json token",
    "-i c -v debug token",
    "token -i c -v=debug",
    "token -i c --log-format=yes",
    "token -i c --feature-gates SSORoleMatch=true,AllAlpha=true",
  ])("%s", async (line) => {
    expect(await runIn(line, { env, program })).toMatchObject({ status: 0, err: "" });
  });

  test("its commands, without a command and at help", async () => {
    for (const line of ["", "--help", "help"]) {
      const { status, out } = await runIn(line, { env, program });
      expect(status).toBe(0);
      expect(out).toContain("Usage: aws-iam-authenticator COMMAND");
      expect(out).toMatch(/^ {2}token /m);
    }
    expect((await runIn("help token", { env, program })).out).toContain("Usage: aws-iam-authenticator token");
    expect((await runIn("token --help", { env, program })).out).toContain("-v too");
  });

  test.each([
    { line: "version", out: /^\{"Version":"[^"]+","Commit":""\}$/ },
    { line: "version -o yaml", out: /^version: \S+\ncommit: ""$/ },
    { line: "version --short", out: /^\d+\.\d+\.\d+$/ },
  ])("$line", async ({ line, out }) => {
    const answer = await runIn(line, { program });
    expect(answer.status).toBe(0);
    expect(answer.out).toMatch(out);
  });
});

describe("as aws eks get-token", () => {
  test.each([
    "eks get-token --cluster-name c",
    "--region us-west-2 eks get-token --cluster-name c --output json",
    "--region us-west-2 --profile x eks get-token --cluster-name c",
    "iam get-token --cluster-name c",
    "eks get-token --cluster-id c",
  ])("kauth %s", async (line) => {
    const files = { ".aws/config": "[profile x]\naws_access_key_id=AKIAX\naws_secret_access_key=x" };
    const env = { ...KEYS, ...REGION, AWS_DEFAULT_OUTPUT: "table" };
    const outcome = await runIn(line, { env, files });
    expect(outcome).toMatchObject({ status: 0, err: "" });
    expect(tokenOf(outcome)).toMatchObject({
      region: line.includes("us-west-2") ? "us-west-2" : "eu-west-1",
      keyId: line.includes("--profile") ? "AKIAX" : "AKIAENV",
    });
  });

  test("without a cluster", async () => {
    const { status, err } = await runIn("eks get-token", { env: KEYS });
    expect(status).toBe(2);
    expect(err).toContain("Either parameter --cluster-name or --cluster-id must be specified.");
  });

  test("takes a role under the name that the AWS CLI gives it", async () => {
    await using sts = await fakeSts(KNOWN);
    const env = { ...KEYS, ...REGION, AWS_ENDPOINT_URL_STS: sts.url };
    const outcome = await runIn(`eks get-token --cluster-name c --role-arn ${ROLE}`, { env });
    expect(tokenOf(outcome).keyId).toBe("ASIAROLE");
    expect(sts.asked[0]?.body).toContain("RoleSessionName=EKSGetTokenAuth");
  });
});

describe("a role", () => {
  const env = { ...KEYS, ...REGION };
  const bodies = async (
    line: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<readonly string[]> => {
    await using sts = await fakeSts(KNOWN);
    const outcome = await runIn(`iam token -i c ${line}`, {
      env: { ...env, AWS_ENDPOINT_URL_STS: sts.url, ...more },
    });
    expect(outcome).toMatchObject({ status: 0, err: "" });
    expect(tokenOf(outcome)).toMatchObject({ keyId: "ASIAROLE", session: ROLE_KEYS.SessionToken });
    return sts.asked.map(({ body }) => body);
  };

  test("with all that can be said of it", async () => {
    const [body = ""] = await bodies(
      `-r ${ROLE} -e ext -s me --duration 3600 --session-tag a=b --session-tag c=d=e --transitive-tag a --source-identity jane`,
    );
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: ROLE,
      RoleSessionName: "me",
      ExternalId: "ext",
      DurationSeconds: "3600",
      "Tags.member.1.Key": "a",
      "Tags.member.1.Value": "b",
      "Tags.member.2.Key": "c",
      "Tags.member.2.Value": "d=e",
      "TransitiveTagKeys.member.1": "a",
      SourceIdentity: "jane",
    });
  });

  test("by DEFAULT_ROLE", async () => {
    expect((await bodies("", { DEFAULT_ROLE: ROLE }))[0]).toContain(encodeURIComponent(ROLE));
  });

  test("whose session is named as the one that asks", async () => {
    const [first, second] = await bodies(`-r ${ROLE} --forward-session-name`);
    expect(first).toContain("Action=GetCallerIdentity");
    expect(second).toContain("RoleSessionName=jane");
  });

  test("with a code of its device", async () => {
    const [body] = await bodies(`-r ${ROLE} --mfa-serial arn:aws:iam::1:mfa/x --mfa-code 123456`);
    expect(body).toMatch(/SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fx&TokenCode=123456/);
  });

  test("whose code nobody can be asked for", async () => {
    const { status, err } = await runIn(`iam token -i c -r ${ROLE} --mfa-serial dev`, { env });
    expect(status).toBe(1);
    expect(err).toContain('it wants a code of device "dev", and standard input is no terminal [AWS_MFA]');
  });

  test.each(["--duration 899", "--duration 43201", "--duration 1h", "--session-tag =x", "--session-tag x"])(
    "%s",
    async (line) => {
      expect((await runIn(`iam token -i c -r ${ROLE} ${line}`, { env })).status).toBe(2);
    },
  );
});

describe("the region", () => {
  const ARN = "arn:aws:eks:ap-south-1:111122223333:cluster/c";
  const files = { ".aws/config": "[default]\nregion = sa-east-1\n[profile p]\nregion = ca-central-1" };
  const info = JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    spec: { cluster: { server: "https://ABC.gr7.eu-north-1.eks.amazonaws.com" } },
  });
  const all = { AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "eu-west-2", KUBERNETES_EXEC_INFO: info };
  test.each([
    { name: "--region", line: `-i ${ARN} --region us-west-1`, env: all, files, region: "us-west-1" },
    { name: "AWS_REGION", line: `-i ${ARN}`, env: all, files, region: "eu-west-1" },
    {
      name: "AWS_DEFAULT_REGION",
      line: `-i ${ARN}`,
      env: { AWS_DEFAULT_REGION: "eu-west-2" },
      files,
      region: "eu-west-2",
    },
    { name: "the profile", line: `-i ${ARN}`, env: { AWS_PROFILE: "p" }, files, region: "ca-central-1" },
    { name: "the default profile", line: `-i ${ARN}`, env: {}, files, region: "sa-east-1" },
    {
      name: "the cluster's ARN",
      line: `-i ${ARN}`,
      env: { KUBERNETES_EXEC_INFO: info },
      files: {},
      region: "ap-south-1",
    },
    {
      name: "the cluster's address",
      line: "-i c",
      env: { KUBERNETES_EXEC_INFO: info },
      files: {},
      region: "eu-north-1",
    },
    {
      name: "nobody",
      line: "-i c",
      env: { AWS_EC2_METADATA_DISABLED: "true" },
      files: {},
      region: "us-east-1",
    },
  ])("of $name", async ({ line, env, files: written, region }) => {
    const outcome = await runIn(`iam token ${line}`, { env: { ...KEYS, ...env }, files: written });
    expect(outcome).toMatchObject({ status: 0, err: "" });
    expect(tokenOf(outcome)).toMatchObject({ region, keyId: "AKIAENV" });
    expect(tokenOf(outcome).url.host).toBe(`sts.${region}.amazonaws.com`);
  });
});
