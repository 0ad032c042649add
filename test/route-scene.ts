import type { Duplex } from "node:stream";
import type { Connection } from "../src/api/index.ts";
import type { SpdyServer } from "../src/tunnel/spdy/server.ts";
import { podDialer } from "../src/tunnel/index.ts";
import { apiServer, clock, memory, settle, type Answer, type Clock } from "../src/tunnel/far-end.test-d.ts";
import { parseTarget } from "../src/route/parse.ts";
import { openRoute } from "../src/route/route.ts";
import type { Route, RouteDial } from "../src/route/types.ts";
import type { PodWishes } from "./kubernetes.ts";
import { endpointOf, memoryCluster, sliceOf, type MemoryCluster } from "./memory-cluster.ts";

/** What each connection writes as soon as it has one. */
export const REQUEST = "GET / HTTP/1.1\r\nAuthorization: Bearer canary\r\n\r\n";

export interface Dialling {
  /** Undefined while it waits. */
  readonly result: () => RouteDial | Error | undefined;
}

/** Who answers, or why nobody does; undefined while it waits. */
export const peerOf = ({ result }: Dialling): string | undefined => {
  const found = result();
  return found instanceof Error ? found.message : found?.peer;
};

/** A cluster, its clock and routes into it, in memory; the tunnels are real. */
export interface Scene {
  readonly cluster: MemoryCluster;
  readonly time: Clock;
  /** What applications in pods got, by the name of the pod that was asked for. */
  readonly received: Map<string, string>;
  readonly changes: string[];
  /** The codes of what stood in the way, try by try. */
  readonly troubles: string[];
  /** The pods for which a dialer was made. */
  readonly dialled: string[];
  readonly stop: AbortController;
  /** The API server's ends of tunnels. */
  readonly ends: Duplex[];
  /** Called with the API server's end of each new tunnel. */
  onTunnel: (end: Duplex, server: SpdyServer) => void;
  /** A dialer is made. */
  onDialer: () => void;
  /** A way came up. */
  onUp: () => void;
  /** What the API server does with a port-forward to a pod. Default: it works. */
  forward: (pod: string) => Answer;
  /** A Service `ui` with a slice of these pods. */
  ui(pods: Readonly<Record<string, PodWishes>>): void;
  /** Deletes a pod of `ui`; these are left. */
  remove(name: string, ...left: readonly string[]): void;
  route(target?: string): Route;
  dial(route: Route, signal?: AbortSignal): Dialling;
  /** Lets time pass in steps, and in each of them everything that is under way come to rest. */
  pass(length: number): Promise<void>;
  close(): Promise<void>;
}

export function routeScene(): Scene {
  const cluster = memoryCluster();
  const time = clock();
  const routes: Route[] = [];
  const received: Scene["received"] = new Map();
  const stop = new AbortController();

  const app = (pod: string): Answer => ({
    kind: "tunnel",
    app: ({ stream }) => {
      stream.on("error", () => undefined);
      stream.on("data", (piece: Buffer) =>
        received.set(pod, `${received.get(pod) ?? ""}${piece.toString("latin1")}`),
      );
    },
  });

  const pass = async (length: number): Promise<void> => {
    for (let left = length; left > 0; left -= 500) {
      await time.advance(Math.min(500, left));
      for (let turn = 0; turn < 3; turn += 1) await settle();
    }
  };

  const scene: Scene = {
    cluster,
    time,
    received,
    changes: [],
    troubles: [],
    dialled: [],
    stop,
    ends: [],
    onTunnel: () => undefined,
    onDialer: () => undefined,
    onUp: () => undefined,
    forward: () => ({ kind: "tunnel" }),
    ui: (pods) => {
      cluster.service("ui");
      for (const [name, wishes] of Object.entries(pods))
        cluster.pod(name, { labels: { app: "ui" }, ...wishes });
      const endpoints = Object.entries(pods).map(([name, { ready, uid }]) =>
        endpointOf(name, { ready: ready !== "False" }, uid),
      );
      cluster.slice("ui-1", "ui", sliceOf(...endpoints));
    },
    remove: (name, ...left) => {
      cluster.store.delete("pods", "apps", name);
      cluster.slice("ui-1", "ui", sliceOf(...left.map((each) => endpointOf(each))));
    },
    route: (target = "svc/ui") => {
      const opened = openRoute({
        connection: cluster.connection,
        system: { ...time.system, random: (size) => Buffer.alloc(size) },
        reference: parseTarget(target),
        namespace: "apps",
        dialPod: ({ pod, namespace }, verify) => {
          scene.dialled.push(pod);
          scene.onDialer();
          const far = apiServer(time.system, () => {
            const answer = scene.forward(pod);
            return answer.kind === "tunnel" ? { ...app(pod), ...answer } : answer;
          });
          const upgrade: Connection["upgrade"] = async (request) => {
            const answer = await far.connection.upgrade(request);
            const end = far.sockets.at(-1);
            const server = far.servers.at(-1);
            if (answer.kind === "upgraded" && end !== undefined && server !== undefined) {
              scene.ends.push(end);
              scene.onTunnel(end, server);
            }
            return answer;
          };
          return podDialer(
            { ...far.connection, upgrade },
            { namespace, name: pod },
            { system: time.system, carrier: "spdy", memory: memory(), verify },
          );
        },
        onChange: ({ kind, backend, reason }) => {
          scene.changes.push([kind, backend?.pod, ...(reason === undefined ? [] : [reason])].join(" "));
          if (kind !== "down") scene.onUp();
        },
        onTrouble: ({ code }) => scene.troubles.push(code),
      });
      routes.push(opened);
      return opened;
    },
    dial: (from, signal = stop.signal) => {
      let result: RouteDial | Error | undefined;
      from.dial({ bulk: false, signal }).then(
        (way) => {
          way.stream.on("error", () => undefined);
          way.stream.write(REQUEST);
          result = way;
        },
        (error: unknown) => (result = error as Error),
      );
      return { result: () => result };
    },
    pass,
    close: async () => {
      stop.abort(new Error("the test is over"));
      const closing = Promise.all(routes.map((route) => route[Symbol.asyncDispose]()));
      await pass(2_000);
      await closing;
    },
  };
  return scene;
}
