import { mayI, type Right } from "../../api/index.ts";
import type { TargetKind } from "../../route/index.ts";
import { check } from "./check.ts";
import type { Note } from "./finding.ts";

/** A right that `kauth open` uses. */
export interface NeededRight {
  /** Also the end of the finding's id. */
  readonly id: string;
  readonly right: Right;
  /** What happens without it, as long as there is another way. */
  readonly without: string;
  /** What happens without it and without the other way. Default: the same. */
  readonly fatal?: string;
}

const right = (verb: string, resource: string, more: Partial<Right> = {}): Right => ({
  verb,
  group: "",
  resource,
  ...more,
});

const NO_POD = "no pod can be looked at";

/** Those for Services and pods; the README's table says the same. */
const RIGHTS: readonly NeededRight[] = [
  { id: "get-services", right: right("get", "services"), without: "only pod/NAME:PORT can be opened" },
  {
    id: "list-endpointslices",
    right: right("list", "endpointslices", { group: "discovery.k8s.io" }),
    without: "pods are found by the Service's selector, which needs list pods",
    fatal: "no pod behind a Service can be found",
  },
  {
    id: "get-pods",
    right: right("get", "pods"),
    without: "pods are listed by name, which needs list pods",
    fatal: NO_POD,
  },
  {
    id: "list-pods",
    right: right("list", "pods"),
    without: "the pod is looked at every five seconds instead",
    fatal: NO_POD,
  },
  {
    id: "watch-pods",
    right: right("watch", "pods"),
    without: "the pod is looked at every five seconds instead",
  },
  {
    id: "create-portforward",
    right: right("create", "pods", { subresource: "portforward" }),
    without: "tunnels go inside a WebSocket only",
    fatal: "nothing can be opened",
  },
  {
    id: "get-portforward",
    right: right("get", "pods", { subresource: "portforward" }),
    without: "no tunnel goes inside a WebSocket",
  },
];

const ofWorkload = (resource: string): NeededRight => ({
  id: `get-${resource}`,
  right: right("get", resource, { group: "apps" }),
  without: "its pods cannot be told; name a Service or a pod",
});

/** The kinds whose object has to be read before their pods are known. */
const WORKLOADS: Partial<Readonly<Record<TargetKind, NeededRight>>> = {
  deployment: ofWorkload("deployments"),
  statefulset: ofWorkload("statefulsets"),
  replicaset: ofWorkload("replicasets"),
};

/** What opening a target of a kind needs. Undefined: a Service, or a pod. */
export const rightsFor = (kind: TargetKind | undefined): readonly NeededRight[] => {
  if (kind === undefined || kind === "service") return RIGHTS;
  const own = WORKLOADS[kind];
  return [...(own === undefined ? [] : [own]), ...RIGHTS.filter(({ id }) => !ABOUT_SERVICES.has(id))];
};

export const rightText = ({ verb, resource, subresource }: Right): string =>
  `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;

/** Since Kubernetes 1.35 a WebSocket needs `create` as well (open.md §5.5). */
const getIsEnough = (version: string | undefined): boolean => {
  const [major = Number.NaN, minor = Number.NaN] = (version ?? "").split(".").map(Number);
  return major === 1 && minor < 35;
};

export interface RightsFacts {
  readonly missing: ReadonlySet<string>;
  /** Of the target. Undefined: a Service, or a pod. */
  readonly kind: TargetKind | undefined;
  readonly version: string | undefined;
}

/** Whether kauth can do its work without a right that is missing. */
export const isEssential = (id: string, { missing, kind, version }: RightsFacts): boolean => {
  const service = kind === undefined || kind === "service";
  const own = kind === undefined ? undefined : WORKLOADS[kind];
  switch (id) {
    case "get-services":
      return service;
    case "list-endpointslices":
      return service && missing.has("list-pods");
    case "get-pods":
      return missing.has("list-pods");
    case "list-pods":
      // A list is the only way to the pods of a workload.
      return own !== undefined || missing.has("get-pods") || (service && missing.has("list-endpointslices"));
    case "create-portforward":
      return missing.has("get-portforward") || !getIsEnough(version);
    default:
      return own?.id === id;
  }
};

/** Each right by itself, as the API server's own authorizers judge it. */
export const rightsCheck = check({
  id: "rights",
  subject: "rights",
  needs: ["connection", "person", "namespace"],
  run: async ({ target, signal }, { connection, namespace, version }) => {
    const kind = target?.kind;
    const answers = await Promise.all(
      rightsFor(kind).map(async (each) => ({
        ...each,
        allowed: await mayI(connection, each.right, { namespace, signal }),
      })),
    );
    const missing = new Set(answers.filter(({ allowed }) => !allowed).map(({ id }) => id));
    const notes = answers.map(({ id, right, allowed, without, fatal = without }): Note => {
      const name = { id: `rights/${id}`, subject: "right" };
      const what = `${rightText(right)} in namespace "${namespace}"`;
      if (allowed) return { ...name, state: "ok", found: what };
      const essential = isEssential(id, { missing, kind, version });
      return {
        ...name,
        state: essential ? "bad" : "warning",
        found: `you may not ${what}: ${essential ? fatal : without}`,
        next: "Have the Role applied that kauth doctor --print-role prints",
      };
    });
    return { learned: { missing }, notes };
  },
});

const ABOUT_SERVICES: ReadonlySet<string> = new Set(["get-services", "list-endpointslices"]);
