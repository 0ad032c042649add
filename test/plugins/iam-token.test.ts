import { spawn } from "node:child_process";
import * as crypto from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { epochMillis } from "../../src/base/units.ts";
import { awsHome, type Home } from "../aws/scene.ts";
import { awsService, fakeSts, type AwsService } from "../aws/services.ts";

/**
 * The same environment and files for AWS's own programs and for kauth, which signs at the time at which they did. Every
 * parameter has to be the same then, the signature too.
 */

const AWS = process.env["KAUTH_TEST_AWS"] ?? "";
const AUTHENTICATOR = process.env["KAUTH_TEST_AWS_IAM_AUTHENTICATOR"] ?? "";

const ROLE = "arn:aws:iam::111122223333:role/Dev";
const KEYS = {
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+EXAMPLE",
};
const REGION = { AWS_REGION: "eu-central-1", AWS_DEFAULT_REGION: "eu-central-1" };
const OFF = { AWS_EC2_METADATA_DISABLED: "true" };
const KNOWN = {
  AKIAIOSFODNN7EXAMPLE: { secret: "wJalrXUtnFEMI/K7MDENG+EXAMPLE" },
  AKIABASE: { secret: "base" },
};

interface Case {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly cluster?: string;
  readonly role?: string;
  /** Its STS. Default: none is there. */
  readonly sts?: boolean;
  /** One more service, and the variable that names it. */
  readonly service?: readonly [variable: string, start: () => Promise<AwsService>];
  /** Programs that do something else with it, which is a difference that docs/from-aws-iam-authenticator.md lists. */
  readonly not?: "aws" | "authenticator";
}

const BASE = ["[profile base]", "aws_access_key_id = AKIABASE", "aws_secret_access_key = base"];
const KEY_DOCUMENT = {
  Code: "Success",
  AccessKeyId: "ASIASRC",
  SecretAccessKey: "src",
  Token: "src-session",
  Expiration: "2099-01-01T00:00:00Z",
};

const imds = async (): Promise<AwsService> =>
  await awsService(({ method, path }) => {
    if (method === "PUT") return { text: "t" };
    if (path.endsWith("/security-credentials/")) return { text: "r" };
    return path.endsWith("/r") ? { json: KEY_DOCUMENT } : undefined;
  });

const regions = [
  "us-east-1",
  "ap-southeast-2",
  "cn-north-1",
  "us-gov-west-1",
  "us-iso-east-1",
  "us-isob-east-1",
  "eusc-de-east-1",
];

const CASES: readonly Case[] = [
  { name: "keys of the environment", env: { ...KEYS, ...REGION } },
  { name: "and their session", env: { ...KEYS, ...REGION, AWS_SESSION_TOKEN: "FwoGZXIvYXdzE/+==" } },
  { name: "a cluster with odd characters", env: { ...KEYS, ...REGION }, cluster: "a_B.c:d/e+f=g@h" },
  ...regions.map((region) => ({
    name: region,
    env: { ...KEYS, AWS_REGION: region, AWS_DEFAULT_REGION: region },
    // Of the partitions that are newer than that version.
    ...(region.startsWith("eusc") ? { not: "authenticator" as const } : {}),
  })),
  { name: "FIPS", env: { ...KEYS, ...REGION, AWS_USE_FIPS_ENDPOINT: "true" } },
  {
    name: "the default profile, region and all",
    env: OFF,
    files: {
      ".aws/credentials": "[default]\naws_access_key_id=AKIABASE\naws_secret_access_key=base\n",
      ".aws/config": "[default]\nregion=eu-west-3\n",
    },
  },
  {
    name: "AWS_PROFILE",
    env: { ...OFF, AWS_PROFILE: "base" },
    files: { ".aws/config": [...BASE, "region = ap-south-1", "# x", "output = table"].join("\n") },
  },
  {
    name: "other files",
    env: { ...OFF, ...REGION, AWS_CONFIG_FILE: "~/c", AWS_SHARED_CREDENTIALS_FILE: "~/s", AWS_PROFILE: "x" },
    files: {
      c: "[profile x]\n",
      s: "[x]\naws_access_key_id = AKIABASE\naws_secret_access_key = base\n",
    },
  },
  {
    name: "a comment behind a value, which is none to botocore",
    env: { ...OFF, ...REGION },
    files: {
      ".aws/credentials": "[default]\naws_access_key_id = AKIABASE ; no\naws_secret_access_key = base\n",
    },
    not: "aws",
  },
  {
    name: "IAM Identity Center",
    env: { ...OFF, ...REGION, AWS_PROFILE: "dev" },
    files: {
      ".aws/config": [
        "[profile dev]",
        "sso_session = corp",
        "sso_account_id = 111122223333",
        "sso_role_name = Dev",
        "[sso-session corp]",
        "sso_start_url = https://corp.awsapps.com/start",
        "sso_region = eu-west-1",
      ].join("\n"),
      [`.aws/sso/cache/${crypto.createHash("sha1").update("corp").digest("hex")}.json`]: JSON.stringify({
        startUrl: "https://corp.awsapps.com/start",
        region: "eu-west-1",
        accessToken: "access",
        expiresAt: "2099-01-01T00:00:00Z",
      }),
    },
    service: [
      "AWS_ENDPOINT_URL_SSO",
      async () =>
        await awsService(({ headers }) =>
          headers["x-amz-sso_bearer_token"] === "access"
            ? {
                json: {
                  roleCredentials: {
                    accessKeyId: "ASIASSO",
                    secretAccessKey: "sso",
                    sessionToken: "t",
                    expiration: Date.UTC(2099, 0, 1),
                  },
                },
              }
            : undefined,
        ),
    ],
    not: "authenticator",
  },
  { name: "--role", env: { ...KEYS, ...REGION }, role: ROLE, sts: true },
  {
    name: "a role of a profile",
    env: { ...REGION, AWS_PROFILE: "dev" },
    files: {
      ".aws/config": [
        ...BASE,
        "[profile dev]",
        `role_arn = ${ROLE}`,
        "source_profile = base",
        "external_id = ext",
      ].join("\n"),
    },
    sts: true,
  },
  {
    name: "a web identity",
    env: { ...OFF, ...REGION, AWS_WEB_IDENTITY_TOKEN_FILE: "~/token", AWS_ROLE_ARN: ROLE },
    files: { token: "a.b.c" },
    sts: true,
  },
  {
    name: "a process",
    env: { ...OFF, ...REGION, AWS_PROFILE: "p" },
    files: {
      ".aws/config": "[profile p]\ncredential_process = ~/p.sh 'a b'\n",
      "p.sh": `#!/bin/sh\ntest "$1" = "a b" && printf '{"Version":1,"AccessKeyId":"AKIAP","SecretAccessKey":"p"}'`,
    },
  },
  {
    name: "a container",
    env: REGION,
    service: [
      "AWS_CONTAINER_CREDENTIALS_FULL_URI",
      async () => await awsService(() => ({ json: KEY_DOCUMENT })),
    ],
  },
  { name: "a machine", env: REGION, service: ["AWS_EC2_METADATA_SERVICE_ENDPOINT", imds] },
];

