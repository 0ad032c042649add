import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open } from "../test/opened.ts";
import { openKit, type Kit } from "./kit.ts";
import { startRelay, type Relay } from "./relay.ts";
import { byLines, bySocket, follow, type Seen } from "./watching.ts";

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

const PATH = `/clusters/main/api/v1/namespaces/apps/configmaps?labelSelector=for%3D${LABEL}`;

/** Names of the objects in view after the first changes. */
const inView = (made: readonly string[]): readonly string[] => {
  const names = new Set<string>();
  for (const each of made) {
    const [type, name = ""] = each.split(" ");
    if (type === "DELETED") names.delete(name);
    else names.add(name);
  }
  return [...names];
};

/** What a watch has to show: all, once, in order; of a time that no server remembers, where it led to. */
const expectOnce = ({ events, lists }: Seen, made: readonly string[], why: string): void => {
  const [list, ...more] = lists;
  if (list === undefined) {
    expect(events, why).toEqual(made);
    return;
  }
  expect(more).toEqual([]);
  const rest = events.slice(list.after);
  const known = made.length - rest.length;
  expect(events.slice(0, list.after), why).toEqual(made.slice(0, list.after));
  expect(known, why).toBeGreaterThanOrEqual(list.after);
  expect(list.names, why).toEqual(inView(made.slice(0, known)));
  expect(rest, why).toEqual(made.slice(known));
};

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
    const watches = [await follow(ui, PATH, bySocket), await follow(ui, PATH, byLines)];
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
    const last = made.at(-1);
    for (const seen of watches) {
      const enough = (): boolean => seen.ended !== undefined || seen.events.at(-1) === last;
      await expect.poll(enough, { timeout: 30_000 }).toBe(true);
      expect(seen.ended, ui.stderr()).toBeUndefined();
      // An API server that has started anew may know nothing of what was before: then a client is told to list anew.
      if (seen.lists.length > 0) expect(name).toBe("the API server restarts");
      expectOnce(seen, made, ui.stderr());
      seen.close();
    }
    process.stdout.write(
      `| ${name} | ${made.length} events made, seen ${watches.map(({ events, lists }) => `${events.length}${lists.length === 0 ? "" : ` and a list after ${lists[0]?.after}`}`).join(", ")} (by WebSocket, by lines) |\n`,
    );
    expect(relay.authorizations.every((count) => count === 1)).toBe(true);
  });
});
