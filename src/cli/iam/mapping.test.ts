import { describe, expect, test } from "vitest";
import { awsHome, runIn } from "../../../test/aws/scene.ts";

const AWS_AUTH = `apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    # administrators
    - rolearn: arn:aws:iam::111122223333:role/path/Admin
      username: admin:{{SessionName}}
      groups: [system:masters]
    - rolearn: arn:aws:iam::111122223333:role/Node
      username: system:node:{{EC2PrivateDNSName}}
      groups: [system:bootstrappers, system:nodes]
    - sso: {permissionSetName: ViewOnlyAccess, accountID: 012345678912}
      username: viewer
    - rolearnLike: arn:aws:iam::111122223333:role/team-*
      username: team:{{SessionName}}
  mapUsers: |
    - userarn: arn:aws:iam::111122223333:user/ops
      username: ops
  mapAccounts: |
    - 012345678901
`;
const BAD = `mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/*
    username: x
    groups:
    - a
     - b
  - rolearn: garbage
    username: y
  - rolearn: arn:aws:iam::111122223333:role/A
    username: system:admin
  - rolearn: arn:aws:iam::111122223333:role/a
    username: "{{sessionname}}"
  - rolearnLike: arn:aws:iam::111122223333:role/team-*
    username: team
`;
const files = { "aws-auth.yaml": AWS_AUTH, "bad.yaml": BAD };
const run = async (line: string): Promise<{ status: number; out: string; err: string }> =>
  await runIn(`iam mapping ${line}`, { files });

describe("lint", () => {
  test("what is right", async () => {
    expect(await run("lint ~/aws-auth.yaml")).toMatchObject({
      status: 0,
      out: expect.stringMatching(/: aws-auth, 5 entries and 1 account count, 0 findings$/) as string,
    });
  });

  test("every mistake, with its place", async () => {
    const { status, out } = await run("lint ~/bad.yaml");
    expect(status).toBe(1);
    for (const text of [
      "fault: mapRoles[1]: arn 'garbage' is invalid: 'arn: invalid prefix'",
      "warning: mapRoles[3] takes the place of mapRoles[2]: both are for arn:aws:iam::111122223333:role/a",
      'warning: mapRoles[0]: nobody is "arn:aws:iam::111122223333:role/*": a pattern is written as rolearnLike',
      'warning: mapRoles[0]: "a - b" is one group, with a blank in it',
      'warning: mapRoles[2]: nobody gets in as "system:admin"',
      "warning: mapRoles[3]: {{sessionname}} is no place holder",
      'warning: mapRoles[4]: everybody that the pattern fits is "team"',
    ])
      expect(out).toContain(text);
  });

  test("as JSON", async () => {
    const { out } = await run("lint ~/bad.yaml -o json");
    expect(JSON.parse(out)).toMatchObject({
      files: [{ format: "aws-auth", entries: 4, findings: [{ level: "fault" }, {}, {}, {}, {}, {}, {}] }],
    });
  });

  test("--strict takes warnings for faults", async () => {
    const good = BAD.replace(/ {2}- rolearn: garbage\n {4}username: y\n/, "");
    await using home = await awsHome();
    expect(await home.run("iam mapping lint ~/b.yaml", { files: { "b.yaml": good } })).toMatchObject({
      status: 0,
    });
    expect(await home.run("iam mapping lint --strict ~/b.yaml")).toMatchObject({ status: 1 });
  });

  test.each([
    ["lint", "name a file"],
    ["lint ~/none.yaml", "Cannot read"],
    ["lint ~/a ~/b --to x", "--to"],
  ])("%s cannot be", async (line, text) => {
    const { status, err } = await run(line);
    expect({ status, told: err.includes(text) }).toEqual({ status: 2, told: true });
  });
});

