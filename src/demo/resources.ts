import type { ServerResponse } from "node:http";
import { sendJson, statusOf } from "./answer.ts";
import type { Kind, Store, StoredObject } from "./store.ts";

const LIST_KINDS: Readonly<Record<Kind, readonly [string, string]>> = {
  services: ["v1", "ServiceList"],
  pods: ["v1", "PodList"],
  endpointslices: ["discovery.k8s.io/v1", "EndpointSliceList"],
  deployments: ["apps/v1", "DeploymentList"],
  statefulsets: ["apps/v1", "StatefulSetList"],
  replicasets: ["apps/v1", "ReplicaSetList"],
};

/** `a=b,c=d` on labels, `metadata.name=x` on fields. */
const selected = (object: StoredObject, query: URLSearchParams): boolean => {
  const pairs = (text: string | null): string[][] =>
    (text ?? "")
      .split(",")
      .filter((part) => part !== "")
      .map((part) => part.split(/==?/));
  return (
    pairs(query.get("labelSelector")).every(([key = "", value]) => object.metadata.labels?.[key] === value) &&
    pairs(query.get("fieldSelector")).every(
      ([key, value]) => key === "metadata.name" && object.metadata.name === value,
    )
  );
};

/** @param namespace undefined: all of them */
export const listKind = (
  store: Store,
  kind: Kind,
  namespace: string | undefined,
  query: URLSearchParams,
): unknown => {
  const [apiVersion, name] = LIST_KINDS[kind];
  return {
    apiVersion,
    kind: name,
    metadata: { resourceVersion: store.version },
    items: store.list(kind, namespace).filter((object) => selected(object, query)),
  };
};

/** What watches get: events, or that their version is too old, by the status (410) or by the first event. */
export type Watches = "events" | "gone" | "gone by event";

export interface Follow {
  readonly store: Store;
  readonly kind: Kind;
  readonly namespace: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
  readonly watches: Watches;
}

const TOO_OLD = statusOf(410, "too old resource version");

/** A watch: what happened since the version, then what happens, one JSON document a line. */
export function followKind({ store, kind, namespace, query, response, watches }: Follow): void {
  const past = store.since(kind, Number(query.get("resourceVersion") ?? store.version));
  if (past === undefined || watches === "gone") {
    sendJson(response, 410, TOO_OLD);
    return;
  }
  response.writeHead(200, { "Content-Type": "application/json" });
  if (watches === "gone by event") {
    response.end(`${JSON.stringify({ type: "ERROR", object: TOO_OLD })}\n`);
    return;
  }
  response.flushHeaders();
  const send = (event: (typeof past)[number]): void => {
    if (event.object.metadata.namespace === namespace && selected(event.object, query))
      response.write(`${JSON.stringify(event)}\n`);
  };
  for (const event of past) send(event);
  const stop = store.follow((changed, event) => {
    if (changed === kind) send(event);
  });
  const limit = setTimeout(() => response.end(), Number(query.get("timeoutSeconds") ?? "300") * 1000);
  limit.unref();
  response.once("close", () => {
    clearTimeout(limit);
    stop();
  });
}
