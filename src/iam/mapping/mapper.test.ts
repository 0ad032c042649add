import { describe, expect, test } from "vitest";
import type { IamIdentity } from "../verify/identity.ts";
import { lookupOf } from "./lookup.ts";
import { createMapper, type Backend, type MappedUser, type MapperParts } from "./mapper.ts";
import type { MappingEntry } from "./table.ts";

const ACCOUNT = "012345678912";
const ARN = `arn:aws:iam::${ACCOUNT}:role/Admin`;
const identity = (more: Partial<IamIdentity> = {}): IamIdentity => ({
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Admin/jdoe`,
  canonicalArn: ARN,
  account: ACCOUNT,
  userId: "AROA1",
  sessionName: "jdoe",
  accessKeyId: "ASIA",
  ...more,
});
const entry = (username: string, more: Partial<MappingEntry> = {}): MappingEntry => ({
  subject: { kind: "role", arn: ARN },
  username,
  groups: [],
  origin: "mapRoles[0]",
  ...more,
});
const backend = (
  entries: readonly MappingEntry[],
  { name = "MountedFile", accounts = [], strictUserId = false }: Wish = {},
): Backend => ({ name, lookup: lookupOf({ entries, accounts }, { strictUserId }) });
interface Wish {
  readonly name?: Backend["name"];
  readonly accounts?: readonly string[];
  readonly strictUserId?: boolean;
}
const map = async (
  backends: readonly Backend[],
  who = identity(),
  more: Partial<MapperParts> = {},
): Promise<MappedUser> =>
  await createMapper({
    backends: () => backends,
    reserved: new Map(),
    privateDnsName: async (id) => await Promise.resolve(`ip-of-${id}`),
    ...more,
  })(who);

describe("who somebody is", () => {
  test("the first backend that has them says", async () => {
    const backends = [backend([]), backend([entry("a")], { name: "CRD" }), backend([entry("b")])];
    expect(await map(backends)).toMatchObject({ username: "a", backend: "CRD" });
  });

  test("templates are filled, in groups too", async () => {
    const mapped = await map([backend([entry("admin:{{SessionName}}", { groups: ["acct-{{AccountID}}"] })])]);
    expect(mapped).toMatchObject({ username: "admin:jdoe", groups: [`acct-${ACCOUNT}`] });
  });

  test("an account is enough, and gives no groups", async () => {
    expect(await map([backend([], { accounts: [ACCOUNT] })])).toEqual({
      username: ARN,
      groups: [],
      backend: "MountedFile",
      entry: undefined,
    });
  });

  test("an account of an earlier backend goes before an entry of a later one, as in the reference", async () => {
    const backends = [backend([], { accounts: [ACCOUNT] }), backend([entry("a")])];
    expect(await map(backends)).toMatchObject({ username: ARN });
  });

  test("a node has the name that EC2 says", async () => {
    const node = entry("system:node:{{EC2PrivateDNSName}}");
    expect(await map([backend([node])], identity({ sessionName: "i-0c6f21bf1f24f9708" }))).toMatchObject({
      username: "system:node:ip-of-i-0c6f21bf1f24f9708",
    });
  });
});

describe("nobody", () => {
  const refused = (code: string, message: string): object => ({ code, message });

  test("who is in no backend", async () => {
    await expect(map([backend([])])).rejects.toMatchObject(
      refused("IAM_NOT_MAPPED", "identity is not mapped"),
    );
  });

  test("whose id is another ARN's, whatever other backends say (D11)", async () => {
    const other = { kind: "role", arn: ARN.replace("Admin", "Other") } as const;
    const strict = backend([entry("a", { subject: other, userId: "AROA1" })], {
      name: "DynamicFile",
      strictUserId: true,
      accounts: [ACCOUNT],
    });
    await expect(map([strict, backend([entry("b")])])).rejects.toMatchObject(
      refused("IAM_USER_ID_MISMATCH", "ARN does not match User ID"),
    );
  });

  test("who is no instance where one is wanted", async () => {
    const node = entry("system:node:{{EC2PrivateDNSName}}");
    await expect(map([backend([node])], identity({ sessionName: "i-aaaaa" }))).rejects.toMatchObject(
      refused("IAM_NAME_INCOMPLETE", "SessionName did not contain an instance id"),
    );
  });

  test("who has no session where its name is asked for", async () => {
    await expect(
      map([backend([entry("{{SessionName}}")])], identity({ sessionName: "" })),
    ).rejects.toMatchObject({
      code: "IAM_NAME_INCOMPLETE",
    });
  });

  test("not now, while a backend was not read yet", async () => {
    const unread: Backend = { name: "EKSConfigMap", lookup: undefined };
    await expect(map([unread, backend([])])).rejects.toMatchObject({ code: "IAM_MAPPING_UNREAD" });
    expect(await map([unread, backend([entry("a")])])).toMatchObject({ username: "a" });
  });
});

describe("reserved names (R-L9)", () => {
  const system = identity({ sessionName: "system" });
  test.each(["system:masters", "eks:x", "aws:x", "amazon:x", "iam:x", "{{SessionName}}:masters"])(
    "%s is nobody's",
    async (username) => {
      await expect(map([backend([entry(username)]), backend([entry("b")])], system)).rejects.toMatchObject({
        code: "IAM_NAME_RESERVED",
        message: expect.stringContaining(
          "username must not begin with with the following prefixes: [aws: eks:",
        ) as string,
      });
    },
  );

  test.each(["test", "eksb:test", "systems:x"])("%s is not reserved", async (username) => {
    expect(await map([backend([entry(username)])])).toMatchObject({ username });
  });

  test("who lists prefixes means those", async () => {
    const reserved = new Map([["MountedFile", ["eks:", "arn:"]]] as const);
    expect(await map([backend([entry("system:x")])], identity(), { reserved })).toMatchObject({
      username: "system:x",
    });
    await expect(map([backend([entry("eks:x")])], identity(), { reserved })).rejects.toMatchObject({
      code: "IAM_NAME_RESERVED",
    });
  });

  test("they count for accounts too (D20)", async () => {
    const reserved = new Map([["MountedFile", ["arn:"]]] as const);
    await expect(map([backend([], { accounts: [ACCOUNT] })], identity(), { reserved })).rejects.toMatchObject(
      { code: "IAM_NAME_RESERVED" },
    );
  });
});
