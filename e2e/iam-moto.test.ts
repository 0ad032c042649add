import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { IamServerProgram } from "../test/aws/iam-server-program.ts";
import { motoFront, type MotoFront } from "../test/aws/moto-front.ts";
import { MOTO_ACCOUNT, startMoto, type Moto, type MotoKeys, type MotoRole } from "../test/aws/moto.ts";
import { kauth, type Finished } from "../test/program.ts";
import { installMoto } from "../tools/moto.ts";
import { kubectlIn, startWebhook, writeIamKubeconfig, type KubectlOutcome } from "./iam-webhook.ts";
import { openKit, type Kit } from "./kit.ts";

/**
 * An STS that others wrote, moto, judges what kauth signs for AssumeRole and says who somebody is. What stands before it,
 * and why, is in `test/aws/moto-front.ts`.
 */
const TOOL = await installMoto(process.env);
const PATH = "path" in TOOL.found ? TOOL.found.path : "";
if ("missing" in TOOL.found) process.stdout.write(`${TOOL.name} is left out: ${TOOL.found.missing}\n`);

const CLUSTER_ID = "moto-cluster";
const arnOf = (what: string): string => `arn:aws:iam::${MOTO_ACCOUNT}:${what}`;
const SESSION = "jane.session";
/** Of nobody at moto. */
const STRANGER = { id: "ASIASTRANGERSTRANGE1", secret: "stranger", session: "stranger-session" };

