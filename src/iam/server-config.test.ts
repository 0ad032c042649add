import { expect, test } from "vitest";
import { backendModes, readServerConfig } from "./server-config.ts";

const FULL = `
clusterID: my-cluster
region: us-west-2
defaultRole: arn:aws:iam::000000000000:role/KubernetesAdmin
server:
  partition: aws-cn
  hostname: auth.example.com
  address: 127.0.0.1
  port: 21362
  stateDir: /var/state
  generateKubeconfig: /etc/kubeconfig.yaml
  kubeconfigPregenerated: true
  kubeconfig: /etc/admin.conf
  master: https://10.0.0.1
  backendMode: [MountedFile, EKSConfigMap]
  ec2DescribeInstancesQps: 15
  ec2DescribeInstancesBurst: 5
  ec2DescribeInstancesRoleARN: arn:aws:iam::000000000000:role/Describe
  sourceARN: arn:aws:iam::000000000000:role/Source
  scrubbedAccounts: ["111122223333", 012222333344]
  dynamicfilepath: /var/d.json
  dynamicfileUserIDStrict: true
  dynamicBackendModePath: /var/mode.json
  reservedPrefixConfig:
  - backendmode: File
    usernamePrefixReserveList: ["aws:", "system:"]
  mapRoles:
  - roleARN: arn:aws:iam::000000000000:role/KubernetesAdmin
    username: kubernetes-admin
    groups: [system:masters]
  - sso: {permissionSetName: CookieCutterPermissions, accountID: 012345678912}
    username: cookie
  mapUsers:
  - userARN: arn:aws:iam::000000000000:user/Alice
    username: alice
  mapAccounts:
  - "012345678901"
`;

test("every key of the server's half is read (iam.md §1.8)", async () => {
  const config = await readServerConfig(FULL, "/config.yaml");
  expect(config).toMatchObject({
    clusterId: "my-cluster",
    region: "us-west-2",
    partition: "aws-cn",
    hostname: "auth.example.com",
    address: "127.0.0.1",
    port: 21362,
    stateDir: "/var/state",
    generateKubeconfig: "/etc/kubeconfig.yaml",
    kubeconfigPregenerated: true,
    kubeconfig: "/etc/admin.conf",
    master: "https://10.0.0.1",
    backendMode: ["MountedFile", "EKSConfigMap"],
    ec2DescribeInstancesQps: 15,
    ec2DescribeInstancesBurst: 5,
    ec2DescribeInstancesRoleArn: "arn:aws:iam::000000000000:role/Describe",
    sourceArn: "arn:aws:iam::000000000000:role/Source",
    scrubbedAccounts: ["111122223333", "012222333344"],
    dynamicFilePath: "/var/d.json",
    dynamicFileUserIdStrict: true,
    dynamicBackendModePath: "/var/mode.json",
    reserved: new Map([["MountedFile", ["aws:", "system:"]]]),
    mapping: { faults: [], warnings: [] },
  });
  const { table } = config.mapping;
  expect(table.entries.map(({ username }) => username)).toEqual(["kubernetes-admin", "cookie", "alice"]);
  expect(table.accounts).toEqual(["012345678901"]);
});

test("keys count in any case", async () => {
  const config = await readServerConfig(
    FULL.toLowerCase().replace("backendmode: file", "backendmode: MountedFile"),
    "/config.yaml",
  );
  expect(config).toMatchObject({ clusterId: "my-cluster", port: 21362, dynamicFileUserIdStrict: true });
  expect(config.mapping.table.entries).toHaveLength(3);
});

test.each(["", "# nothing\n", "clusterID: a\n", "server:\n", "server: {}\n"])(
  "%j says nothing of a server",
  async (text) => {
    expect(await readServerConfig(text, "/c")).toMatchObject({
      port: undefined,
      reserved: new Map(),
      mapping: { table: { entries: [], accounts: [] } },
    });
  },
);

test.each([
  ["server: {port: http}", 'Cannot use "/c": server.port must be a whole number'],
  ["server: {kubeconfigPregenerated: perhaps}", "server.kubeconfigpregenerated must be true or false"],
  ["server: {port: 1, PORT: 2}", "server.PORT must be there once, in whatever case"],
  ["server: [a]", "server must be an object"],
  ["a: [", 'Cannot read "/c": line 1'],
  ["server: {reservedPrefixConfig: [{backendmode: Foo}]}", "must be a backend"],
])("%s is refused", async (text, reason) => {
  await expect(readServerConfig(text, "/c")).rejects.toMatchObject({
    code: "IAM_MAPPING",
    message: expect.stringContaining(reason) as string,
  });
});

test("bad entries are told, for the server to refuse its start", async () => {
  const { mapping } = await readServerConfig("server: {mapUsers: [{userARN: '', username: x}]}", "/c");
  expect(mapping.faults).toEqual(["mapUsers[0]: value for userarn must be supplied"]);
});

test.each([
  [["MountedFile", "EKSConfigMap", "CRD"], ["MountedFile", "EKSConfigMap", "CRD"], 0],
  [["File", "ConfigMap"], ["MountedFile", "EKSConfigMap"], 2],
])("modes %j", (wished, modes, warnings) => {
  const found = backendModes(wished);
  expect(found.modes).toEqual(modes);
  expect(found.warnings).toHaveLength(warnings);
});

test.each([
  [["ModeFoo"], 'backend-mode "ModeFoo" is not a valid mode'],
  [[], "at least one backend-mode must be specified"],
  [["CRD", "CRD"], "has duplicates"],
  [["File", "MountedFile"], "has duplicates"],
])("modes %j are refused", (wished, reason) => {
  expect(() => backendModes(wished)).toThrow(reason);
});
