import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { afterAll, beforeAll, expect, test } from "vitest";
import { open, type Opened, type RequestOptions } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";

/** A pod of alice's own, and her right to do what she likes with it. */
const NAME = "kauth-e2e-read-only";
const MAIN = "/clusters/main";
const PODS = "/api/v1/namespaces/apps/pods";
const POD = `${PODS}/${NAME}`;

let kit: Kit;
let directory: string;
const forget = async (): Promise<unknown> =>
  await kit.admin(
    "delete",
    "pod,role,rolebinding",
    NAME,
    "-n",
    "apps",
    "--ignore-not-found",
    "--now",
    "--wait=true",
  );

const container = {
  name: "app",
  image: "localhost/kauth-cluster/app:1",
  imagePullPolicy: "Never",
  env: [{ name: "POD_NAME", value: NAME }],
};
const metadata = { name: NAME, namespace: "apps" };
const OBJECTS = [
  { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [container] } },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata,
    rules: [
      { apiGroups: [""], resources: ["pods"], verbs: ["delete", "patch"], resourceNames: [NAME] },
      { apiGroups: [""], resources: ["pods/exec", "pods/log"], verbs: ["get", "create"] },
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: NAME },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" }],
  },
];

beforeAll(async () => {
  kit = await openKit();
  directory = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
  await forget();
  const file = join(directory, "objects.json");
  await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: OBJECTS }));
  await kit.admin("apply", "-f", file);
  await kit.admin("wait", "--for=condition=Ready", `pod/${NAME}`, "-n", "apps", "--timeout=60s");
});
afterAll(async () => {
  await forget();
  await rm(directory, { recursive: true });
});

const openDirect = async (...words: readonly string[]): Promise<Opened> =>
  await open([
    "svc/ui:http",
    "--namespace=apps",
    `--kubeconfig=${kit.kubeconfig("alice-token")}`,
    "--leg=direct",
    ...words,
  ]);

const status = async (ui: Opened, asked: RequestOptions): Promise<number> => (await ui.fetch(asked)).status;

const socketTo = (ui: Opened, path: string): WebSocket =>
  new WebSocket(
    `ws://127.0.0.1:${ui.port}${MAIN}${path}`,
    [path.includes("watch=") ? "base64.binary.k8s.io" : "v4.channel.k8s.io"],
    {
      headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token },
    },
  );

/** Status of an upgrade that is refused, or the first message. */
const hear = async (ui: Opened, path: string): Promise<number | string> => {
  const socket = socketTo(ui, path);
  return await new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("message", (message: Buffer) => {
      resolve(message.toString());
      socket.terminate();
    });
    socket.once("unexpected-response", (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
  });
};

const uid = async (): Promise<string> =>
  await kit.admin(
    "get",
    "pod",
    NAME,
    "-n",
    "apps",
    "-o",
    "jsonpath={.metadata.uid}{.metadata.deletionTimestamp}",
  );

test("D.5: with --read-only alice cannot touch a pod of her own, and the cluster hears of nothing", async () => {
  await using ui = await openDirect("--read-only");
  const before = await uid();
  const from = await kit.auditSize();
  const dry = `${MAIN}${POD}?dryRun=All`;
  const json = { "content-type": "application/json" };
  const patch = { ...json, "content-type": "application/merge-patch+json" };
  const gone = '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}';
  const length = { ...json, "content-length": String(gone.length) };
  expect(await status(ui, { path: `${MAIN}${POD}`, method: "DELETE" })).toBe(403);
  expect(await status(ui, { path: `${MAIN}/../main${POD}`, method: "DELETE" })).toBe(403);
  expect(await status(ui, { path: `${MAIN}${POD}`, method: "PATCH", headers: patch, body: "{}" })).toBe(403);
  expect(await status(ui, { path: dry, method: "DELETE", headers: length, body: gone })).toBe(403);
  expect(await status(ui, { path: `${MAIN}${POD}/exec?command=/app&command=env`, method: "POST" })).toBe(403);
  expect(await hear(ui, `${POD}/exec?command=/app&command=env&stdout=1`)).toBe(403);
  expect(await hear(ui, `${POD}/%65xec?command=/app&command=env&stdout=1&watch=1`)).toBe(403);

  // What only reads, or runs dry, is the API server's to answer.
  expect(await status(ui, { path: `${MAIN}${POD}` })).toBe(200);
  expect(await status(ui, { path: dry, method: "DELETE" })).toBe(200);
  const label = '{"metadata":{"labels":{"kauth":"was-here"}}}';
  expect(await status(ui, { path: dry, method: "PATCH", headers: patch, body: label })).toBe(200);
  expect(await hear(ui, `${PODS}?watch=1`)).toContain('"type":"ADDED"');
  const review = `${MAIN}/apis/authentication.k8s.io/v1/selfsubjectreviews`;
  const body = '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}';
  expect(await status(ui, { path: review, method: "POST", headers: json, body })).toBe(201);

  expect(await uid()).toBe(before);
  expect(await kit.admin("get", "pod", NAME, "-n", "apps", "-o", "jsonpath={.metadata.labels}")).toBe("");
  const hers = (await kit.audit(from)).filter(({ user }) => user === "alice");
  const wrote = hers.filter(
    ({ verb, uri }) => !["get", "list", "watch"].includes(verb) && uri.includes(NAME),
  );
  expect(wrote.length).toBeGreaterThan(0);
  expect(wrote.filter(({ uri }) => !uri.endsWith("?dryRun=All"))).toEqual([]);
  expect(hers.filter(({ uri }) => uri.includes("exec"))).toEqual([]);
});

test("D.5: without it she can, and a DELETE with a body is none that runs dry", async () => {
  await using ui = await openDirect();
  const socket = socketTo(ui, `${POD}/exec?command=/app&command=env&stdout=1`);
  const [message] = (await once(socket, "message")) as [Buffer];
  expect(message.length).toBeGreaterThan(0);
  socket.terminate();
  const gone = '{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0}';
  const deleted = await ui.fetch({
    path: `${MAIN}${POD}?dryRun=All`,
    method: "DELETE",
    headers: { "content-type": "application/json", "content-length": String(gone.length) },
    body: gone,
  });
  expect(deleted.status, deleted.text).toBe(200);
  await expect
    .poll(async () => await kit.admin("get", "pod", NAME, "-n", "apps", "--ignore-not-found"), {
      timeout: 20_000,
      interval: 500,
    })
    .toBe("");
});
