import type { Owner, Store } from "./store.ts";

export interface PodWishes {
  readonly name: string;
  readonly app: string;
  readonly ready?: boolean;
  readonly sidecar?: boolean;
  readonly uid?: string;
  /** Default: the demo's own. */
  readonly image?: string;
}

export const NAMESPACE = "apps";
const IMAGE = "demo/app:1";

const STATEFUL = "sts";

/** What made the pods of an app: a StatefulSet, or the ReplicaSet of a Deployment. */
const ownerOf = (store: Store, app: string): Owner | undefined => {
  const [kind, of] =
    app === STATEFUL ? (["StatefulSet", "statefulsets"] as const) : (["ReplicaSet", "replicasets"] as const);
  const name = app === STATEFUL ? app : `${app}-1`;
  const found = store.get(of, NAMESPACE, name);
  return found === undefined ? undefined : { kind, name, uid: found.metadata.uid, controller: true };
};

const putController = (store: Store, app: string): void => {
  const put = (kind: "deployments" | "statefulsets" | "replicasets", type: string, name: string): void => {
    store.put(kind, {
      apiVersion: "apps/v1",
      kind: type,
      name,
      namespace: NAMESPACE,
      fields: { spec: { selector: { matchLabels: { app } } } },
    });
  };
  if (app === STATEFUL) {
    put("statefulsets", "StatefulSet", app);
    return;
  }
  put("deployments", "Deployment", app);
  put("replicasets", "ReplicaSet", `${app}-1`);
};

/** A pod of the demo's app: 8080 http, 8443 https, and with `sidecar` another container before it. */
export function putPod(store: Store, wishes: PodWishes, restarts = 0): void {
  const ready = wishes.ready ?? true;
  const app = {
    name: "app",
    image: wishes.image ?? IMAGE,
    ports: [
      { name: "http", containerPort: 8080, protocol: "TCP" },
      { name: "https", containerPort: 8443, protocol: "TCP" },
    ],
  };
  const containers = wishes.sidecar === true ? [{ name: "sidecar", image: "demo/sidecar:1" }, app] : [app];
  const owner = ownerOf(store, wishes.app);
  store.put("pods", {
    ...(owner === undefined ? {} : { owner }),
    apiVersion: "v1",
    kind: "Pod",
    name: wishes.name,
    namespace: NAMESPACE,
    labels: { app: wishes.app },
    ...(wishes.uid === undefined ? {} : { uid: wishes.uid }),
    fields: {
      spec: { serviceAccountName: "default", containers },
      status: {
        phase: "Running",
        conditions: [
          {
            type: "Ready",
            status: ready ? "True" : "False",
            ...(ready ? {} : { message: "containers with unready status: [app]" }),
          },
        ],
        containerStatuses: containers.map((container) => ({
          name: container.name,
          ready,
          restartCount: restarts,
          image: container.image,
          imageID: container.image,
          containerID: `demo://${wishes.name}/${container.name}/${restarts}`,
          state: { running: {} },
        })),
      },
    },
  });
}

interface ServiceWishes {
  readonly name: string;
  readonly headless?: boolean;
  readonly selector?: boolean;
  readonly externalName?: string;
}

const putService = (store: Store, wishes: ServiceWishes): void => {
  store.put("services", {
    apiVersion: "v1",
    kind: "Service",
    name: wishes.name,
    namespace: NAMESPACE,
    fields: {
      spec:
        wishes.externalName === undefined
          ? {
              type: "ClusterIP",
              clusterIP: wishes.headless === true ? "None" : "10.0.0.1",
              ...(wishes.selector === false ? {} : { selector: { app: wishes.name } }),
              ports: [
                { name: "http", port: 80, targetPort: "http", protocol: "TCP" },
                ...(wishes.selector === false
                  ? []
                  : [{ name: "https", port: 443, targetPort: "https", protocol: "TCP" }]),
              ],
            }
          : { type: "ExternalName", externalName: wishes.externalName },
    },
  });
};

/** What an EndpointSlice controller does: one slice a Service, made from the pods that its selector finds. */
export function refreshSlices(store: Store): void {
  for (const service of store.list("services", NAMESPACE)) {
    const spec = service["spec"] as { readonly selector?: { readonly app?: string } };
    const app = spec.selector?.app;
    if (app === undefined) continue;
    const pods = store.list("pods", NAMESPACE).filter((pod) => pod.metadata.labels?.["app"] === app);
    store.put("endpointslices", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      name: `${service.metadata.name}-demo`,
      namespace: NAMESPACE,
      labels: { "kubernetes.io/service-name": service.metadata.name },
      fields: {
        addressType: "IPv4",
        ports: [
          { name: "http", port: 8080, protocol: "TCP" },
          { name: "https", port: 8443, protocol: "TCP" },
        ],
        endpoints: pods.map((pod) => {
          const status = pod["status"] as { readonly conditions: readonly { readonly status: string }[] };
          const terminating = pod.metadata.deletionTimestamp !== undefined;
          const ready = status.conditions[0]?.status === "True" && !terminating;
          return {
            addresses: ["10.1.0.1"],
            conditions: { ready, serving: ready, terminating },
            targetRef: { kind: "Pod", name: pod.metadata.name, namespace: NAMESPACE, uid: pod.metadata.uid },
          };
        }),
      },
    });
  }
}

/** The same workloads as on the real test cluster. */
export function putWorkloads(store: Store): void {
  for (const wishes of [
    { name: "ui" },
    { name: "single" },
    { name: "headless", headless: true },
    { name: "external", selector: false },
    { name: "outside", externalName: "example.invalid" },
    { name: "notready" },
    { name: "multi" },
    { name: "sts", headless: true },
  ])
    putService(store, wishes);
  for (const app of ["ui", "single", "headless", "notready", "multi", STATEFUL]) putController(store, app);
  for (const wishes of [
    { name: "ui-1", app: "ui" },
    { name: "ui-2", app: "ui" },
    { name: "single-1", app: "single" },
    { name: "headless-1", app: "headless" },
    { name: "notready-1", app: "notready", ready: false },
    { name: "multi-1", app: "multi", sidecar: true },
    { name: "sts-0", app: "sts" },
  ])
    putPod(store, wishes);
  refreshSlices(store);
}
