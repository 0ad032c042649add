import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectApiServer } from "../src/cli/iam/api-server.ts";
import { realSystem } from "../src/base/system.ts";
import { createMapper, followMappings, readServerConfig, type MappingEvent } from "../src/iam/index.ts";
import { openKit, type Kit } from "./kit.ts";

const ROOT = join(import.meta.dirname, "..");
const CRD = join(ROOT, "docs", "manifests", "iam-identity-mapping.yaml");
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
  await apply("second", ARN.replace("role/", "role/with/a/path/"));
  await becomes("second");
  await apply("third", "garbage");
  await becomes("IAM_NOT_MAPPED");
  await apply("fourth");
  await becomes("fourth");
  await kit.admin("delete", "iamidentitymappings", "kauth-e2e");
  await becomes("IAM_NOT_MAPPED");
}, 120_000);
