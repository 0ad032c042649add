import { writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Finished } from "../program.ts";
import { newScene, type Scene } from "./plugin-scene.ts";

/** The real tools with keys that open nothing: presigning needs no network. */

const AWS = process.env["KAUTH_TEST_AWS"] ?? "";
const AUTHENTICATOR = process.env["KAUTH_TEST_AWS_IAM_AUTHENTICATOR"] ?? "";
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const KEYS = {
  AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
  AWS_SECRET_ACCESS_KEY: SECRET,
  AWS_REGION: "eu-central-1",
  AWS_DEFAULT_REGION: "eu-central-1",
  AWS_STS_REGIONAL_ENDPOINTS: "regional",
};
const NO_KEYS = { AWS_REGION: "eu-central-1", AWS_EC2_METADATA_DISABLED: "true" };
const VERSIONS = ["client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1"] as const;

let scene: Scene;
beforeEach(async () => {
  scene = await newScene();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

/** What the token presigns. */
const presigned = (stdout: string): URL => {
  expect(stdout).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+\n$/);
  return new URL(Buffer.from(stdout.trim().slice("k8s-aws-v1.".length), "base64url").toString("utf8"));
};
const expectSigned = ({ code, stdout, stderr }: Finished): void => {
  expect([code, stderr]).toEqual([0, ""]);
  const url = presigned(stdout);
  expect([url.protocol, url.host, url.searchParams.get("Action")]).toEqual([
    "https:",
    "sts.eu-central-1.amazonaws.com",
    "GetCallerIdentity",
  ]);
  expect(url.searchParams.get("X-Amz-Credential")).toContain(KEYS.AWS_ACCESS_KEY_ID);
  expect(url.searchParams.get("X-Amz-SignedHeaders")).toContain("x-k8s-aws-id");
};
const expectFailed = ({ code, stdout, stderr }: Finished, words: string): void => {
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/error: getting credentials: exec: executable \S+ failed with exit code \d+/);
  expect(stderr).toContain(words);
  expect(stderr).toContain("[EXEC_FAILED]");
  expect(stderr).not.toContain(SECRET);
};

describe.runIf(AWS !== "").each(VERSIONS)("aws eks get-token, %s", (apiVersion) => {
  /** As `aws eks update-kubeconfig` writes it. */
  const exec = {
    apiVersion,
    args: ["--region", "eu-central-1", "eks", "get-token", "--cluster-name", "demo", "--output", "json"],
    command: "aws",
    interactiveMode: "IfAvailable",
  };
  const path = `${dirname(AWS)}:${process.env["PATH"]}`;

  test("prints a token that kauth prints", async () => {
    expectSigned(await scene.token(exec, { env: { ...KEYS, PATH: path } }));
  });

  test("by its whole path, and with keys of the kubeconfig", async () => {
    const env = Object.entries(KEYS).map(([name, value]) => ({ name, value }));
    expectSigned(await scene.token({ ...exec, command: AWS, env }, { env: { PATH: path } }));
  });

  test("as an ExecCredential with its end", async () => {
    const { stdout } = await scene.token(exec, { env: { ...KEYS, PATH: path }, args: ["--exec-credential"] });
    const { status } = JSON.parse(stdout) as { status: { token: string; expirationTimestamp: string } };
    presigned(`${status.token}\n`);
    const life = Date.parse(status.expirationTimestamp) - Date.now();
    expect(life).toBeGreaterThan(10 * 60_000);
    expect(life).toBeLessThan(15 * 60_000);
  });

  test("without keys: its own words", async () => {
    expectFailed(await scene.token(exec, { env: { ...NO_KEYS, PATH: path } }), "credentials");
  });
});

describe.runIf(AUTHENTICATOR !== "").each(VERSIONS)("aws-iam-authenticator token, %s", (apiVersion) => {
  /** As its documentation shows it. */
  const exec = {
    apiVersion,
    command: "aws-iam-authenticator",
    args: ["token", "-i", "demo"],
    interactiveMode: "Never",
  };
  const path = `${dirname(AUTHENTICATOR)}:${process.env["PATH"]}`;

  test("prints a token that kauth prints", async () => {
    expectSigned(await scene.token(exec, { env: { ...KEYS, PATH: path } }));
  });

  test("by its whole path", async () => {
    expectSigned(await scene.token({ ...exec, command: AUTHENTICATOR }, { env: KEYS }));
  });

  test("without keys: its own words", async () => {
    expectFailed(await scene.token(exec, { env: { ...NO_KEYS, PATH: path } }), "could not get token");
  });
});

describe.runIf(AWS !== "" && AUTHENTICATOR !== "")("both", () => {
  test("sign for the same cluster in the same way", async () => {
    const apiVersion = VERSIONS[0];
    const one = await scene.token(
      { apiVersion, command: AWS, args: ["eks", "get-token", "--cluster-name", "demo"] },
      { env: KEYS },
    );
    const two = await scene.token(
      { apiVersion, command: AUTHENTICATOR, args: ["token", "-i", "demo"] },
      { env: KEYS },
    );
    const [left, right] = [presigned(one.stdout), presigned(two.stdout)];
    expect([left.host, left.pathname, left.searchParams.get("X-Amz-SignedHeaders")]).toEqual([
      right.host,
      right.pathname,
      right.searchParams.get("X-Amz-SignedHeaders"),
    ]);
  });

  test("a policy that lists one refuses the other", async () => {
    const kuberc = `${scene.directory}/kuberc`;
    await writeFile(
      kuberc,
      `apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: "${AUTHENTICATOR}"}]\n`,
    );
    const args = ["--kuberc", kuberc];
    const apiVersion = VERSIONS[0];
    const allowed = { apiVersion, command: AUTHENTICATOR, args: ["token", "-i", "demo"] };
    expectSigned(await scene.token(allowed, { env: KEYS, args }));
    const refused = await scene.token(
      { apiVersion, command: AWS, args: ["eks", "get-token", "--cluster-name", "demo"] },
      { env: KEYS, args },
    );
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("is not permitted by the credential plugin allowlist [EXEC_DENIED]");
  });
});
