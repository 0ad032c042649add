import type { Pod } from "../api/index.ts";
import type { Backend, Scheme } from "./types.ts";

/** Whether a pod may get new connections. */
export const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.phase === "Running" &&
  pod.status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True");

/** Why it may not, in a few words. */
export const whyNotReady = (pod: Pod): string => {
  if (pod.metadata.deletionTimestamp !== undefined) return "it is being deleted";
  const waiting = [...pod.status.initContainerStatuses, ...pod.status.containerStatuses].find(
    (status) => status.state.waiting !== undefined,
  );
  if (waiting !== undefined)
    return `container "${waiting.name}" waits: ${waiting.state.waiting?.reason ?? ""}`;
  if (pod.status.phase !== "Running")
    return `its phase is ${pod.status.phase === "" ? "unknown" : pod.status.phase}`;
  const condition = pod.status.conditions.find((each) => each.type === "Ready");
  const unready = pod.status.containerStatuses.find((status) => !status.ready);
  if (unready !== undefined) return `container "${unready.name}" is not ready`;
  return condition?.message === undefined || condition.message === "" ? "it is not ready" : condition.message;
};

interface Sidecarred {
  readonly name: string;
  readonly image: string;
  readonly ports: Pod["spec"]["containers"][number]["ports"];
}

/** Containers that stay: the ordinary ones and sidecars, which are init containers that restart always. */
const lasting = (pod: Pod): readonly Sidecarred[] => [
  ...pod.spec.containers,
  ...pod.spec.initContainers.filter((container) => container.restartPolicy === "Always"),
];

export interface DeclaredPort {
  readonly name: string;
  readonly port: number;
}

/** Every TCP port that the pod's containers declare. */
export const declaredPorts = (pod: Pod): readonly DeclaredPort[] =>
  lasting(pod).flatMap((container) =>
    container.ports
      .filter((port) => port.protocol === "TCP")
      .map((port) => ({ name: port.name, port: port.containerPort })),
  );

/** What the pod says of the port that was chosen. @param scheme undefined: neither the person nor the port says it */
export const backendOf = (pod: Pod, port: number, scheme: Scheme | undefined): Backend => {
  const owner =
    lasting(pod).find((container) => container.ports.some((each) => each.containerPort === port)) ??
    (pod.spec.containers.length === 1 ? pod.spec.containers[0] : undefined);
  const status = [...pod.status.containerStatuses, ...pod.status.initContainerStatuses].find(
    (each) => each.name === owner?.name,
  );
  const all = pod.status.containerStatuses.map((each) => `${each.containerID}#${each.restartCount}`);
  return {
    namespace: pod.metadata.namespace,
    pod: pod.metadata.name,
    uid: pod.metadata.uid,
    port,
    scheme: scheme ?? "http",
    schemeKnown: scheme !== undefined,
    container: owner?.name,
    image: owner?.image,
    labels: pod.metadata.labels,
    start: status === undefined ? all.join(",") : `${status.containerID}#${status.restartCount}`,
    serviceAccount: pod.spec.serviceAccountName === "" ? undefined : pod.spec.serviceAccountName,
  };
};
