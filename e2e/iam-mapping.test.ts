import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { connectApiServer } from "../src/cli/iam/api-server.ts";
import { realSystem } from "../src/base/system.ts";
import { createMapper, followMappings, readServerConfig, type MappingEvent } from "../src/iam/index.ts";
import { startIamServer } from "../test/aws/iam-server-program.ts";
import { openKit, type Kit } from "./kit.ts";

const ROOT = join(import.meta.dirname, "..");
const CRD = join(ROOT, "docs", "manifests", "iam-identity-mapping.yaml");
const MANIFEST = join(ROOT, "docs", "manifests", "iam-server.yaml");
/** Of the rights that the manifest gives, and whoever has them. */
const SERVER = "kauth-e2e-iam-server";
const ARN = "arn:aws:iam::111122223333:role/FromTheCluster";

let kit: Kit;
let directory: string;

beforeAll(async () => {
  kit = await openKit();
  directory = await mkdtemp(join(tmpdir(), "kauth-e2e-iam-mapping-"));
  await kit.admin("delete", "-f", CRD, "--ignore-not-found", "--wait");
}, 120_000);

afterAll(async () => {
  await kit?.admin("delete", "-f", CRD, "--ignore-not-found");
  await kit?.admin("delete", "clusterrole,clusterrolebinding", SERVER, "--ignore-not-found");
  await rm(directory, { recursive: true, force: true });
}, 60_000);

const apply = async (username: string, arn = ARN): Promise<void> => {
  const path = join(directory, "mapping.json");
  const object = {
    apiVersion: "iamauthenticator.k8s.aws/v1alpha1",
    kind: "IAMIdentityMapping",
    metadata: { name: "kauth-e2e" },
    spec: { arn, username, groups: ["devs"] },
  };
  await writeFile(path, JSON.stringify(object));
  await kit.admin("apply", "-f", path);
};

const canonicalArn = async (): Promise<string> =>
  await kit.admin("get", "iamidentitymappings", "kauth-e2e", "-o", "jsonpath={.status.canonicalARN}");

test("IAMIdentityMapping: before the kind is there, then made, changed, wrong and deleted", async () => {
  const stop = new AbortController();
  const system = realSystem();
  await using connection = await connectApiServer(
    { kubeconfig: kit.kubeconfig("admin") },
    system,
    stop.signal,
  );
  const events: MappingEvent[] = [];
  await using live = followMappings({
    modes: ["CRD"],
    config: await readServerConfig("", "no file"),
    configPath: undefined,
    connection,
    writeStatus: true,
    system,
    tell: (event) => events.push(event),
  });
  const map = createMapper({
    backends: live.backends,
    reserved: new Map(),
    privateDnsName: () => Promise.reject(new Error("not expected")),
  });
  const identity = {
    arn: ARN,
    canonicalArn: ARN,
    account: "111122223333",
    userId: "AROA",
    sessionName: "jane",
    accessKeyId: "ASIA",
  };
  const who = async (): Promise<string> =>
    await map(identity).then(
      ({ username }) => username,
      (error: unknown) => (error as { readonly code: string }).code,
    );
  const becomes = async (outcome: string): Promise<void> =>
    await expect.poll(who, { timeout: 30_000, interval: 200 }).toBe(outcome);

  await expect.poll(() => events.length, { timeout: 30_000 }).toBeGreaterThan(0);
  expect(events[0]).toMatchObject({ kind: "failed", backend: "CRD" });
  expect(await who()).toBe("IAM_MAPPING_UNREAD");
  await kit.admin("apply", "-f", CRD);
  await becomes("IAM_NOT_MAPPED");
  await apply("first-{{SessionName}}");
  await becomes("first-jane");
  await expect.poll(canonicalArn, { timeout: 30_000 }).toBe(ARN.toLowerCase());
  await apply("second", ARN.replace("role/", "role/with/a/path/"));
  await becomes("second");
  await expect
    .poll(canonicalArn, { timeout: 30_000 })
    .toBe(ARN.toLowerCase().replace("role/", "role/with/a/path/"));
  await apply("third", "garbage");
  await becomes("IAM_NOT_MAPPED");
  // As the reference leaves it.
  expect(await canonicalArn()).toContain("role/with/a/path/");
  await apply("fourth");
  await becomes("fourth");
  await kit.admin("delete", "iamidentitymappings", "kauth-e2e");
  await becomes("IAM_NOT_MAPPED");
}, 120_000);

