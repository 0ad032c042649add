import { watchObjects, type Connection } from "../api/index.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import { backendOf, isReady, whyNotReady } from "./pod-facts.ts";
import { readPod } from "./resolve.ts";
import type { Backend } from "./types.ts";

/** Without the right to watch: often enough to leave a dying pod before its grace period ends. */
const POLL = millis(5_000);
/** After so many the right may be there again: an API server that starts knows its roles last. */
const POLLS = 12;
/** After a failure: doubled each time, since each try may start a credential plugin that opens a browser. */
const PAUSE = 1_000;
const PAUSE_MOST = 30_000;

interface PodWatch {
  readonly connection: Connection;
  readonly system: System;
  readonly backend: Backend;
  readonly signal: AbortSignal;
}

/** Why a pod gets no new connections any more. */
export interface Leaving {
  readonly reason: string;
  /** It is not there any more, so that nobody will answer what it was asked. */
  readonly gone: boolean;
}

const DELETED: Leaving = { reason: "it was deleted", gone: true };

/**
 * Resolves with the reason as soon as a pod should get no new connections: deleted, replaced, not ready. Never
 * rejects; ends with undefined when the signal aborts. An API server that is away says nothing about the pod.
 */
export async function untilPodLeaves(watch: PodWatch): Promise<Leaving | undefined> {
  const { connection, system, backend, signal } = watch;
  let canWatch = true;
  let polls = 0;
  /** Once it was allowed, a 403 may be over soon. */
  let allowed = false;
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (canWatch) {
        const left = await followPod(watch, () => {
          failures = 0;
          allowed = true;
        });
        if (left !== undefined) return left;
      } else {
        const pod = await readPod(connection, { namespace: backend.namespace, name: backend.pod, signal });
        const left = leaving(pod, backend);
        if (left !== undefined) return left;
        failures = 0;
        allowed = true;
        polls += 1;
        canWatch = polls % POLLS === 0;
        await system.sleep(POLL, signal);
      }
    } catch (error) {
      if (signal.aborted) return undefined;
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "NOT_FOUND") return DELETED;
      if (code === "FORBIDDEN" && !canWatch && !allowed) return undefined;
      if (code === "FORBIDDEN" && canWatch) canWatch = false;
      else {
        canWatch = true;
        const pause = millis(Math.min(PAUSE_MOST, PAUSE * 2 ** failures));
        failures += 1;
        await system.sleep(pause, signal).catch((): void => undefined);
      }
    }
  }
  return undefined;
}

const followPod = async (watch: PodWatch, onAnswer: () => void): Promise<Leaving | undefined> => {
  const { connection, system, backend, signal } = watch;
  const events = watchObjects(connection, "pods", {
    namespace: backend.namespace,
    fieldSelector: `metadata.name=${backend.pod}`,
    system,
    signal,
  });
  for await (const event of events) {
    onAnswer();
    if (event.kind === "deleted") return DELETED;
    if (event.kind === "listed") {
      const [pod] = event.items;
      const left = pod === undefined ? DELETED : leaving(pod, backend);
      if (left !== undefined) return left;
      continue;
    }
    const left = leaving(event.item, backend);
    if (left !== undefined) return left;
  }
  return undefined;
};

const leaving = (pod: Parameters<typeof isReady>[0], backend: Backend): Leaving | undefined => {
  if (pod.metadata.uid !== backend.uid) return { reason: "another pod has its name now", gone: true };
  if (!isReady(pod)) return { reason: whyNotReady(pod), gone: false };
  // Between two looks it may have ended and be ready again, with another certificate (security.md R-N15).
  const { start } = backendOf(pod, backend.port, backend.scheme);
  return start === backend.start ? undefined : { reason: "its container started anew", gone: true };
};
