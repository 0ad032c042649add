import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { open, type Opened } from "./kauth.ts";
import { openKit, type Kit } from "./kit.ts";
import { startRelay, type Relay } from "./relay.ts";

/**
 * Watches of the real API server through the real port-forward of a real kubelet. A pod on the host's network leads to
 * whatever listens on the host's loopback: here the back end of a UI that the test itself is.
 */
const PORT = 28_990;
const POD = "watch-relay";
const LABEL = "kauth-e2e-watch";

let kit: Kit;
let relay: Relay;
const pause = async (time: number): Promise<void> =>
  await new Promise((resolve) => setTimeout(resolve, time));

const apply = async (object: object): Promise<void> => {
  const text = JSON.stringify(object);
  const { spawn } = await import("node:child_process");
  const child = spawn(kit.kubectl, [`--kubeconfig=${kit.kubeconfig("admin")}`, "apply", "-f", "-"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(text);
  await new Promise<void>((resolve, reject) =>
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`kubectl apply: ${code}`)))),
  );
};

const putPod = async (): Promise<void> => {
  await apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: POD, namespace: "apps", labels: { app: POD } },
    spec: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "app",
          image: "localhost/kauth-cluster/app:1",
          imagePullPolicy: "Never",
          env: [
            { name: "APP_HTTP", value: "127.0.0.1:28991" },
            { name: "APP_HTTPS", value: "127.0.0.1:28992" },
          ],
        },
      ],
    },
  });
  await kit.admin("wait", "-n", "apps", "--for=condition=Ready", `pod/${POD}`, "--timeout=60s");
};

beforeAll(async () => {
  kit = await openKit();
  relay = await startRelay(kit, PORT);
  await apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: LABEL, namespace: "apps" },
    rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
  });
  await apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: LABEL, namespace: "apps" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: LABEL },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" }],
  });
  await putPod();
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await kit.admin("delete", "pod", POD, "-n", "apps", "--ignore-not-found", "--wait=false");
  await kit.admin("delete", "role,rolebinding", LABEL, "-n", "apps", "--ignore-not-found");
  await kit.admin("delete", "configmaps", "-n", "apps", "-l", `for=${LABEL}`);
});

const ROOT = "/clusters/main/api/v1/namespaces/apps/configmaps";

interface Seen {
  readonly events: string[];
  /** It ended, which it must not. */
  ended: string | undefined;
  close(): void;
}

const note = (seen: Seen, text: string): void => {
  const event = JSON.parse(text) as { type: string; object: { metadata?: { name?: string }; code?: number } };
  if (event.type !== "BOOKMARK")
    seen.events.push(`${event.type} ${event.object.metadata?.name ?? event.object.code ?? ""}`);
};

const watchBySocket = async (ui: Opened, version: string): Promise<Seen> => {
  const socket = new WebSocket(
    `ws://127.0.0.1:${ui.port}${ROOT}?watch=1&labelSelector=for%3D${LABEL}&resourceVersion=${version}`,
    ["base64.binary.k8s.io"],
    { headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token } },
  );
  const seen: Seen = { events: [], ended: undefined, close: () => socket.terminate() };
  socket.on("message", (data: Buffer) => note(seen, data.toString()));
  socket.on("close", (code, reason) => (seen.ended ??= `${code} ${reason.toString()}`));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return seen;
};

const watchByLines = async (ui: Opened, version: string): Promise<Seen> =>
  await new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port: ui.port,
        agent: false,
        path: `${ROOT}?watch=true&labelSelector=for%3D${LABEL}&resourceVersion=${version}`,
        headers: { host: ui.origin.host, "x-kauth-token": ui.token },
      },
      (response) => {
        const seen: Seen = { events: [], ended: undefined, close: () => asked.destroy() };
        let rest = "";
        response.on("data", (part: Buffer) => {
          const lines = (rest + part.toString()).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) if (line !== "") note(seen, line);
        });
        response.once("error", (error) => (seen.ended ??= error.message));
        response.once("end", () => (seen.ended ??= "end"));
        resolve(seen);
      },
    );
    asked.once("error", reject);
    asked.end();
  });

/** The API server may be away: what was asked for is done once, however often it has to be asked. */
const persist = async (...args: readonly string[]): Promise<void> => {
  for (let tries = 0; ; tries += 1)
    try {
      await kit.admin(...args);
      return;
    } catch (error) {
      const text = error instanceof Error ? error.message : "";
      // It was done before the answer was lost.
      if (tries > 0 && /AlreadyExists|NotFound/.test(text)) return;
      if (tries > 100) throw error;
      await pause(200);
    }
};

const FAULTS: Readonly<Record<string, () => Promise<void>>> = {
  "the kubelet restarts": async () => await kit.fault("restart-kubelet"),
  "containerd is killed": async () => await kit.fault("drop-containerd"),
  "the API server restarts": async () => await kit.fault("restart-apiserver"),
  "the API server is paused for 8 s": async () => await kit.fault("pause-apiserver", "8"),
  "the pod is replaced": async () => {
    await kit.admin("delete", "pod", POD, "-n", "apps");
    await putPod();
  },
};

describe("C.2: a watch sees each change exactly once", () => {
  test.each(Object.keys(FAULTS))("while %s", async (name) => {
    await using ui = await open([
      `pod/${POD}:${PORT}`,
      "-n",
      "apps",
      "--kubeconfig",
      kit.kubeconfig("alice-token"),
    ]);
    const listed = await ui.json(`${ROOT}?labelSelector=for%3D${LABEL}`);
    const version = (listed["metadata"] as { resourceVersion: string }).resourceVersion;
    const watches = [await watchBySocket(ui, version), await watchByLines(ui, version)];
    const made: string[] = [];
    let over = false;
    const changing = (async (): Promise<void> => {
      for (let turn = 0; !over || turn < 5; turn += 1) {
        const item = `watched-${process.pid}-${name.length}-${turn}`;
        await persist("create", "configmap", item, "-n", "apps");
        await persist("label", "configmap", item, "-n", "apps", `for=${LABEL}`);
        // With the label it comes into view.
        made.push(`ADDED ${item}`);
        await persist("annotate", "configmap", item, "-n", "apps", "a=1");
        made.push(`MODIFIED ${item}`);
        await persist("delete", "configmap", item, "-n", "apps");
        made.push(`DELETED ${item}`);
      }
    })();
    await pause(500);
    await FAULTS[name]?.();
    await pause(1_500);
    over = true;
    await changing;
    for (const seen of watches) {
      const enough = (): boolean => seen.events.length >= made.length || seen.ended !== undefined;
      await expect.poll(enough, { timeout: 30_000 }).toBe(true);
      // An API server that has started anew may know nothing of what was before: then a client is told to list anew.
      const gone = seen.events.at(-1) === "ERROR 410";
      if (gone) expect(name).toBe("the API server restarts");
      expect(gone ? seen.events.slice(0, -1) : seen.events, ui.stderr()).toEqual(
        gone ? made.slice(0, seen.events.length - 1) : made,
      );
      if (!gone) expect(seen.ended).toBeUndefined();
      seen.close();
    }
    process.stdout.write(
      `| ${name} | ${made.length} events made, seen ${watches.map(({ events }) => events.length).join(" and ")} by WebSocket and by lines |\n`,
    );
    expect(relay.authorizations.every((count) => count === 1)).toBe(true);
  });
});