interface Program {
  readonly name: "aws" | "authenticator";
  readonly path: string;
  readonly args: (each: Case) => readonly string[];
  /** kauth's words for the same. */
  readonly ours: (each: Case) => string;
  /** What it can be compared in, and with which settings. */
  readonly has: (each: Case) => boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly left: RegExp;
}

const PROGRAMS: readonly Program[] = [
  {
    name: "aws",
    path: AWS,
    has: ({ not }) => not !== "aws",
    env: {},
    left: /^$/,
    args: ({ cluster = "demo", role }) => [
      "eks",
      "get-token",
      "--output",
      "json",
      "--cluster-name",
      cluster,
      ...(role === undefined ? [] : ["--role-arn", role]),
    ],
    ours: ({ cluster = "demo", role }) =>
      `eks get-token --cluster-name ${cluster}${role === undefined ? "" : ` --role-arn ${role}`}`,
  },
  {
    name: "authenticator",
    path: AUTHENTICATOR,
    // Version 0.6.13 has the old SDK, which knows no variables for endpoints, signs for no time at all, and for no region
    // but that of its flag.
    has: ({ env, sts, not }) => env["AWS_REGION"] !== undefined && sts !== true && not !== "authenticator",
    env: {},
    left: /^X-Amz-(?:Expires|Signature)=/,
    args: ({ cluster = "demo", env }) => ["token", "-i", cluster, "--region", env["AWS_REGION"] ?? ""],
    ours: ({ cluster = "demo", env }) => `iam token -i ${cluster} --region ${env["AWS_REGION"] ?? ""}`,
  },
];

const theirs = async (program: Program, each: Case, home: Home, env: NodeJS.ProcessEnv): Promise<string> => {
  const child = spawn(program.path, [...program.args(each)], {
    env: { PATH: process.env["PATH"], HOME: home.path, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (part: Buffer) => (out += part.toString()));
  child.stderr.on("data", (part: Buffer) => (err += part.toString()));
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`${program.name} ended with ${child.exitCode}: ${err}`);
  return out;
};

const urlOf = (text: string): URL => {
  const { token } = (JSON.parse(text) as { readonly status: { readonly token: string } }).status;
  return new URL(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString());
};
const told = (url: URL): readonly string[] => [
  `${url.protocol}//${url.host}${url.pathname}`,
  ...[...url.searchParams].map(([name, value]) => `${name}=${value}`).toSorted(),
];

describe.each(PROGRAMS)("as $name", (program) => {
  test.runIf(program.path !== "").each(CASES.filter(program.has))("$name", async (each) => {
    await using home = await awsHome();
    await using sts = each.sts === true ? await fakeSts(KNOWN) : undefined;
    await using service = await each.service?.[1]();
    const named = (text: string): string => text.replaceAll("~", home.path);
    for (const [name, text] of Object.entries(each.files ?? {})) {
      await mkdir(dirname(join(home.path, name)), { recursive: true });
      await writeFile(join(home.path, name), named(text), { mode: name.endsWith(".sh") ? 0o700 : 0o600 });
    }
    const env = Object.fromEntries(
      Object.entries({
        ...each.env,
        ...(sts === undefined ? {} : { AWS_ENDPOINT_URL_STS: sts.url }),
        ...(service === undefined || each.service === undefined ? {} : { [each.service[0]]: service.url }),
      }).map(([name, value]) => [name, named(value)]),
    );
    const expected = urlOf(await theirs(program, each, home, env));
    const date = expected.searchParams.get("X-Amz-Date") ?? "";
    const time = Date.parse(date.replace(/^(....)(..)(..T..)(..)/, "$1-$2-$3:$4:"));
    const outcome = await home.run(program.ours(each), {
      env: { PATH: process.env["PATH"] ?? "", ...env },
      system: { now: () => epochMillis(time), stdinIsTerminal: false },
    });
    expect(outcome.err).toBe("");
    const compared = (url: URL): readonly string[] => told(url).filter((line) => !program.left.test(line));
    expect(compared(urlOf(outcome.out))).toEqual(compared(expected));
  });
});
