import { describe, expect, test } from "vitest";
import { canonicalArn, withoutPath } from "./arn.ts";

describe("canonical ARNs (iam.md §3.6)", () => {
  test.each([
    "arn:aws:iam::123456789012:user/Alice",
    "arn:aws:iam::123456789012:role/Users",
    "arn:aws:sts::123456789012:federated-user/Bob",
    "arn:aws:iam::123456789012:root",
    "arn:aws-iso:iam::123456789012:user/Chris",
    "arn:aws-iso-b:iam::123456789012:user/Chris",
  ])("%s stays", (arn) => {
    expect(canonicalArn(arn)).toEqual({ arn });
  });

  test.each([
    ["assumed-role/Admin/Session", "role/Admin"],
    ["assumed-role/Org/Team/Admin/Session", "role/Org/Team/Admin"],
  ])("%s becomes %s", (from, to) => {
    expect(canonicalArn(`arn:aws:sts::123456789012:${from}`)).toEqual({
      arn: `arn:aws:iam::123456789012:${to}`,
    });
  });

  test.each([
    ["NOT AN ARN", "arn 'NOT AN ARN' is invalid: 'arn: invalid prefix'"],
    ["arn:aws:iam::1", "arn 'arn:aws:iam::1' is invalid: 'arn: not enough sections'"],
    ["arn:aws-nk:iam::1:root", "arn 'arn:aws-nk:iam::1:root' does not have a recognized partition"],
    ["arn:aws:iam::1:group/a", "unrecognized resource group/a for service iam"],
    ["arn:aws:sts::1:user/a", "unrecognized resource user/a for service sts"],
    [
      "arn:aws:sts::1:assumed-role/a",
      "assumed-role arn 'arn:aws:sts::1:assumed-role/a' does not have a role",
    ],
    ["arn:aws:s3:::a", "service s3 in arn arn:aws:s3:::a is not a valid service for identities"],
  ])("%s is none", (arn, fault) => {
    expect(canonicalArn(arn)).toEqual({ fault });
  });
});

test.each([
  ["role/Org/Team/Admin", "role/Admin"],
  ["role/Admin", "role/Admin"],
  ["user/a/Alice", "user/a/Alice"],
])("the path of %s goes: %s", (from, to) => {
  expect(withoutPath(`arn:aws:iam::123456789012:${from}`)).toBe(`arn:aws:iam::123456789012:${to}`);
});
