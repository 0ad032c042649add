import {
  getObject,
  listObjects,
  type Connection,
  type EndpointSlice,
  type Pod,
  type Service,
} from "../api/index.ts";
import { isKnownError, KnownError } from "../base/errors.ts";
import { backendOf, declaredPorts, isReady } from "./pod-facts.ts";
import { targetText } from "./parse.ts";
import { noneReady, podPort } from "./pod-port.ts";
import { chosenScheme } from "./scheme.ts";
import { chooseServicePort, type ServicePort } from "./service-port.ts";
import type { Backend, Scheme, TargetReference } from "./types.ts";
import { resolveWorkload } from "./workload.ts";

export interface ResolveOptions {
  readonly connection: Connection;
  readonly namespace: string;
  readonly reference: TargetReference;
  readonly signal?: AbortSignal | undefined;
  /** 0 ≤ x < 1: which of several ready pods. */
  readonly random: () => number;
}

/**
 * A ready pod behind the reference and the number of its port (security.md G).
 * @throws {KnownError} the reason, coded
 */
export async function resolveBackend(options: ResolveOptions): Promise<Backend> {
  const { kind } = options.reference;
  if (kind === "pod") return await resolvePod(options);
  return kind === "service" ? await resolveService(options) : await resolveWorkload(options, kind);
}

/** A pod by name; without `get pods`, by a list with a field selector. @throws {KnownError} NOT_FOUND, FORBIDDEN */
export async function readPod(
  connection: Connection,
  place: { readonly namespace: string; readonly name: string; readonly signal?: AbortSignal | undefined },
): Promise<Pod> {
  try {
    return await getObject(connection, "pods", place);
  } catch (error) {
    if (!isKnownError(error, "FORBIDDEN")) throw error;
    const { items } = await listObjects(connection, "pods", {
      namespace: place.namespace,
      fieldSelector: `metadata.name=${place.name}`,
      signal: place.signal,
    }).catch(() => {
      throw error;
    });
    const [found] = items;
    if (found !== undefined) return found;
    throw new KnownError(
      "NOT_FOUND",
      `Cannot find pod "${place.name}" in namespace "${place.namespace}": not found`,
    );
  }
}

const resolvePod = async (options: ResolveOptions): Promise<Backend> => {
  const { reference, namespace, connection, signal } = options;
  const pod = await readPod(connection, { namespace, name: reference.name, signal });
  if (!isReady(pod)) throw noneReady(`pod "${reference.name}"`, [pod]);
  const port = podPort(pod, reference.port, targetText(reference));
  return backendOf(pod, port.port, chosenScheme(reference, port));
};

const resolveService = async (options: ResolveOptions): Promise<Backend> => {
  const { reference, namespace, connection, signal } = options;
  const service = await readService(options);
  const port = chooseServicePort(service, reference);
  const scheme = chosenScheme(reference, port);
  const slices = await readSlices(options);
  if (slices === undefined) return await bySelector(options, service, port, scheme);
  const ready = candidates(slices, port);
  while (ready.length > 0) {
    const [chosen] = ready.splice(Math.floor(options.random() * ready.length), 1);
    if (chosen === undefined) break;
    const pod = await readPod(connection, { namespace, name: chosen.name, signal }).catch(
      (error: unknown) => {
        if (isKnownError(error, "NOT_FOUND")) return undefined;
        throw error;
      },
    );
    // The slice may be older than the pod.
    if (pod !== undefined && pod.metadata.uid === chosen.uid && isReady(pod))
      return backendOf(pod, chosen.port, scheme);
  }
  throw noneReady(`Service "${reference.name}"`, await podsBehind(options, service));
};