/** What the server that says where it answers has at `/metrics`. */
const metricsOf = async (stderr: string): Promise<string> => {
  const [, port = ""] = /^Answering on https:\/\/127\.0\.0\.1:(\d+)\//m.exec(stderr) ?? [];
  return await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/metrics", rejectUnauthorized: false };
    const sent = httpsRequest(options, (response) => void text(response).then(resolve, reject));
    sent.once("error", reject);
    sent.end();
  });
};

const RESOURCE = "iamidentitymappings.iamauthenticator.k8s.aws";
const STATUS = "iamidentitymappings/status";

interface Rule {
  readonly resources: readonly string[];
}

/** Those of the manifest's ClusterRole, for somebody of this test. */
const give = async (rules: readonly Rule[]): Promise<void> => {
  const path = join(directory, "rights.json");
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const metadata = { name: SERVER };
  const subject = { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: SERVER };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: SERVER };
  const items = [
    { apiVersion, kind: "ClusterRole", metadata, rules },
    { apiVersion, kind: "ClusterRoleBinding", metadata, roleRef, subjects: [subject] },
  ];
  await writeFile(path, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  await kit.admin("apply", "-f", path);
  // The API server hears of it a moment later.
  const may = rules.some(({ resources }) => resources.includes(STATUS));
  const words = ["auth", "can-i", "update", RESOURCE, "--subresource=status", "--as", SERVER];
  const answer = async (): Promise<boolean> =>
    await kit.admin(...words).then(
      () => true,
      () => false,
    );
  await expect.poll(answer, { timeout: 30_000, interval: 200 }).toBe(may);
};

test("kauth iam server has the rights that it needs from the manifest, and goes on without that to statuses", async () => {
  const documents = parseAllDocuments(await readFile(MANIFEST, "utf8")).map(
    (document) => document.toJSON() as { readonly kind: string; readonly rules: readonly Rule[] },
  );
  const rules = documents.find(({ kind }) => kind === "ClusterRole")?.rules ?? [];
  await kit.admin("apply", "-f", CRD);
  await give(rules);
  await kit.admin("wait", "--for=condition=Established", "--timeout=30s", "-f", CRD);
  const kubeconfig = join(directory, "server.kubeconfig");
  const admin = parse(await readFile(kit.kubeconfig("admin"), "utf8")) as {
    readonly users: readonly { readonly name: string; readonly user: object }[];
  };
  const users = admin.users.map(({ name, user }) => ({ name, user: { ...user, as: SERVER } }));
  await writeFile(kubeconfig, JSON.stringify({ ...admin, users }), { mode: 0o600 });
  await using server = await startIamServer({
    args: [
      "-i",
      "c",
      "--backend-mode",
      "CRD",
      "--kubeconfig",
      kubeconfig,
      "--port",
      "0",
      "--state-dir",
      directory,
      "--generate-kubeconfig",
      join(directory, "webhook.kubeconfig"),
    ],
    env: {},
  });
  const becomes = async (arn: string): Promise<void> =>
    await expect.poll(canonicalArn, { timeout: 60_000, interval: 200 }).toBe(arn.toLowerCase());
  await apply("first");
  await becomes(ARN);
  expect(server.stderr()).not.toContain("a status was not written");

  await give(rules.filter(({ resources }) => !resources.includes(STATUS)));
  const other = `${ARN}Other`;
  await apply("second", other);
  await server.said(/a status was not written, which changes nothing for anybody: .*forbidden/);
  expect(server.stderr().match(/^CRD: 1 entry/gm)).toHaveLength(2);
  expect(await canonicalArn()).toBe(ARN.toLowerCase());
  expect(await metricsOf(server.stderr())).toMatch(
    /^aws_iam_authenticator_identity_status_failures_total [1-9]/m,
  );

  await give(rules);
  await becomes(other);
  expect(await server.stop()).toBe(0);
}, 120_000);