describe.runIf(PATH !== "")("moto as STS", () => {
  let kit: Kit;
  let moto: Moto;
  let front: MotoFront;
  let directory: string;
  let server: IamServerProgram;

  beforeAll(async () => {
    kit = await openKit();
    directory = await mkdtemp(join(tmpdir(), "kauth-e2e-moto-"));
    moto = await startMoto({
      path: PATH,
      user: "jane",
      roles: { Dev: arnOf("user/jane"), Alone: arnOf("user/jane"), Closed: arnOf("user/somebody-else") },
      session: SESSION,
    });
    front = await motoFront(moto);
    server = await startWebhook(kit, directory, {
      clusterId: CLUSTER_ID,
      roles: { [arnOf("role/Dev")]: "moto-{{SessionName}}" },
      env: front.env,
    });
  }, 120_000);

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await front?.[Symbol.asyncDispose]();
    await moto?.[Symbol.asyncDispose]();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }, 60_000);

  const roleWords = (role: string): readonly string[] => [
    "--role",
    arnOf(`role/${role}`),
    "--session-name",
    SESSION,
  ];
  /** kubectl, whose plugin has these keys, and takes a role with them if one is named. */
  const kubectl = async (
    keys: MotoKeys,
    options: { readonly role?: string; readonly clusterId?: string },
    ...args: readonly string[]
  ): Promise<KubectlOutcome> => {
    const kubeconfig = await writeIamKubeconfig(kit, join(directory, "kubeconfig"), {
      id: keys.id,
      person: keys,
      clusterId: options.clusterId ?? CLUSTER_ID,
      args: options.role === undefined ? [] : roleWords(options.role),
      env: front.env,
    });
    return await kubectlIn(kit, directory, kubeconfig, ...args);
  };
  const token = async (keys: MotoKeys, ...words: readonly string[]): Promise<Finished> =>
    await kauth(["iam", "token", "-i", CLUSTER_ID, "--token-only", ...words], {
      ...front.env,
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
      ...(keys.session === undefined ? {} : { AWS_SESSION_TOKEN: keys.session }),
      AWS_REGION: "us-west-2",
      AWS_EC2_METADATA_DISABLED: "true",
    });
  const verify = async ({ stdout }: Finished, env: NodeJS.ProcessEnv = front.env): Promise<Finished> =>
    await kauth(["iam", "verify", "-i", CLUSTER_ID, "-o", "json", "-t", stdout.trim()], env);
  const roleOf = (name: string): MotoRole => {
    const role = moto.roles.get(name);
    if (role === undefined) throw new Error(`no role ${name}`);
    return role;
  };

  test("kubectl get pods as a role that is taken by AssumeRole: the audit log has what moto says", async () => {
    const [from, before] = [await kit.auditSize(), front.asked.length];
    const { out, err } = await kubectl(moto.user, { role: "Dev" }, "get", "pods");
    expect(err).toBe("");
    expect(out).toMatch(/^ui-\S+ +1\/1 +Running/m);
    expect(front.asked.slice(before)).toEqual([
      { action: "AssumeRole", status: 200 },
      { action: "GetCallerIdentity", status: 200 },
    ]);
    const line = (await kit.audit(from)).find(
      ({ user, uri }) => user === `moto-${SESSION}` && uri.includes("/namespaces/apps/pods"),
    )?.line;
    const id = roleOf("Dev").roleId;
    expect(id).toMatch(/^AROA/);
    expect(JSON.parse(line ?? "{}")).toMatchObject({
      user: {
        uid: `aws-iam-authenticator:${MOTO_ACCOUNT}:${id}`,
        groups: ["devs", "system:authenticated"],
        extra: {
          arn: [`arn:aws:sts::${MOTO_ACCOUNT}:assumed-role/Dev/${SESSION}`],
          canonicalArn: [arnOf("role/Dev")],
          sessionName: [SESSION],
          principalId: [id],
        },
      },
    });
  });

  test("kauth iam verify has moto's word for it, of a role and of a user", async () => {
    const made = await token(moto.user, ...roleWords("Alone"));
    expect([made.code, made.stderr]).toEqual([0, ""]);
    const role = await verify(made);
    expect(JSON.parse(role.stdout)).toMatchObject({
      ARN: `arn:aws:sts::${MOTO_ACCOUNT}:assumed-role/Alone/${SESSION}`,
      AccountID: MOTO_ACCOUNT,
      UserID: roleOf("Alone").roleId,
      SessionName: SESSION,
    });
    const user = await verify(await token(moto.user));
    expect(JSON.parse(user.stdout)).toMatchObject({
      ARN: arnOf("user/jane"),
      AccessKeyID: moto.user.id,
      SessionName: "",
    });
  });

  test.each([
    { name: "a secret that is wrong", role: "Dev", secret: "wrong", says: "SignatureDoesNotMatch" },
    { name: "a role that trusts somebody else", role: "Closed", secret: "", says: "AccessDenied" },
  ])("$name: moto gives no role, and kauth says why", async ({ role, secret, says }) => {
    const keys = secret === "" ? moto.user : { ...moto.user, secret };
    const { code, stdout, stderr } = await token(keys, ...roleWords(role));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(says);
    expect(stderr).toContain("[AWS_STS_REFUSED]");
  });

  test.each<{
    name: string;
    keys: (known: MotoKeys) => MotoKeys;
    clusterId?: string;
    code: string;
    says: string;
  }>([
    {
      name: "an access key that moto does not know",
      keys: () => STRANGER,
      code: "IAM_STS_REFUSED",
      says: "InvalidClientTokenId",
    },
    {
      name: "another session's token",
      keys: (known) => ({ ...known, session: `${known.session ?? ""}x` }),
      code: "IAM_STS_REFUSED",
      says: "InvalidClientTokenId",
    },
    {
      name: "a secret that moto did not give",
      keys: (known) => ({ ...known, secret: STRANGER.secret }),
      code: "IAM_STS_REFUSED",
      says: "SignatureDoesNotMatch",
    },
    {
      name: "another cluster's id",
      keys: (known) => known,
      clusterId: "other",
      code: "IAM_STS_REFUSED",
      says: "SignatureDoesNotMatch",
    },
    { name: "a role that is not mapped", keys: (known) => known, code: "IAM_NOT_MAPPED", says: "not mapped" },
  ])("$name: kubectl says Unauthorized, the server $code", async ({ name, keys, clusterId, code, says }) => {
    const known = roleOf(name.endsWith("not mapped") ? "Alone" : "Dev").keys;
    const before = server.audit.length;
    const wishes = clusterId === undefined ? {} : { clusterId };
    const { err } = await kubectl(keys(known), wishes, "get", "pods");
    expect(err).toMatch(/Unauthorized|must be logged in/);
    const refusal = server.audit.slice(before).find(({ event }) => event === "denied");
    expect(refusal).toMatchObject({ code, accessKeyId: keys(known).id });
    expect(refusal?.reason).toContain(says);
  });

  test("XML, as moto answers it, is nobody's word", async () => {
    const made = await token(roleOf("Dev").keys);
    expect((await verify(made)).code).toBe(0);
    await using bare = await motoFront(moto, { translate: false });
    const verified = await verify(made, bare.env);
    expect(verified.code).toBe(1);
    expect(JSON.parse(verified.stdout)).toMatchObject({ event: "error", code: "IAM_STS_FAILED" });
    const { id, secret } = moto.user;
    const role = await kauth(["iam", "token", "-i", CLUSTER_ID, ...roleWords("Dev")], {
      ...bare.env,
      AWS_ACCESS_KEY_ID: id,
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_REGION: "us-west-2",
    });
    expect([role.code, role.stdout]).toEqual([1, ""]);
    expect(role.stderr).toContain("[AWS_ANSWER_INVALID]");
    // It was moto's answer both times, and a good one.
    expect(bare.asked).toEqual([
      { action: "GetCallerIdentity", status: 200 },
      { action: "AssumeRole", status: 200 },
    ]);
  });
});
