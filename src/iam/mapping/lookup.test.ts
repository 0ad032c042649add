import { describe, expect, test } from "vitest";
import { lookupOf, type Who } from "./lookup.ts";
import { subjectFault, type PermissionSet, type Subject } from "./subject.ts";
import type { MappingEntry } from "./table.ts";

const ACCOUNT = "012345678912";
const role = (arn: string): Subject => ({ kind: "role", arn });
const like = (pattern: string): Subject => ({ kind: "role-like", pattern });
const sso = (more: Partial<PermissionSet> = {}): Subject => ({
  kind: "sso",
  set: { permissionSetName: "ViewOnlyAccess", accountId: ACCOUNT, partition: undefined, ...more },
});
const iam = (resource: string, partition = "aws"): string => `arn:${partition}:iam::${ACCOUNT}:${resource}`;
const entry = (subject: Subject, username = "x", more: Partial<MappingEntry> = {}): MappingEntry => ({
  subject,
  username,
  groups: [],
  origin: "mapRoles[0]",
  ...more,
});
const who = (canonicalArn: string, userId = "AROA"): Who => ({ canonicalArn, account: ACCOUNT, userId });
const found = (entries: readonly MappingEntry[], arn: string): string | undefined =>
  lookupOf({ entries, accounts: [] }).find(who(arn))?.entry.username;

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
    ["a set with lines in its name", sso({ permissionSetName: "a_b" }), iam("role/AWSReservedSSO_a_b_abc")],
    [
      "with the path that AWS gives it",
      sso(),
      iam("role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_ViewOnlyAccess_abc"),
    ],
    ["a pattern", like(iam("role/team-*")), iam("role/Team-blue")],
    ["a pattern of one character", like(iam("role/team-?")), iam("role/team-1")],
    ["a user's pattern", { kind: "user-like", pattern: iam("user/ops/ci-bot-*") }, iam("user/ops/ci-bot-7")],
  ])("%s", (_name, subject, arn) => {
    expect(found([entry(subject)], arn)).toBe("x");
  });

  test.each<readonly [string, Subject, string]>([
    ["another role", role(iam("role/Admin")), iam("role/Admin2")],
    ["a user of that name", role(iam("role/Admin")), iam("user/Admin")],
    ["another account", role(iam("role/Admin")), "arn:aws:iam::999999999999:role/Admin"],
    ["another set", sso(), iam("role/AWSReservedSSO_Billing_hijklmn")],
    ["a set whose name goes on", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_More_abc")],
    ["a set without its end", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_")],
    ["a set of another partition", sso(), iam("role/AWSReservedSSO_ViewOnlyAccess_abc", "aws-cn")],
    ["a pattern's account", like(iam("role/team-*")), "arn:aws:iam::999999999999:role/team-1"],
    ["one character that is not there", like(iam("role/team-?")), iam("role/team-")],
    ["a role with a star in what is no pattern", role(iam("role/team-*")), iam("role/team-1")],
    ["an ARN that is none (D10)", role("garbage"), "garbage"],
    ["nothing", role(""), ""],
  ])("not %s", (_name, subject, arn) => {
    expect(found([entry(subject)], arn)).toBeUndefined();
  });
});

describe("which of several counts (D8, D19)", () => {
  const admin = iam("role/AWSReservedSSO_Admin_abc");
  const written = entry(role(admin), "written");
  const withPath = entry(role(iam("role/x/AWSReservedSSO_Admin_abc")), "with a path");
  const set = entry(sso({ permissionSetName: "Admin" }), "set");
  const pattern = entry(like(iam("role/AWSReservedSSO_A*")), "pattern");
  const later = entry(like(iam("role/AWSReservedSSO_*")), "later pattern");
  test.each<readonly [string, readonly MappingEntry[]]>([
    ["written", [later, pattern, set, withPath, written]],
    ["with a path", [pattern, set, withPath]],
    ["set", [pattern, set]],
    ["pattern", [pattern, later]],
  ])("%s", (username, entries) => {
    expect(found(entries, admin)).toBe(username);
  });

  test("of the same ARN twice the last, as in the reference", () => {
    expect(found([written, entry(role(admin), "again")], admin)).toBe("again");
  });

  test("a role of that name with a path takes nothing from the one that is written", () => {
    expect(found([written, withPath], admin)).toBe("written");
  });
});

describe("DynamicFile by user ids (iam.md §3.7)", () => {
  const kind = (arn: string, canonicalArn = iam("role/Admin")): string | undefined =>
    lookupOf(
      { entries: [entry(role(arn), "x", { userId: "AROA1" })], accounts: [] },
      { strictUserId: true },
    ).find(who(canonicalArn, "AROA1"))?.kind;
  test.each([
    ["the ARN is the same", iam("role/Admin"), "entry"],
    ["but for its path", iam("role/Org/Team/Admin"), "entry"],
    ["another ARN", iam("role/Other"), "mismatch"],
    ["no ARN at all", "not-an-arn", "mismatch"],
    ["garbage", "garbage", "mismatch"],
    ["none is written", "", "entry"],
  ])("%s", (_name, arn, outcome) => {
    expect(kind(arn)).toBe(outcome);
  });

  test("an identity whose ARN is garbage is not the entry's", () => {
    expect(kind(iam("role/Admin"), "garbage")).toBe("mismatch");
  });

  test("an entry without an id is nobody's", () => {
    const lookup = lookupOf(
      { entries: [entry(role(iam("role/Admin")))], accounts: [] },
      { strictUserId: true },
    );
    expect(lookup.find(who(iam("role/Admin")))).toBeUndefined();
    expect(lookup.find(who(iam("role/Admin"), ""))).toBeUndefined();
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
  [like("arn:aws:iam::*:role/team-*"), "must begin with arn:aws:iam:: and an account of 12 digits"],
  [like("arn:*:iam::012345678912:role/team-*"), "does not have a recognized partition"],
  [like("arn:aws:sts::012345678912:assumed-role/team-*"), "must begin with arn:aws:iam::"],
  [like(iam("role/*")), "must begin with at least 4 characters of the name"],
  [like(iam("role/abc*")), "must begin with at least 4 characters of the name"],
  [
    { kind: "user-like", pattern: iam("user/path/abc*") },
    "must begin with at least 4 characters of the name",
  ],
  [like(iam("*")), "must be of a role"],
  [like(iam("user/team-*")), "must be of a role"],
  [like(iam("role/path/team-*")), "must have no path"],
  [like(iam("role/team-[ab]")), "has characters that no name has"],
  [like(iam(`role/team-${"x".repeat(300)}`)), "is no ARN"],
])("%j is wrong", (subject, fault) => {
  expect(subjectFault(subject)).toContain(fault);
});
