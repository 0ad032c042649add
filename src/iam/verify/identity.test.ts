import { describe, expect, test } from "vitest";
import { isKnownError } from "../../base/errors.ts";
import { readIdentity, type IamIdentity } from "./identity.ts";

const settings = {
  partition: "aws",
  accessKeyId: "ASIABCDEFGHIJKLMNOPQ",
  host: "sts.us-west-2.amazonaws.com",
};
const body = (Arn: string, UserId = "Alice", Account = "123456789012"): string =>
  JSON.stringify({
    GetCallerIdentityResponse: { GetCallerIdentityResult: { Account, Arn, UserId } },
  });
const read = (text: string, status = 200): IamIdentity => readIdentity({ status, body: text }, settings);
const arn = (resource: string, service = "iam"): string => `arn:aws:${service}::123456789012:${resource}`;

describe("whose a token is (iam.md §3.4)", () => {
  test.each([
    ["a user", arn("user/Alice"), "Alice", arn("user/Alice"), "Alice", ""],
    ["root", arn("root"), "123456789012", arn("root"), "123456789012", ""],
    ["a role", arn("role/Alice"), "Alice:session-name", arn("role/Alice"), "Alice", "session-name"],
    [
      "an assumed role",
      arn("assumed-role/Alice/extra", "sts"),
      "Alice:extra",
      arn("role/Alice"),
      "Alice",
      "extra",
    ],
    [
      "a federated user",
      arn("federated-user/Bob", "sts"),
      "123456789012:Bob",
      arn("federated-user/Bob", "sts"),
      "123456789012:Bob",
      "",
    ],
  ])("%s", (_name, from, id, canonicalArn, userId, sessionName) => {
    expect(read(body(from, id))).toEqual({
      arn: from,
      canonicalArn,
      account: "123456789012",
      userId,
      sessionName,
      accessKeyId: "ASIABCDEFGHIJKLMNOPQ",
    });
  });
});

describe("answers that name nobody", () => {
  test.each([
    ["throttled", 400, "Throttling", "IAM_STS_THROTTLED", "sts getCallerIdentity was throttled: Throttling"],
    [
      "throttled, in JSON",
      400,
      '{"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}',
      "IAM_STS_THROTTLED",
      "was throttled",
    ],
    [
      "throttled, in XML",
      400,
      "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
      "IAM_STS_THROTTLED",
      "was throttled",
    ],
    [
      "a refusal that repeats the word from the token",
      403,
      JSON.stringify({
        Error: {
          Code: "SignatureDoesNotMatch",
          Message: 'The string was "Throttling", "Code": "Throttling"',
        },
      }),
      "IAM_STS_REFUSED",
      "(expected 200, got 403)",
    ],
    [
      "forbidden",
      403,
      " ",
      "IAM_STS_REFUSED",
      "error from AWS (expected 200, got 403) on sts.us-west-2.amazonaws.com endpoint",
    ],
    ["a redirect", 302, "", "IAM_STS_REFUSED", "(expected 200, got 302)"],
    ["broken", 503, "", "IAM_STS_FAILED", "(expected 200, got 503)"],
    ["no JSON", 200, "xxxx", "IAM_STS_FAILED", "cannot be read"],
    ["XML", 200, "<GetCallerIdentityResponse/>", "IAM_STS_FAILED", "cannot be read"],
    ["no ARN", 200, body("arn"), "IAM_STS_FAILED", "arn 'arn' is invalid:"],
    [
      "three parts",
      200,
      body(arn("role/Alice"), "not:vailid:userid"),
      "IAM_STS_FAILED",
      'malformed UserID "not:vailid:userid"',
    ],
    ["a role without a session", 200, body(arn("role/Alice"), "Alice"), "IAM_STS_FAILED", "malformed UserID"],
    [
      "a session like a template",
      200,
      body(arn("role/Alice"), "Alice:{{AccessKeyID}}"),
      "IAM_STS_FAILED",
      "malformed UserID",
    ],
    [
      "another account",
      200,
      body(arn("user/Alice"), "Alice", "210987654321"),
      "IAM_STS_FAILED",
      "is not the account of",
    ],
    ["no account", 200, body("arn:aws:iam::1:user/a", "a", "1"), "IAM_STS_FAILED", "is not the account of"],
    [
      "another partition",
      200,
      body("arn:aws-cn:iam::123456789012:user/a"),
      "IAM_STS_FAILED",
      "is not of partition aws",
    ],
    [
      "Arn twice",
      200,
      body(arn("user/Alice")).replace('"Arn"', `"Arn":"${arn("user/Bob")}","Arn"`),
      "IAM_STS_FAILED",
      '"Arn" more than once',
    ],
    [
      "Arn twice, one escaped",
      200,
      body(arn("user/Alice")).replace('"Arn"', `"\\u0041rn":"${arn("user/Bob")}","Arn"`),
      "IAM_STS_FAILED",
      "escaped",
    ],
    ["something behind it", 200, `${body(arn("user/Alice"))}x`, "IAM_STS_FAILED", "cannot be read"],
  ])("%s", (_name, status, text, code, words) => {
    let thrown: unknown;
    try {
      read(text, status);
    } catch (error) {
      thrown = error;
    }
    expect(isKnownError(thrown) ? [thrown.code, thrown.message] : thrown).toEqual([
      code,
      expect.stringContaining(words),
    ]);
  });
});
