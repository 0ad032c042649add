import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callerIdentitySts, type CallerIdentitySts } from "../test/aws/caller-identity.ts";
import type { IamServerProgram } from "../test/aws/iam-server-program.ts";
import { ACCOUNT, CLUSTER_ID, PEOPLE } from "../test/aws/iam-server-scene.ts";
import { open } from "../test/opened.ts";
import { kauth } from "../test/program.ts";
import {
  kubectlIn,
  startWebhook,
  webhookConfig,
  writeIamKubeconfig,
  type KubectlOutcome,
} from "./iam-webhook.ts";
import { openKit, type Kit } from "./kit.ts";

const ROOT = join(import.meta.dirname, "..");
const ROLE = `arn:aws:iam::${ACCOUNT}:role/Dev`;

let kit: Kit;
let sts: CallerIdentitySts;
let directory: string;
let server: IamServerProgram;

beforeAll(async () => {
  kit = await openKit();
  directory = await mkdtemp(join(tmpdir(), "kauth-e2e-iam-"));
  sts = await callerIdentitySts({ people: PEOPLE, clusterId: CLUSTER_ID });
  await kit.admin("-n", "kube-system", "delete", "configmap", "aws-auth", "--ignore-not-found");
  server = await startWebhook(kit, directory, {
    clusterId: CLUSTER_ID,
    roles: { [ROLE]: "dev-{{SessionName}}" },
    env: sts.env,
    backends: "MountedFile,EKSConfigMap",
  });
}, 120_000);

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await sts?.[Symbol.asyncDispose]();
  await kit?.admin("-n", "kube-system", "delete", "configmap", "aws-auth", "--ignore-not-found");
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const kubeconfigOf = async (id: string, clusterId = CLUSTER_ID): Promise<string> =>
  await writeIamKubeconfig(kit, join(directory, `${id}-${clusterId}.kubeconfig`), {
    id,
    person: PEOPLE[id],
    clusterId,
  });

const kubectl = async (kubeconfig: string, ...args: readonly string[]): Promise<KubectlOutcome> =>
  await kubectlIn(kit, directory, kubeconfig, ...args);

const DEV = "ASIADEVDEVDEVDEVDEV1";
const BOB = "AKIABOBBOBBOBBOBBOB1";
const FAR = "AKIAFARFARFARFARFAR1";

describe("a role of AWS IAM", () => {
  test("kubectl get pods: the audit log has the mapped user with all that is known of them", async () => {
    const from = await kit.auditSize();
    const { out, err } = await kubectl(await kubeconfigOf(DEV), "get", "pods");
    expect(err).toBe("");
    expect(out).toMatch(/^ui-\S+ +1\/1 +Running/m);
    const line = (await kit.audit(from)).find(
      ({ user, uri }) => user === "dev-jane" && uri.includes("/namespaces/apps/pods"),
    )?.line;
    expect(JSON.parse(line ?? "{}")).toMatchObject({
      user: {
        username: "dev-jane",
        uid: `aws-iam-authenticator:${ACCOUNT}:AROADEV`,
        groups: ["devs", "system:authenticated"],
        extra: {
          arn: [`arn:aws:sts::${ACCOUNT}:assumed-role/Dev/jane`],
          canonicalArn: [`arn:aws:iam::${ACCOUNT}:role/Dev`],
          accessKeyId: [DEV],
          sessionName: ["jane"],
          principalId: ["AROADEV"],
          "sigs.k8s.io/aws-iam-authenticator/principalId": ["AROADEV"],
        },
      },
    });
    process.stdout.write(`audit: ${line}\n`);
  });

  test("kauth open svc/ui", async () => {
    await using ui = await open(["svc/ui", "-n", "apps", "--kubeconfig", await kubeconfigOf(DEV)]);
    expect(await ui.json("/api/me")).toMatchObject({ user: "dev-jane", authorizationHeaderCount: 1 });
    expect(ui.ready["user"]).toBe("dev-jane");
  });
});

describe("who is refused: kubectl says Unauthorized, the server says why", () => {
  test.each([
    { name: "another cluster's id", id: DEV, clusterId: "other", code: "IAM_STS_REFUSED" },
    { name: "nobody is mapped", id: BOB, clusterId: CLUSTER_ID, code: "IAM_NOT_MAPPED" },
    { name: "another account", id: FAR, clusterId: CLUSTER_ID, code: "IAM_NOT_MAPPED" },
  ])("$name: $code", async ({ id, clusterId, code }) => {
    const before = server.audit.length;
    const { err } = await kubectl(await kubeconfigOf(id, clusterId), "get", "pods");
    expect(err).toMatch(/Unauthorized|must be logged in/);
    const refusal = server.audit.slice(before).find(({ event }) => event === "denied");
    expect(refusal).toMatchObject({ code, accessKeyId: id });
    if (code === "IAM_NOT_MAPPED") expect(refusal?.canonicalArn).toBe((PEOPLE[id] ?? { arn: "" }).arn);
    const log = await readFile(join(kit.pki, "..", "logs", "kube-apiserver.log"), "utf8");
    expect(log).toContain(code);
  });
});

