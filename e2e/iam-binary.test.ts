import { mkdtemp, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callerIdentitySts, type CallerIdentitySts } from "../test/aws/caller-identity.ts";
import type { IamServerProgram } from "../test/aws/iam-server-program.ts";
import { ACCOUNT, CLUSTER_ID, PEOPLE } from "../test/aws/iam-server-scene.ts";
import { compiledProgram } from "../tools/compiled.ts";
import { kubectlIn, startWebhook, writeIamKubeconfig, type KubectlOutcome } from "./iam-webhook.ts";
import { openKit, type Kit } from "./kit.ts";

const DEV = "ASIADEVDEVDEVDEVDEV1";
const BOB = "AKIABOBBOBBOBBOBBOB1";

let kit: Kit;
let sts: CallerIdentitySts;
let directory: string;
let program: string;
let server: IamServerProgram;

beforeAll(async () => {
  kit = await openKit();
  program = compiledProgram(process.env);
  directory = await mkdtemp(join(tmpdir(), "kauth-e2e-iam-binary-"));
  sts = await callerIdentitySts({ people: PEOPLE, clusterId: CLUSTER_ID });
  server = await startWebhook(kit, directory, {
    clusterId: CLUSTER_ID,
    roles: { [`arn:aws:iam::${ACCOUNT}:role/Dev`]: "compiled-{{SessionName}}" },
    env: sts.env,
    program,
  });
}, 180_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await sts?.[Symbol.asyncDispose]();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}, 60_000);

const kubectl = async (id: string, ...args: readonly string[]): Promise<KubectlOutcome> => {
  const who = { id, person: PEOPLE[id], clusterId: CLUSTER_ID };
  const kubeconfig = await writeIamKubeconfig(kit, join(directory, `${id}.kubeconfig`), who);
  return await kubectlIn(kit, directory, kubeconfig, ...args);
};

test("the compiled program is the kit's webhook: kubectl as a role of AWS IAM, and the audit log's line", async () => {
  expect(await readlink(`/proc/${server.child.pid}/exe`)).toBe(program);
  const from = await kit.auditSize();
  const { out, err } = await kubectl(DEV, "get", "pods");
  expect(err).toBe("");
  expect(out).toMatch(/^ui-\S+ +1\/1 +Running/m);
  const line = (await kit.audit(from)).find(
    ({ user, uri }) => user === "compiled-jane" && uri.includes("/namespaces/apps/pods"),
  )?.line;
  expect(JSON.parse(line ?? "{}")).toMatchObject({
    user: {
      uid: `aws-iam-authenticator:${ACCOUNT}:AROADEV`,
      groups: ["devs", "system:authenticated"],
      extra: { canonicalArn: [`arn:aws:iam::${ACCOUNT}:role/Dev`], accessKeyId: [DEV] },
    },
  });
  expect(server.audit).toContainEqual(
    expect.objectContaining({ event: "granted", username: "compiled-jane", backend: "MountedFile" }),
  );
});

test("it says why somebody else is Unauthorized", async () => {
  const { err } = await kubectl(BOB, "get", "pods");
  expect(err).toMatch(/Unauthorized|must be logged in/);
  expect(server.audit).toContainEqual(
    expect.objectContaining({ event: "denied", code: "IAM_NOT_MAPPED", accessKeyId: BOB }),
  );
});

test("SIGTERM ends it at once, with status 0", async () => {
  expect(await server.stop()).toBe(0);
});
