import { describe, expect, test } from "vitest";
import { firstFor, isFor, subjectFault, type PermissionSet, type Subject } from "./match.ts";

const ACCOUNT = "012345678912";
const role = (arn: string): Subject => ({ kind: "role", arn });
const sso = (more: Partial<PermissionSet> = {}): Subject => ({
  kind: "sso",
  set: { permissionSetName: "ViewOnlyAccess", accountId: ACCOUNT, partition: undefined, ...more },
});
const iam = (resource: string, partition = "aws"): string => `arn:${partition}:iam::${ACCOUNT}:${resource}`;

describe("who an entry is for", () => {
  test.each<readonly [string, Subject, string]>([
    ["a role", role(iam("role/Admin")), iam("role/Admin")],
    ["a role in another case", role(iam("role/ADMIN")), iam("role/Admin")],
    ["a role with its path", role(iam("role/Org/Team/Admin")), iam("role/Admin")],
    ["a session's ARN (D9)", role(`arn:aws:sts::${ACCOUNT}:assumed-role/Admin/x`), iam("role/Admin")],
    ["a user", { kind: "user", arn: iam("user/Donald") }, iam("user/donald")],
    ["a permission set", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_abcdefg")],
    ["its partition written (D2)", sso({ partition: "aws" }), iam("role/AWSReservedSSO_ViewOnlyAccess_abc")],
    [
      "another partition (D2)",
      sso({ partition: "aws-cn" }),
      iam("role/AWSReservedSSO_ViewOnlyAccess_abc", "aws-cn"),
    ],
    [
      "with the path that AWS gives it",
      sso(),
      iam("role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ViewOnlyAccess_abc"),
    ],
  ])("%s", (_name, subject, canonicalArn) => {
    expect(isFor(subject, { canonicalArn })).toBe(true);
  });

  test.each<readonly [string, Subject, string]>([
    ["another role", role(iam("role/Admin")), iam("role/Admin2")],
    ["a user of that name", role(iam("role/Admin")), iam("user/Admin")],
    ["another account", role(iam("role/Admin")), "arn:aws:iam::999999999999:role/Admin"],
    ["another set", sso(), iam("role/AWSReservedSSO_Billing_hijklmn")],
    ["a set whose name goes on", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_More_abc")],
    ["a set without its end", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_")],
    ["a set of another partition", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_abc", "aws-cn")],
    ["an ARN that is none (D10)", role("garbage"), "garbage"],
    ["nothing", role(""), ""],
  ])("not %s", (_name, subject, canonicalArn) => {
    expect(isFor(subject, { canonicalArn })).toBe(false);
  });
});

test.each<readonly [Subject, string]>([
  [sso({ partition: "aws-nk" }), "partition 'aws-nk' is not a valid AWS partition"],
  [sso({ accountId: "0123456789" }), "AccountID '0123456789' is not a valid AWS Account ID"],
  [
    sso({ permissionSetName: "ViewOnlyAccess*" }),
    "PermissionSetName 'ViewOnlyAccess*' is not a valid AWS SSO PermissionSet Name",
  ],
  [role(""), "one of rolearn or SSO must be supplied"],
  [{ kind: "user", arn: "" }, "value for userarn must be supplied"],
])("%j is wrong", (subject, fault) => {
  expect(subjectFault(subject)).toBe(fault);
});

test("of two entries that fit the first one counts (D8, D19)", () => {
  const entries = ["a", "b"].map((username) => ({ subject: role(iam("role/Admin")), username, groups: [] }));
  expect(firstFor(entries, { canonicalArn: iam("role/Admin") })?.username).toBe("a");
});