describe("mappings that change while it runs", () => {
  test("a file that is renamed over the old one", async () => {
    const path = join(directory, "iam.yaml");
    const roles = { [ROLE]: "renamed-{{SessionName}}" };
    await writeFile(`${path}.new`, webhookConfig(kit, { clusterId: CLUSTER_ID, roles }));
    await rename(`${path}.new`, path);
    await server.said(/^MountedFile: 1 entry/);
    const { out } = await kubectl(await kubeconfigOf(DEV), "auth", "whoami", "-o", "yaml");
    expect(out).toContain("username: renamed-jane");
  });

  test("kube-system/aws-auth", async () => {
    const user = `arn:aws:iam::${ACCOUNT}:user/bob`;
    const path = join(directory, "aws-auth.yaml");
    await writeFile(
      path,
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "aws-auth", namespace: "kube-system" },
        data: { mapUsers: `- userarn: ${user}\n  username: bob-of-iam\n  groups: [devs]\n` },
      }),
    );
    await kit.admin("apply", "-f", path);
    await server.said(/^EKSConfigMap: 1 entry/);
    const whoami = async (): Promise<KubectlOutcome> =>
      await kubectl(await kubeconfigOf(BOB), "auth", "whoami", "-o", "yaml");
    expect((await whoami()).out).toContain("username: bob-of-iam");
    await kit.admin("-n", "kube-system", "delete", "configmap", "aws-auth");
    await server.said(/^EKSConfigMap: it is not there/);
    // The API server keeps what it knows of a token for ten seconds; another second makes another token.
    await expect
      .poll(async () => (await whoami()).err, { timeout: 30_000, interval: 1_000 })
      .toMatch(/Unauthorized|must be logged in/);
  });
});

test("kauth iam add writes into kube-system/aws-auth, and leaves what is written there", async () => {
  const text = `# people of the other team\n- userarn: arn:aws:iam::${ACCOUNT}:user/eve # left in May\n  username: eve\n`;
  const path = join(directory, "commented.yaml");
  const metadata = { name: "aws-auth", namespace: "kube-system", labels: { team: "platform" } };
  await writeFile(
    path,
    JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { mapUsers: text, other: "x" } }),
  );
  await kit.admin("apply", "-f", path);
  const words = [
    "iam",
    "add",
    "user",
    "--userarn",
    `arn:aws:iam::${ACCOUNT}:user/bob`,
    "--username",
    "bob-was-added",
    "--groups",
    "devs",
    "--prompt=false",
    "--kubeconfig",
    kit.kubeconfig("admin"),
  ];
  const first = await kauth(words);
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining("updated configmap:") as string });
  const read = JSON.parse(await kit.admin("-n", "kube-system", "get", "cm", "aws-auth", "-o", "json")) as {
    readonly data: Readonly<Record<string, string>>;
    readonly metadata: { readonly labels: unknown };
  };
  expect(read.metadata.labels).toEqual({ team: "platform" });
  expect(read.data["other"]).toBe("x");
  expect(read.data["mapUsers"]?.startsWith(text)).toBe(true);
  await server.said(/^EKSConfigMap: 2 entries/);
  const { out } = await kubectl(await kubeconfigOf(BOB), "auth", "whoami", "-o", "yaml");
  expect(out).toContain("username: bob-was-added");
  const again = await kauth(words);
  expect(again.code).toBe(2);
  expect(again.stderr).toContain(`cannot add duplicate user ARN "arn:aws:iam::${ACCOUNT}:user/bob"`);
}, 60_000);

test("the manifest is one that an API server takes", async () => {
  const path = join(ROOT, "docs", "manifests", "iam-server.yaml");
  const out = await kit.admin("apply", "--dry-run=server", "-f", path);
  expect(
    out
      .trim()
      .split("\n")
      .every((line) => line.endsWith("(server dry run)")),
  ).toBe(true);
  expect(out).toContain("daemonset.apps/kauth-iam-server");
});

test("SIGTERM ends it at once, with status 0", async () => {
  expect(await server.stop()).toBe(0);
});
