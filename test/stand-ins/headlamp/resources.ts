import type { Kind, Store, StoredObject } from "../../../src/demo/store.ts";

/** What a path below `/clusters/main` names. */
export interface Resource {
  /** Undefined: nothing of it ever changes here. */
  readonly kind: Kind | undefined;
  readonly list: string;
  readonly apiVersion: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly sub: string | undefined;
}

const KINDS: Readonly<Record<string, readonly [list: string, kind?: Kind]>> = {
  "v1/pods": ["PodList", "pods"],
  "v1/namespaces": ["NamespaceList"],
  "v1/events": ["EventList"],
  "v1/nodes": ["NodeList"],
  "v1/configmaps": ["ConfigMapList"],
  "apps/v1/deployments": ["DeploymentList", "deployments"],
  "apiextensions.k8s.io/v1/customresourcedefinitions": ["CustomResourceDefinitionList"],
};

const PATH =
  /^\/(?:api|apis)\/((?:[a-z0-9.-]+\/)?v1)\/(?:namespaces\/([^/]+)\/)?([a-z]+)(?:\/([^/]+))?(?:\/([a-z]+))?$/;

export const resourceOf = (path: string): Resource | undefined => {
  const [, apiVersion = "", namespace, plural = "", name, sub] = PATH.exec(path) ?? [];
  const known = KINDS[`${apiVersion}/${plural}`];
  return known === undefined
    ? undefined
    : { kind: known[1], list: known[0], apiVersion, namespace, name, sub };
};

/** Of a list or a watch. */
export const selects = (
  { namespace }: Resource,
  query: URLSearchParams,
): ((object: StoredObject) => boolean) => {
  const [field, name] = (query.get("fieldSelector") ?? "").split("=");
  return ({ metadata }) =>
    (namespace === undefined || metadata.namespace === namespace) &&
    (field !== "metadata.name" || metadata.name === name);
};

/** All namespaces that the tests use. */
export const NAMESPACE = "demo";

export const listOf = (store: Store, resource: Resource, query: URLSearchParams): unknown => ({
  kind: resource.list,
  apiVersion: resource.apiVersion,
  metadata: { resourceVersion: store.version },
  items:
    resource.kind === undefined ? [] : store.list(resource.kind, NAMESPACE).filter(selects(resource, query)),
});

/** Makes or changes an object of the stand-in's cluster. */
export const putObject = (store: Store, kind: "pods" | "deployments", name: string): StoredObject =>
  store.put(kind, {
    apiVersion: kind === "pods" ? "v1" : "apps/v1",
    kind: kind === "pods" ? "Pod" : "Deployment",
    name,
    namespace: NAMESPACE,
    fields: { spec: {} },
  });