const readService = async (options: ResolveOptions): Promise<Service> => {
  const { reference, namespace, connection, signal } = options;
  let service: Service;
  try {
    service = await getObject(connection, "services", { namespace, name: reference.name, signal });
  } catch (error) {
    if (!isKnownError(error, "FORBIDDEN")) throw error;
    throw new KnownError("FORBIDDEN", error.message, {
      right: error.right,
      cause: error,
      hint: `${error.hint}. Without it, name a pod: kauth open pod/NAME:PORT -n ${namespace}`,
    });
  }
  if (service.spec.type === "ExternalName")
    throw new KnownError(
      "SERVICE_WITHOUT_PODS",
      `Cannot open Service "${reference.name}": it is an ExternalName for "${service.spec.externalName}", so nothing of it is a pod`,
    );
  // An empty selector would be every pod of the namespace (security.md §0 finding 8), and slices without one may be
  // written by hand.
  if (service.spec.selector.size === 0)
    throw new KnownError(
      "SERVICE_WITHOUT_PODS",
      `Cannot open Service "${reference.name}": it has no selector, so nothing says which pods are behind it`,
    );
  return service;
};

/** Undefined without the right to list them. */
const readSlices = async (options: ResolveOptions): Promise<readonly EndpointSlice[] | undefined> => {
  try {
    const { items } = await listObjects(options.connection, "endpointslices", {
      namespace: options.namespace,
      labelSelector: `kubernetes.io/service-name=${options.reference.name}`,
      signal: options.signal,
    });
    return items;
  } catch (error) {
    if (isKnownError(error, "FORBIDDEN")) return undefined;
    throw error;
  }
};

interface Candidate {
  readonly name: string;
  readonly uid: string;
  readonly port: number;
}

/** Ready endpoints that are pods, with the number that the slice gives for the Service's port. */
const candidates = (slices: readonly EndpointSlice[], port: ServicePort): Candidate[] => {
  const found = new Map<string, Candidate>();
  for (const slice of slices) {
    const number = slice.ports.find((each) => each.name === port.name && each.protocol === "TCP")?.port;
    if (number === undefined) continue;
    for (const { conditions, targetRef } of slice.endpoints)
      // An unknown `ready` means ready (discovery/v1).
      if (conditions.ready !== false && conditions.terminating !== true && targetRef?.kind === "Pod")
        found.set(targetRef.uid, { name: targetRef.name, uid: targetRef.uid, port: number });
  }
  return [...found.values()];
};

const selectorText = (service: Service): string =>
  [...service.spec.selector].map(([key, value]) => `${key}=${value}`).join(",");

/** For the message only: whoever may not list pods gets a shorter one. */
const podsBehind = async (options: ResolveOptions, service: Service): Promise<readonly Pod[]> => {
  const wishes = {
    namespace: options.namespace,
    labelSelector: selectorText(service),
    signal: options.signal,
  };
  return await listObjects(options.connection, "pods", wishes).then(
    ({ items }) => items,
    () => [],
  );
};

/** Roles made for kauthproxy lack EndpointSlices (specs/README.md): ready pods by the Service's selector instead. */
const bySelector = async (
  options: ResolveOptions,
  service: Service,
  port: ServicePort,
  scheme: Scheme | undefined,
): Promise<Backend> => {
  const { items } = await listObjects(options.connection, "pods", {
    namespace: options.namespace,
    labelSelector: selectorText(service),
    signal: options.signal,
  });
  const ready = items.filter(isReady);
  const [first] = ready;
  if (first === undefined) throw noneReady(`Service "${service.metadata.name}"`, items);
  const fit = ready.flatMap((pod) => {
    const number = targetNumber(pod, port);
    return number === undefined ? [] : [{ pod, number }];
  });
  const chosen = fit[Math.floor(options.random() * fit.length)];
  if (chosen !== undefined) return backendOf(chosen.pod, chosen.number, scheme);
  throw new KnownError(
    "PORT_UNKNOWN",
    `Cannot open Service "${service.metadata.name}": its pod "${first.metadata.name}" declares no port "${port.targetPort}"`,
  );
};

/** What the EndpointSlice would say: a named targetPort is looked up in each pod, and pods without it do not count. */
const targetNumber = (pod: Pod, port: ServicePort): number | undefined => {
  const target = port.targetPort ?? port.port;
  return typeof target === "number" ? target : declaredPorts(pod).find((each) => each.name === target)?.port;
};
