import { getObject, listObjects, type Pod, type Workload } from "../api/index.ts";
import { isKnownError, KnownError } from "../base/errors.ts";
import { backendOf, isReady } from "./pod-facts.ts";
import { targetText } from "./parse.ts";
import { noneReady, podPort } from "./pod-port.ts";
import type { ResolveOptions } from "./resolve.ts";
import { chosenScheme } from "./scheme.ts";
import type { Backend, WorkloadKind } from "./types.ts";

const KINDS = {
  deployment: { resource: "deployments", owner: "ReplicaSet", name: "Deployment" },
  statefulset: { resource: "statefulsets", owner: "StatefulSet", name: "StatefulSet" },
  replicaset: { resource: "replicasets", owner: "ReplicaSet", name: "ReplicaSet" },
} as const;

const withoutPods = (why: string): KnownError =>
  new KnownError("SERVICE_WITHOUT_PODS", `Cannot tell which pods belong to the target: ${why}`);

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
const expressionText = (of: Workload["spec"]["selector"]["matchExpressions"][number]): string => {
  const values = of.values.join(",");
  switch (of.operator) {
    case "In":
      return `${of.key} in (${values})`;
    case "NotIn":
      return `${of.key} notin (${values})`;
    case "Exists":
      return of.key;
    case "DoesNotExist":
      return `!${of.key}`;
    default:
      throw withoutPods(`its selector has the operator "${of.operator}"`);
  }
};

const selectorOf = ({ selector }: Workload["spec"]): string =>
  [
    ...[...selector.matchLabels].map(([key, value]) => `${key}=${value}`),
    ...selector.matchExpressions.map(expressionText),
  ].join(",");

/** The uid and the selector of a workload; the right to read it is asked for by its name. */
export async function readWorkload(
  { connection, namespace, reference, signal }: Omit<ResolveOptions, "random">,
  kind: WorkloadKind,
): Promise<{ readonly uid: string; readonly selector: string }> {
  const { resource, name } = KINDS[kind];
  const found = await getObject(connection, resource, { namespace, name: reference.name, signal }).catch(
    (error: unknown) => {
      if (!isKnownError(error, "FORBIDDEN")) throw error;
      throw new KnownError("FORBIDDEN", error.message, {
        right: error.right,
        cause: error,
        hint: `${error.hint}. Without it, name a Service or a pod: kauth open svc/NAME -n ${namespace}`,
      });
    },
  );
  const selector = selectorOf(found.spec);
  // An empty one would be every pod of the namespace (security.md §0 finding 8).
  if (selector === "") throw withoutPods(`${name} "${reference.name}" has no selector`);
  return { uid: found.metadata.uid, selector };
}

const podsOf = async (options: ResolveOptions, kind: WorkloadKind): Promise<readonly Pod[]> => {
  const { connection, namespace, signal } = options;
  const { uid, selector } = await readWorkload(options, kind);
  const { items } = await listObjects(connection, "pods", { namespace, labelSelector: selector, signal });
  // Labels are anybody's; a controller owns what it made. Whose a ReplicaSet is would need one more right.
  return items.filter(({ metadata }) =>
    metadata.ownerReferences.some(
      (each) =>
        each.controller && each.kind === KINDS[kind].owner && (kind === "deployment" || each.uid === uid),
    ),
  );
};

/** @throws {KnownError} NOT_FOUND, FORBIDDEN, NO_READY_POD, PORT_AMBIGUOUS, PORT_UNKNOWN, SERVICE_WITHOUT_PODS */
export async function resolveWorkload(options: ResolveOptions, kind: WorkloadKind): Promise<Backend> {
  const { reference, random } = options;
  const pods = await podsOf(options, kind);
  const ready = pods.filter(isReady);
  const chosen = ready[Math.floor(random() * ready.length)];
  if (chosen === undefined) throw noneReady(`${KINDS[kind].name} "${reference.name}"`, pods);
  const port = podPort(chosen, reference.port, targetText(reference));
  return backendOf(chosen, port.port, chosenScheme(reference, port));
}