describe("test", () => {
  test.each([
    ["sts::111122223333:assumed-role/Admin/jane@x", "admin:jane-x"],
    ["iam::111122223333:role/other/path/Admin", "admin:SESSION"],
    ["sts::111122223333:assumed-role/Node/i-0c6f21bf1f24f9708", "system:node:NAME-OF-THE-INSTANCE"],
    ["iam::012345678912:role/AWSReservedSSO_ViewOnlyAccess_0a1b2c3d", "viewer"],
    ["sts::111122223333:assumed-role/Team-Blue/s", "team:s"],
    ["iam::111122223333:user/Ops", "ops"],
    ["iam::012345678901:user/x", "arn:aws:iam::012345678901:user/x"],
  ])("%s is %s", async (arn, user) => {
    const { status, out } = await run(`test ~/aws-auth.yaml --arn arn:aws:${arn} -o json`);
    expect({ status, user: (JSON.parse(out) as { user: { username: string } }).user.username }).toEqual({
      status: 0,
      user,
    });
  });

  test.each([
    ["iam::999999999999:role/Admin", "it is of account 111122223333, and not of 999999999999"],
    ["iam::111122223333:user/Admin", "it is a role of that name, and not a user"],
    ["iam::111122223333:role/Admins", 'its name is "admin", and not "admins"'],
    ["iam::111122223333:user/x/ops", "the paths of users count"],
    ["iam::999999999999:role/team-1", "it is of account 111122223333, and not of 999999999999"],
    ["iam::111122223333:role/AWSReservedSSO_ViewOnlyAccess_0a1b", "it is of account 012345678912"],
    ["iam::012345678912:role/AWSReservedSSO_ViewOnlyAcces_0a1b", 'its permission set is "ViewOnlyAccess"'],
    ["iam::012345678912:role/ViewOnlyAccess", "a role that IAM Identity Center has not made"],
  ])("%s is nobody, and it is said why", async (arn, reason) => {
    const { status, out } = await run(`test ~/aws-auth.yaml --arn arn:aws:${arn}`);
    expect(status).toBe(1);
    expect(out).toContain("is          nobody: identity is not mapped");
    expect(out).toMatch(/^nearly {6}/m);
    expect(out).toContain(reason);
  });

  test("an older role of a permission set is told to be one", async () => {
    const role = "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_";
    const text = `mapRoles: |\n  - {rolearn: "${role}0a0a", username: a}\n`;
    const { out } = await runIn(`iam mapping test ~/f.yaml --arn ${role}1b1b`, { files: { "f.yaml": text } });
    expect(out).toContain("write sso: in place of rolearn");
  });

  test("a user id is looked at in the dynamic file", async () => {
    const arn = "arn:aws:iam::111122223333:role/A";
    const text = JSON.stringify({ mapRoles: [{ rolearn: arn, username: "a", userid: "AROA1" }] });
    await using home = await awsHome();
    const look = async (id: string) =>
      await home.run(`iam mapping test ~/d.json --arn ${arn} --user-id ${id}`, { files: { "d.json": text } });
    expect(await look("AROA1")).toMatchObject({ status: 0 });
    expect((await look("AROA2")).out).toContain("its userid is AROA1 and not AROA2");
  });

  test.each(["garbage", "arn:aws:s3:::bucket", ""])("--arn %j cannot be", async (arn) => {
    expect(await run(`test ~/aws-auth.yaml --arn=${arn}`)).toMatchObject({ status: 2, out: "" });
  });
});

describe("convert and diff", () => {
  test.each(["file", "aws-auth", "dynamic-file"])("%s says the same again", async (form) => {
    await using home = await awsHome();
    const { status, out } = await home.run(`iam mapping convert ~/aws-auth.yaml --to ${form}`, { files });
    expect(status).toBe(0);
    const after = await home.run("iam mapping diff ~/aws-auth.yaml ~/again", { files: { again: out } });
    expect(after).toEqual({ status: 0, out: "", err: "" });
  });

  test.each([
    ["crd", 3],
    ["access-entries", 1],
  ])("%s cannot say all of it, and says what", async (form, entries) => {
    await using home = await awsHome();
    const refused = await home.run(`iam mapping convert ~/aws-auth.yaml --to ${form}`, { files });
    expect(refused).toMatchObject({ status: 1, out: "" });
    const { status, out, err } = await home.run(`iam mapping convert ~/aws-auth.yaml --to ${form} --lossy`);
    expect(status).toBe(1);
    expect(err).toContain("left out: mapRoles[2]: ");
    expect(err).toContain("mapAccounts: 012345678901");
    const again = await home.run("iam mapping lint ~/again -o json", { files: { again: out } });
    expect(JSON.parse(again.out)).toMatchObject({
      files: [{ format: form, entries: entries + (form === "crd" ? 0 : 1) }],
    });
  });

  test("what the AWS CLI prints of access entries is read", async () => {
    const entry = (more: object): object => ({
      accessEntry: { clusterName: "c", kubernetesGroups: ["dev"], type: "STANDARD", ...more },
    });
    const text = JSON.stringify([
      entry({ principalArn: "arn:aws:iam::111122223333:role/p/Dev" }),
      entry({ principalArn: "arn:aws:iam::111122223333:user/bob", username: "bob" }),
      entry({ principalArn: "arn:aws:iam::111122223333:role/Node", type: "EC2_LINUX" }),
    ]);
    const { out } = await runIn("iam mapping convert ~/e.json --to file", { files: { "e.json": text } });
    expect(out).toContain("username: arn:aws:sts::111122223333:assumed-role/Dev/{{SessionName}}");
    expect(out).toContain("username: bob");
    expect(out).toContain("username: system:node:{{EC2PrivateDNSName}}");
  });

  test("who gains and who loses, and that no administrator stays", async () => {
    const changed = AWS_AUTH.replace("groups: [system:masters]", "groups: [dev]").replace(
      "user/ops",
      "user/new",
    );
    await using home = await awsHome();
    const { status, out, err } = await home.run("iam mapping diff ~/aws-auth.yaml ~/new.yaml", {
      files: { ...files, "new.yaml": changed },
    });
    expect(status).toBe(1);
    expect(out.split("\n")).toEqual([
      "- arn:aws:iam::111122223333:role/path/Admin: admin:{{SessionName}} [system:masters]",
      "+ arn:aws:iam::111122223333:role/path/Admin: admin:{{SessionName}} [dev]",
      "- arn:aws:iam::111122223333:user/ops: ops",
      "+ arn:aws:iam::111122223333:user/new: ops",
    ]);
    expect(err).toContain("nobody would have the group system:masters any more");
  });
});
