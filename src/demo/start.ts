import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { places } from "../base/places.ts";
import type { System } from "../base/system.ts";
import { after, millis } from "../base/units.ts";
import type { ServerQuirks } from "../tunnel/index.ts";
import { createApp, type App } from "./app.ts";
import { startCluster, type Cluster, type MoreApi } from "./cluster.ts";
import type { Rights } from "./people.ts";
import { PLUGIN, randomName } from "./plugin.ts";
import type { Carriers, PodApp } from "./port-forward.ts";
import { NAMESPACE, putPod, putWorkloads, refreshSlices } from "./workloads.ts";

export interface DemoOptions {
  readonly system: System;
  /** What the kubeconfig runs. Default: the demo's own plugin, by the program that runs us. */
  readonly plugin?: { readonly command: string; readonly args: readonly string[] };
  readonly quirks?: ServerQuirks;
  /** What runs in the pods. Default: the demo's web UI. */
  readonly pods?: PodApp;
  /** What the API server is asked beside. Default: nothing more. */
  readonly more?: MoreApi;
}

/** A cluster, an app and a person in this process; all of it goes when it is disposed of. */
export interface Demo extends AsyncDisposable {
  /** Path of the kubeconfig, mode 0600. */
  readonly kubeconfig: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly app: App;
  readonly carriers: Carriers;
  /** How often the plugin ran. */
  pluginCalls(): Promise<number>;
  /** The token in hand is refused from now on; the plugin gives another. */
  rotate(): Promise<void>;
  /** Writes another kubeconfig: a person with some rights and a plain token. */
  kubeconfigFor(username: string, rights: Rights): Promise<string>;
  deletePod(name: string): void;
  addPod(name: string, app: string): void;
  setReady(name: string, app: string, ready: boolean): void;
  /** Another pod under the same name, as a StatefulSet makes it. */
  replacePod(name: string, app: string): void;
}

/** Short, so that a refresh can be watched. */
const TOKEN_LIFE = millis(60_000);
/** A token is issued anew well before the plugin would give an old one. */
const ISSUE_EVERY = millis(20_000);
const GROUPS = ["demo-users"];

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { system } = options;
  const user = randomName(system.random(4));
  const carriers: Carriers = { spdy: "ok", websocket: "ok" };
  // The app asks the cluster who a token is, and the cluster forwards to the app: the later one is told to the first.
  let known: Cluster | undefined;
  const app = createApp(system, (token) => known?.people.byToken(token, system.now()));
  const cluster = await startCluster({
    system,
    app: options.pods ?? app,
    carriers,
    quirks: options.quirks ?? {},
    ...(options.more === undefined ? {} : { more: options.more }),
  });
  known = cluster;
  putWorkloads(cluster.store);
  cluster.people.add({ username: user, uid: `${user}-uid`, groups: GROUPS, rights: "all" });

  const directory = await privateDirectory(system);
  const issue = async (): Promise<void> => {
    const token = `demo-${system.random(24).toString("base64url")}`;
    const until = after(system.now(), TOKEN_LIFE);
    cluster.people.issue(token, user, until);
    await system.files.write(
      join(directory, "token.json"),
      JSON.stringify({ token, expirationTimestamp: new Date(until).toISOString() }),
    );
  };
  await issue();
  const timer = setInterval(() => void issue().catch(() => undefined), ISSUE_EVERY);
  timer.unref();
  const script = join(directory, "plugin.mjs");
  await system.files.write(script, PLUGIN);
  const plugin = options.plugin ?? { command: system.execPath, args: [script] };
  const kubeconfig = join(directory, "kubeconfig");
  const writeKubeconfig = async (path: string, name: string, credential: unknown): Promise<void> =>
    await system.files.write(path, JSON.stringify(kubeconfigOf(cluster, name, credential), null, 2));
  await writeKubeconfig(kubeconfig, user, {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      command: plugin.command,
      args: plugin.args,
      // A compiled kauth runs a script only when it is told to be its runtime.
      ...(system.runtime.startsWith("Bun") ? { env: [{ name: "BUN_BE_BUN", value: "1" }] } : {}),
      interactiveMode: "Never",
      provideClusterInfo: false,
    },
  });
  const { store } = cluster;
  const edit = (change: () => void): void => {
    change();
    refreshSlices(store);
  };
  return {
    kubeconfig,
    user,
    groups: GROUPS,
    namespace: NAMESPACE,
    cluster,
    app,
    carriers,
    pluginCalls: async () => (await readFile(join(directory, "calls"), "utf8").catch(() => "")).length,
    rotate: async () => {
      cluster.people.revokeAll();
      await issue();
    },
    kubeconfigFor: async (username, rights) => {
      cluster.people.add({ username, uid: `${username}-uid`, groups: [], rights });
      const token = `demo-${username}-${system.random(16).toString("base64url")}`;
      cluster.people.issue(token, username);
      const path = join(directory, `kubeconfig-${username}`);
      await writeKubeconfig(path, username, { token });
      return path;
    },
    deletePod: (name) => {
      edit(() => store.delete("pods", NAMESPACE, name));
      app.reset(name);
    },
    addPod: (name, of) => edit(() => putPod(store, { name, app: of })),
    setReady: (name, of, ready) => edit(() => putPod(store, { name, app: of, ready })),
    replacePod: (name, of) =>
      edit(() => {
        store.delete("pods", NAMESPACE, name);
        putPod(store, { name, app: of });
      }),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await cluster[Symbol.asyncDispose]();
      await system.files.remove(directory, { recursive: true });
    },
  };
}

const kubeconfigOf = (cluster: Cluster, name: string, credential: unknown): unknown => ({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "demo",
  clusters: [
    {
      name: "demo",
      cluster: {
        server: cluster.server,
        "certificate-authority-data": Buffer.from(cluster.authority.cert).toString("base64"),
      },
    },
  ],
  users: [{ name, user: credential }],
  contexts: [{ name: "demo", context: { cluster: "demo", user: name, namespace: NAMESPACE } }],
});

/** In the runtime directory; where none can be made, below the system's own for temporary files. */
const privateDirectory = async (system: System): Promise<string> => {
  const name = system.random(16).toString("hex");
  const own = join(places(system).runtime, `demo-${name}`);
  try {
    await system.files.makeDirectory(own);
    return own;
  } catch {
    const other = join(system.temp, `kauth-demo-${name}`);
    await system.files.makeDirectory(other);
    return other;
  }
};
