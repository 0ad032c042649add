import type { Connection } from "../src/api/index.ts";
import { statusOf } from "../src/demo/answer.ts";
import type { FindableUi, UiTable } from "../src/cli/open/search.ts";
import { memoryConnection } from "./memory-connection.ts";

/** Services of a cluster, and UIs that are known by name or label. */

const HEADLAMP: FindableUi = {
  id: "headlamp",
  name: "Headlamp",
  find: { namespaces: ["headlamp", "kube-system"] },
  ports: ["http", 80],
  sends: "bearer",
  leg: "direct",
};
const DASHBOARD: FindableUi = {
  id: "dashboard-2",
  name: "Kubernetes Dashboard 2",
  find: { namespaces: ["kubernetes-dashboard"] },
  ports: [443],
  sends: "bearer",
  leg: "pod",
};
const PROMETHEUS: FindableUi = {
  id: "prometheus",
  name: "Prometheus",
  find: { namespaces: ["monitoring"] },
  ports: ["web"],
  sends: "nothing",
  leg: "pod",
};

export const TABLE: UiTable = {
  all: [HEADLAMP, DASHBOARD, PROMETHEUS],
  of: ({ name, labels }) =>
    TABLE.all.find(({ id }) => labels.get("app.kubernetes.io/name") === id || name === id),
};

export const labelled = (ui: string): Readonly<Record<string, string>> => ({ "app.kubernetes.io/name": ui });

export interface ServiceWishes {
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly object[];
  readonly selector?: object;
}

/** What may be listed, and the Services that are there, by namespace; `*` says that all of them may be. */
export type Services = Readonly<Record<string, Readonly<Record<string, ServiceWishes>>>>;

const json = (namespace: string, name: string, wishes: ServiceWishes): object => ({
  metadata: { name, namespace, labels: wishes.labels ?? {} },
  spec: {
    selector: wishes.selector ?? { app: name },
    ports: wishes.ports ?? [{ name: "http", port: 80, protocol: "TCP" }],
  },
});

/** An API server that has these Services, and refuses every namespace that is not among them. */
export function servicesOnly(world: Services): { readonly connection: Connection; readonly calls: string[] } {
  const calls: string[] = [];
  const inside = (namespace: string): readonly object[] =>
    Object.entries(world[namespace] ?? {}).map(([name, wishes]) => json(namespace, name, wishes));
  const connection = memoryConnection({
    request: async ({ path, signal }) => {
      await new Promise((done) => setImmediate(done));
      signal?.throwIfAborted();
      const [, namespace = "*", name] =
        /(?:\/namespaces\/([^/]+))?\/services(?:\/([^/]+))?$/.exec(path) ?? [];
      calls.push(name === undefined ? `list ${namespace}` : `get ${namespace}/${name}`);
      const answer = (status: number, body: unknown) => ({ status, headers: [], body });
      if (world[namespace] === undefined) return answer(403, statusOf(403, "forbidden"));
      if (name !== undefined) {
        const wishes = world[namespace][name];
        return wishes === undefined
          ? answer(404, statusOf(404, `services "${name}" not found`))
          : answer(200, json(namespace, name, wishes));
      }
      const items = namespace === "*" ? Object.keys(world).flatMap(inside) : inside(namespace);
      return answer(200, { metadata: {}, items });
    },
  });
  return { connection, calls };
}
