import { describe, expect, test } from "vitest";
import { readAwsAuth } from "./aws-auth.ts";
import { readIdentityMappings, statusToWrite } from "./crd.ts";
import { readDynamicFile, unixTime } from "./dynamic-file.ts";
import { lookupOf } from "./lookup.ts";
import type { ReadMapping } from "./table.ts";

const data = (fields: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(fields));
const names = ({ table }: ReadMapping): readonly string[] => table.entries.map(({ username }) => username);

const ROLES = `
- rolearn: arn:aws:iam::111122223333:role/Node
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
- sso:
    permissionSetName: ViewOnlyAccess
    accountID: 012345678912
    partition: aws-cn
  username: viewer:{{SessionName}}
`;
const USERS = `
- userarn: arn:aws:iam::111122223333:user/admin
  username: admin
  groups: [system:masters]
- userarn: arn:aws:iam::111122223333:user/ops
  username: ops
`;

describe("aws-auth (iam.md §3.7)", () => {
  test("roles, permission sets, users and accounts", async () => {
    const read = await readAwsAuth(
      data({ mapRoles: ROLES, mapUsers: USERS, mapAccounts: "- 012345678901\n- '777788889999'\n" }),
    );
    expect(read).toMatchObject({ faults: [], warnings: [] });
    expect(read.table.accounts).toEqual(["012345678901", "777788889999"]);
    expect(read.table.entries).toMatchObject([
      { subject: { kind: "role", arn: "arn:aws:iam::111122223333:role/Node" }, origin: "mapRoles[0]" },
      { subject: { kind: "sso", set: { accountId: "012345678912", partition: "aws-cn" } } },
      { subject: { kind: "user" }, groups: ["system:masters"] },
      { username: "ops", groups: [], origin: "mapUsers[1]" },
    ]);
  });

  test.each(["", '""', "''", "``", "  \n", "[]", "~"])("%j is nothing", async (text) => {
    expect(await readAwsAuth(data({ mapRoles: text, mapUsers: text, mapAccounts: text }))).toEqual({
      table: { entries: [], accounts: [] },
      faults: [],
      warnings: [],
      unreadable: undefined,
    });
  });

  test("the keys of entries count in any case", async () => {
    const mapRoles = "- RoleARN: arn:aws:iam::111122223333:role/A\n  UserName: a\n  GROUPS: [x]\n";
    expect((await readAwsAuth(data({ mapRoles }))).table.entries).toMatchObject([
      { username: "a", groups: ["x"] },
    ]);
  });

  test("its own keys count as they are spelled, and another case is told", async () => {
    const read = await readAwsAuth(data({ maproles: ROLES, MAPUSERS: USERS }));
    expect(read.table.entries).toEqual([]);
    expect(read.warnings).toHaveLength(2);
  });

  test("a blank too much makes one group of two, as YAML has it", async () => {
    const mapRoles =
      "- rolearn: arn:aws:iam::111122223333:role/A\n  username: a\n  groups:\n  - system:bootstrappers\n   - system:nodes\n";
    expect((await readAwsAuth(data({ mapRoles }))).table.entries[0]?.groups).toEqual([
      "system:bootstrappers - system:nodes",
    ]);
  });

  test("bad entries are left out and told, good ones stay", async () => {
    const mapRoles =
      "- rolearn: garbage\n  username: x\n- rolearn: arn:aws:iam::111122223333:role/A\n  username: a\n- just text\n- rolearn: arn:aws:iam::111122223333:role/B\n";
    const read = await readAwsAuth(data({ mapRoles, mapUsers: USERS }));
    expect(names(read)).toEqual(["a", "admin", "ops"]);
    expect(read.faults).toEqual([
      "mapRoles[0]: arn 'garbage' is invalid: 'arn: invalid prefix'",
      "mapRoles[2] must be an object, not string",
      "mapRoles[3]: value for username must be supplied",
    ]);
  });

  test("a section that is no YAML is empty, and the others count", async () => {
    const read = await readAwsAuth(data({ mapRoles: "- rolearn: [\n", mapUsers: USERS }));
    expect(names(read)).toEqual(["admin", "ops"]);
    expect(read.faults).toEqual([expect.stringMatching(/^Cannot read mapRoles: line \d+, column \d+: /)]);
  });

  test.each([
    [
      "both",
      "rolearn: arn:aws:iam::111122223333:role/A\n  sso: {permissionSetName: a, accountID: '1'}",
      "only one of",
    ],
    ["neither", "groups: []", "one of rolearn or SSO must be supplied"],
    ["a key in two spellings", "rolearn: a\n  roleARN: b", "there once, in whatever case"],
    [
      "a list of nothing known",
      "rolearn: arn:aws:iam::111122223333:role/A\n  groups: {a: b}",
      "groups must be a list",
    ],
    [
      "a pattern that would make administrators",
      "rolearnLike: arn:aws:iam::111122223333:role/team-*\n  groups: [system:masters]",
      'gives the group "system:masters" only where privileged: true is written beside it',
    ],
  ])("%s: refused", async (_name, fields, fault) => {
    const read = await readAwsAuth(data({ mapRoles: `- username: x\n  ${fields}\n` }));
    expect(read.table.entries).toEqual([]);
    expect(read.faults[0]).toContain(fault);
  });

  test("what nobody reads is told", async () => {
    const mapRoles = "- rolearn: arn:aws:iam::111122223333:role/A\n  username: a\n  group: [x]\n";
    const read = await readAwsAuth(data({ mapRoles, mapAccounts: "- 12345" }));
    expect(read.warnings).toEqual([
      'mapRoles[0]: nobody reads "group"',
      'mapAccounts[0]: "12345" is no account of 12 digits, and nobody\'s',
    ]);
  });

  test("a bomb of aliases is refused at once", async () => {
    const bomb = [
      "a: &a [x]",
      ...Array.from(
        { length: 30 },
        (_, n) =>
          `${"bcdefghijklmnopqrstuvwxyzABCDEFGHIJ"[n]}: &n${n} [*${n === 0 ? "a" : `n${n - 1}`}, *${n === 0 ? "a" : `n${n - 1}`}]`,
      ),
    ].join("\n");
    expect((await readAwsAuth(data({ mapRoles: bomb }))).faults[0]).toContain("stands for too much");
  });
});

