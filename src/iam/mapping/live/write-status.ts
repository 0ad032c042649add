import { updateStatus, type Connection, type ResourceOf, type StatusUpdate } from "../../../api/index.ts";
import { isKnownError, messageOf } from "../../../base/errors.ts";
import type { System } from "../../../base/system.ts";
import { millis, type Millis } from "../../../base/units.ts";
import { IDENTITY_MAPPING, statusToWrite } from "../crd.ts";
import type { Tell } from "./source.ts";

export type IdentityMapping = ResourceOf<"iamidentitymappings">;

/** Statuses that are written one after the other, behind everybody's back. */
export interface StatusWriter {
  /** Writes the object's status, if it is not the one that it should have. */
  see(object: IdentityMapping): void;
  /** It is not there any more. */
  forget(name: string): void;
  /** Nothing is written any more, which is some time after the signal. Never rejects. */
  ended(): Promise<void>;
}

export interface StatusParts {
  readonly connection: Connection;
  readonly system: System;
  readonly signal: AbortSignal;
  readonly tell: Tell;
}

const FIRST_PAUSE = millis(1_000);
/** A right that is missing is given by somebody some day. */
const LONGEST_PAUSE = millis(300_000);

const pauseAfter = (failures: number): Millis =>
  millis(Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(Math.max(failures - 1, 0), 20)));

/**
 * After a failure nothing is asked but for what changes meanwhile, until a pause is over that grows with each. The one
 * that failed goes last then, so that it holds up no other. Nobody's answer depends on any of it.
 */
export function createStatusWriter({ connection, system, signal, tell }: StatusParts): StatusWriter {
  /** By their names: whose turn it is, and who waits for the end of the pause. */
  const waiting = new Map<string, StatusUpdate>();
  const later = new Map<string, StatusUpdate>();
  /** What is being written, while nothing newer is known of it. */
  let current: StatusUpdate | undefined;
  let busy = false;
  let running = Promise.resolve();
  let wake = (): void => undefined;

  /** Until there is something to do. */
  const pause = async (time: Millis): Promise<void> => {
    const woken = new AbortController();
    wake = () => woken.abort();
    await system.sleep(time, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    if (waiting.size > 0) return;
    for (const [name, update] of later) waiting.set(name, update);
    later.clear();
  };
  const drop = (name: string): void => {
    waiting.delete(name);
    later.delete(name);
    if (current?.metadata.name === name) current = undefined;
  };
  /** All of them, and what failed behind them. */
  const putOff = (): void => {
    if (current !== undefined) waiting.set(current.metadata.name, current);
    for (const [name, update] of waiting) later.set(name, update);
    waiting.clear();
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    let before: string | undefined;
    while (!signal.aborted && waiting.size + later.size > 0) {
      const [update] = waiting.values();
      if (update === undefined) {
        await pause(pauseAfter(failures));
        continue;
      }
      waiting.delete(update.metadata.name);
      current = update;
      const fault = await write(update, connection, signal);
      if (signal.aborted) break;
      failures = fault === undefined ? 0 : failures + 1;
      if (fault !== undefined) {
        tell({ kind: "unwritten", reason: fault.reason, again: fault.code === before });
        putOff();
      }
      current = undefined;
      before = fault?.code;
    }
    busy = false;
  };
  return {
    see: (object) => {
      const { name, resourceVersion } = object.metadata;
      drop(name);
      const status = statusToWrite(object);
      if (status === undefined) return;
      const metadata = { name, resourceVersion };
      waiting.set(name, { ...IDENTITY_MAPPING, metadata, spec: object.spec, status });
      wake();
      if (busy) return;
      busy = true;
      running = run();
    },
    forget: drop,
    ended: async () => await running,
  };
}

const write = async (
  update: StatusUpdate,
  connection: Connection,
  signal: AbortSignal,
): Promise<{ readonly code: string; readonly reason: string } | undefined> => {
  try {
    await updateStatus(connection, "iamidentitymappings", update, signal);
    return undefined;
  } catch (error) {
    // The watch is about to tell of the newer one.
    if (isKnownError(error, "API_CONFLICT")) return undefined;
    return { code: isKnownError(error) ? error.code : "", reason: messageOf(error) };
  }
};
