import { expect, test } from "vitest";
import { fakeSts, readToken } from "../aws/services.ts";
import { kauth } from "../program.ts";
import { onTerminal } from "../terminal.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e", AWS_REGION: "eu-west-1" };
const ROLE = "arn:aws:iam::111122223333:role/Dev";

test("on a terminal a person is asked for the code of a device, and not again", async () => {
  await using sts = await fakeSts({ AKIAENV: { secret: "e" } });
  const env = { ...KEYS, AWS_ENDPOINT_URL_STS: sts.url };
  await using terminal = await onTerminal(
    ["iam", "token", "-i", "c", "-r", ROLE, "--mfa-serial", "arn:aws:iam::1:mfa/x", "--token-only"],
    { env },
  );
  await terminal.shows("Assume Role MFA token code: ");
  terminal.type("123456\n");
  await terminal.shows("k8s-aws-v1.");
  expect(await terminal.ended).toBe(0);
  expect(sts.asked.map(({ body }) => new URLSearchParams(body).get("TokenCode"))).toEqual(["123456"]);
});

test("nobody is asked where standard input is no terminal", async () => {
  const { code, stdout, stderr } = await kauth(
    ["iam", "token", "-i", "c", "-r", ROLE, "--mfa-serial", "x"],
    KEYS,
  );
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("[AWS_MFA]");
});

test("the whole program prints one line and nothing else", async () => {
  const { code, stdout, stderr } = await kauth(["iam", "token", "-i", "c", "--token-only"], KEYS);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^k8s-aws-v1\.[\w-]+\n$/);
  expect(readToken(stdout.trim())).toMatchObject({ keyId: "AKIAENV", region: "eu-west-1" });
});