describe("IAMIdentityMapping", () => {
  test("is read, and what is wrong is left out", () => {
    const spec = { arn: "arn:aws:iam::111122223333:user/Bob", username: "bob", groups: ["dev"] };
    const read = readIdentityMappings([
      { metadata: { name: "bob" }, spec },
      { metadata: { name: "bad" }, spec: { ...spec, arn: "garbage" } },
      { metadata: { name: "empty" } },
      { spec },
    ]);
    expect(read.table.entries).toEqual([
      {
        subject: { kind: "user", arn: spec.arn },
        username: "bob",
        groups: ["dev"],
        origin: 'IAMIdentityMapping "bob"',
      },
    ]);
    expect(read.faults).toHaveLength(3);
  });

  describe("its status", () => {
    const account = "X".repeat(12);
    const spec = { arn: `arn:aws:iam::${account}:user/AuthorizedUser` };
    const right = { canonicalARN: `arn:aws:iam::${account.toLowerCase()}:user/authorizeduser` };

    test("is the canonical ARN in lower case (iam.md §3.7)", () => {
      expect(statusToWrite({ spec })).toEqual(right);
      const session = { arn: "arn:aws:sts::111122223333:assumed-role/Dev/jane" };
      expect(statusToWrite({ spec: session })).toEqual({
        canonicalARN: "arn:aws:iam::111122223333:role/dev",
      });
    });

    test.each([
      { name: "as it should be", value: { spec, status: { ...right, userID: "AIDA" } } },
      { name: "of an ARN that is none", value: { spec: { arn: "garbage" }, status: { canonicalARN: "x" } } },
      { name: "of an object without an ARN", value: { spec: {} } },
      { name: "of an object that cannot be read", value: { spec: { arn: 7 } } },
    ])("$name is left alone", ({ value }) => expect(statusToWrite(value)).toBeUndefined());

    test("keeps what others wrote into it", () => {
      const status = { canonicalARN: "old", userID: "AIDA", theirs: { x: 1 } };
      expect(statusToWrite({ spec, status })).toEqual({ ...status, ...right });
    });
  });
});

describe("DynamicFile", () => {
  const role = { rolearn: "arn:aws:iam::111122223333:role/A", username: "a", groups: ["g"], userid: "AROA1" };
  const read = (value: unknown, strictUserId = false): ReturnType<typeof readDynamicFile> =>
    readDynamicFile(typeof value === "string" ? value : JSON.stringify(value), {
      path: "/d.json",
      strictUserId,
    });

  test("is read", () => {
    const file = read({
      Version: "1",
      LastUpdatedDateTime: "1706648530",
      mapRoles: [role],
      mapAccounts: ["111122223333"],
    });
    expect(file.table.entries).toMatchObject([{ username: "a", userId: "AROA1", origin: "mapRoles[0]" }]);
    expect(file.table.accounts).toEqual(["111122223333"]);
    expect(file.updated).toBe(1_706_648_530_000);
  });

  test("a permission set is no reason to refuse the file (D10)", () => {
    const sso = { permissionSetName: "Admin", accountID: "111122223333" };
    expect(read({ mapRoles: [{ sso, username: "a" }] }).table.entries).toHaveLength(1);
  });

  test.each([
    [
      "one bad entry of two",
      { mapRoles: [role, { ...role, rolearn: "garbage" }] },
      "mapRoles[1]: arn 'garbage'",
    ],
    ["no JSON", "{mapRoles", "it is no JSON"],
    ["no object", "[]", "must be an object"],
    ["nothing", "", "it is no JSON"],
  ])("%s refuses all of it", (_name, value, reason) => {
    expect(() => read(value)).toThrow(reason);
  });

  test("with strict ids an entry needs one, and no ARN", () => {
    expect(read({ mapRoles: [{ ...role, rolearn: "" }] }, true).table.entries).toHaveLength(1);
    expect(() => read({ mapRoles: [{ ...role, userid: "" }] }, true)).toThrow(
      "value for rolearn or userid(if dynamicfileUserIDStrict = true) must be supplied",
    );
  });

  test("with strict ids an ARN that is none stays, and is a mismatch for whoever has the id (iam.md §3.7)", () => {
    const { table } = read({ mapRoles: [{ ...role, rolearn: "not-an-arn" }] }, true);
    const who = { canonicalArn: role.rolearn, account: "111122223333", userId: "AROA1" };
    expect(lookupOf(table, { strictUserId: true }).find(who)?.kind).toBe("mismatch");
  });

  test.each([
    ["1706648530", 1_706_648_530_000],
    ["2706648520", 2_706_648_520_000],
    ["foo", undefined],
    ["", undefined],
  ])("%j is the time %s", (text, time) => {
    expect(unixTime(text)).toBe(time);
  });
});
