import { decode } from "../src/base/decode.ts";
import type { Pod, Service } from "../src/api/index.ts";
import { pod, service } from "../src/api/objects.ts";

/** Objects of a cluster as the API server writes them, and as they are read. */

export interface PodWishes {
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly deleted?: boolean;
  readonly ownerReferences?: readonly object[];
  readonly phase?: string;
  /** Status of the condition Ready; undefined leaves it out. */
  readonly ready?: "True" | "False" | "Unknown" | undefined;
  readonly spec?: object;
  readonly status?: object;
}

/** A pod that is ready and declares 8080 (http), unless told otherwise. */
export const podJson = (name: string, wishes: PodWishes = {}): object => ({
  metadata: {
    name,
    namespace: "apps",
    uid: wishes.uid ?? `uid-${name}`,
    labels: wishes.labels ?? {},
    ...(wishes.ownerReferences === undefined ? {} : { ownerReferences: wishes.ownerReferences }),
    ...(wishes.deleted === true ? { deletionTimestamp: "2026-11-26T00:00:00Z" } : {}),
  },
  spec: {
    serviceAccountName: "default",
    containers: [{ name: "app", image: "app:1", ports: [{ name: "http", containerPort: 8080 }] }],
    ...wishes.spec,
  },
  status: {
    phase: wishes.phase ?? "Running",
    conditions:
      "ready" in wishes && wishes.ready === undefined
        ? []
        : [{ type: "Ready", status: wishes.ready ?? "True" }],
    containerStatuses: [{ name: "app", ready: true, restartCount: 0, containerID: "cri://1" }],
    ...wishes.status,
  },
});

export const podOf = (name: string, wishes: PodWishes = {}): Pod =>
  decode(pod, podJson(name, wishes), { what: "a pod", code: "API_FAILED" });

export const serviceOf = (name: string, spec: object): Service =>
  decode(service, { metadata: { name, namespace: "apps" }, spec }, { what: "a Service", code: "API_FAILED" });
