import type { ApiRequest, Connection } from "../src/api/index.ts";
import { KnownError } from "../src/base/errors.ts";
import { statusOf } from "../src/demo/answer.ts";
import { listKind } from "../src/demo/resources.ts";
import { Store, type Kind, type StoredObject } from "../src/demo/store.ts";
import { podJson, type PodWishes } from "./kubernetes.ts";
import { memoryConnection } from "./memory-connection.ts";

const GROUPS: Readonly<Record<Kind, string>> = {
  services: "v1",
  pods: "v1",
  endpointslices: "discovery.k8s.io/v1",
  deployments: "apps/v1",
  statefulsets: "apps/v1",
  replicasets: "apps/v1",
};

export interface MemoryCluster {
  readonly connection: Connection;
  readonly store: Store;
  /** `get services ui`, `list pods`, … of each request, in order. */
  readonly calls: string[];
  /** What is answered with 403, as `get pods`. */
  readonly denied: Set<string>;
  /** Each of them runs before a request is answered, and may change the world or fail the request. */
  readonly before: ((call: string) => void)[];
  /** Breaks every watch off, as a network does. */
  cutWatches(): void;
  pod(name: string, wishes?: PodWishes): void;
  service(name: string, spec?: object): void;
  slice(name: string, of: string, content: object): void;
}

/** An API server in memory: the demo's store behind a connection. */
export function memoryCluster(): MemoryCluster {
  const store = new Store();
  const calls: string[] = [];
  const denied = new Set<string>();
  const before: MemoryCluster["before"] = [];
  let lost = new AbortController();

  const asked = (request: ApiRequest, verb: "get" | "list" | "watch") => {
    const [, namespace = "", kind = "", name = ""] =
      /\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(request.path) ?? [];
    const does = verb === "list" && name !== "" ? "get" : verb;
    const call = [does, kind, ...(name === "" ? [] : [name])].join(" ");
    calls.push(call);
    for (const each of before) each(call);
    const query = new URLSearchParams(request.query);
    return { namespace, kind: kind as Kind, name, query, refused: denied.has(`${does} ${kind}`) };
  };

  const put = (kind: Kind, name: string, json: { readonly metadata?: object }, more: object = {}): void => {
    const { metadata, ...fields } = json;
    const { uid, labels, deletionTimestamp } = { ...metadata, ...more } as {
      readonly uid?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly deletionTimestamp?: string;
    };
    store.put(kind, {
      apiVersion: GROUPS[kind],
      kind,
      name,
      namespace: "apps",
      ...(uid === undefined ? {} : { uid }),
      ...(labels === undefined ? {} : { labels }),
      fields,
    });
    if (deletionTimestamp !== undefined)
      store.change(kind, "apps", name, (object) => ({
        ...object,
        metadata: { ...object.metadata, deletionTimestamp },
      }));
  };

  const connection = memoryConnection({
    request: async (request) => {
      // As over a network, the answer comes later than the question.
      await new Promise((done) => setImmediate(done));
      request.signal?.throwIfAborted();
      const { namespace, kind, name, query, refused } = asked(request, "list");
      const answer = (status: number, body: unknown) => ({ status, headers: [], body });
      if (refused) return answer(403, statusOf(403, "forbidden"));
      if (name === "") return answer(200, listKind(store, kind, namespace, query));
      const object = store.get(kind, namespace, name);
      return object === undefined
        ? answer(404, statusOf(404, `${kind} "${name}" not found`))
        : answer(200, object);
    },
    stream: async function* (request) {
      const { kind, query, refused } = asked(request, "watch");
      if (refused) throw new KnownError("FORBIDDEN", "cannot watch");
      const past = store.since(kind, Number(query.get("resourceVersion")));
      if (past === undefined) throw new KnownError("API_EXPIRED", "too old resource version");
      const wanted = query.get("fieldSelector")?.replace("metadata.name=", "");
      const labels = (query.get("labelSelector") ?? "").split(",").filter((pair) => pair !== "");
      const isWanted = ({ metadata }: StoredObject): boolean =>
        (wanted === undefined || metadata.name === wanted) &&
        labels.every((pair) => metadata.labels?.[pair.split("=")[0] ?? ""] === pair.split("=")[1]);
      const queue = [...past];
      let wake: () => void = () => undefined;
      const stop = store.follow((changed, event) => {
        if (changed === kind) queue.push(event);
        wake();
      });
      const signal = AbortSignal.any([
        lost.signal,
        ...(request.signal === undefined ? [] : [request.signal]),
      ]);
      signal.addEventListener("abort", () => wake());
      try {
        for (;;) {
          signal.throwIfAborted();
          const event = queue.shift();
          if (event === undefined) await new Promise<void>((resolve) => (wake = resolve));
          else if (isWanted(event.object)) yield event;
        }
      } finally {
        stop();
      }
    },
  });
  return {
    connection,
    store,
    calls,
    denied,
    before,
    cutWatches: () => {
      lost.abort(new KnownError("CONNECTION_LOST", "reset"));
      lost = new AbortController();
    },
    pod: (name, wishes) => put("pods", name, podJson(name, wishes)),
    service: (
      name,
      spec = { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    ) => put("services", name, { spec } as object),
    slice: (name, of, content) =>
      put("endpointslices", name, content, { labels: { "kubernetes.io/service-name": of } }),
  };
}

/** An endpoint that is a pod. */
export const endpointOf = (
  name: string,
  conditions: object = { ready: true },
  uid = `uid-${name}`,
): object => ({
  conditions,
  targetRef: { kind: "Pod", name, namespace: "apps", uid },
});

/** A slice that maps the port `http` to 8080 of these endpoints. */
export const sliceOf = (...endpoints: readonly object[]): object => ({
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints,
});
