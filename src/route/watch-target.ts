import { watchObjects, type Connection, type EndpointSlice, type WatchEvent } from "../api/index.ts";
import { isKnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import { isReady } from "./pod-facts.ts";
import type { TargetReference } from "./types.ts";
import { readWorkload } from "./workload.ts";

/** Milliseconds. After a failure: doubled each time, up to what the tries to find a way have as well. */
const PAUSE = 1_000;
const PAUSE_MOST = 5_000;
/** A right that is missing may be one that an API server that starts does not know yet. */
const PAUSE_FORBIDDEN = 30_000;

export interface TargetWatch {
  readonly connection: Connection;
  readonly system: System;
  readonly reference: TargetReference;
  readonly namespace: string;
  readonly signal: AbortSignal;
  /** Something of the target is ready: called for each event that says so. */
  readonly onReady: () => void;
}

/** Tells when a target that is down may be up again, until the signal aborts. Without the rights it tells nothing, and asks seldom. */
export async function watchTarget(watch: TargetWatch): Promise<void> {
  const { system, signal } = watch;
  for (let failures = 0; !signal.aborted; failures += 1)
    try {
      await follow(watch, () => (failures = 0));
    } catch (error) {
      if (signal.aborted) return;
      const most = isKnownError(error, "FORBIDDEN") ? PAUSE_FORBIDDEN : PAUSE_MOST;
      const pause = millis(Math.min(most, PAUSE * 2 ** failures));
      await system.sleep(pause, signal).catch((): void => undefined);
    }
}

const follow = async (watch: TargetWatch, onAnswer: () => void): Promise<void> => {
  const { connection, system, reference, namespace, signal, onReady } = watch;
  const tell = async <T>(
    events: AsyncIterable<WatchEvent<T>>,
    ready: (item: T) => boolean,
  ): Promise<void> => {
    for await (const event of events) {
      onAnswer();
      const items = event.kind === "listed" ? event.items : event.kind === "deleted" ? [] : [event.item];
      if (items.some(ready)) onReady();
    }
  };
  const at = { namespace, system, signal };
  if (reference.kind === "service") {
    const labelSelector = `kubernetes.io/service-name=${reference.name}`;
    await tell(watchObjects(connection, "endpointslices", { ...at, labelSelector }), hasReady);
  } else if (reference.kind === "pod") {
    const fieldSelector = `metadata.name=${reference.name}`;
    await tell(watchObjects(connection, "pods", { ...at, fieldSelector }), isReady);
  } else {
    const { selector } = await readWorkload({ connection, namespace, reference, signal }, reference.kind);
    await tell(watchObjects(connection, "pods", { ...at, labelSelector: selector }), isReady);
  }
};

const hasReady = (slice: EndpointSlice): boolean =>
  slice.endpoints.some(({ conditions }) => conditions.ready !== false && conditions.terminating !== true);
