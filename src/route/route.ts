import type { Connection } from "../api/index.ts";
import { abortable } from "../base/abortable.ts";
import { isKnownError, KnownError, messageOf, type ErrorCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import type { PodDialer } from "../tunnel/index.ts";
import { backoff } from "./backoff.ts";
import { readPod, resolveBackend } from "./resolve.ts";
import type { Backend, Route, RouteChange, RouteDial, TargetReference } from "./types.ts";
import { untilPodLeaves } from "./watch-pod.ts";

export interface RouteOptions {
  readonly connection: Connection;
  readonly system: System;
  readonly reference: TargetReference;
  readonly namespace: string;
  /** Makes the dialer of a pod; `verify` has to pass for each tunnel before it carries anything. */
  readonly dialPod: (backend: Backend, verify: (signal: AbortSignal) => Promise<void>) => PodDialer;
  readonly onChange?: (change: RouteChange) => void;
}

/** What no waiting mends. */
const LASTING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "FORBIDDEN",
  "UNAUTHORIZED",
  "NOT_FOUND",
  "PORT_UNKNOWN",
  "PORT_AMBIGUOUS",
  "SERVICE_WITHOUT_PODS",
  "TLS_UNTRUSTED",
  "CLIENT_CONFIG_INVALID",
  "TUNNEL_FORBIDDEN",
  "TUNNEL_UNAUTHORIZED",
  "EXEC_NOT_FOUND",
  "EXEC_FAILED",
  "EXEC_TIMEOUT",
  "EXEC_OUTPUT_INVALID",
  "EXEC_NOT_INTERACTIVE",
]);

/** A pod that left keeps its old streams for so long; its grace period is 30 s by default. */
const LINGER = millis(60_000);

interface Live {
  readonly backend: Backend;
  readonly dialer: PodDialer;
  readonly peer: string;
  readonly left: AbortController;
}

/** Opens nothing yet: the first `ready` or `dial` does. */
export function openRoute(options: RouteOptions): Route {
  const { connection, system, onChange } = options;
  const closed = new AbortController();
  const random = (): number => system.random(4).readUInt32BE() / 2 ** 32;
  const retired = new Set<PodDialer>();
  let live: Live | undefined;
  let resolving: Promise<Live> | undefined;
  let previous: Backend | undefined;
  let announced: Live | undefined;

  const tell = (change: RouteChange): void => onChange?.(change);

  const resolveOnce = async (signal: AbortSignal): Promise<Backend> =>
    await resolveBackend({
      connection,
      namespace: options.namespace,
      reference: options.reference,
      signal,
      random,
    });

  /** security.md R-G2: the name may belong to another pod by now. */
  const verify = async (backend: Backend, signal: AbortSignal): Promise<void> => {
    const pod = await readPod(connection, { namespace: backend.namespace, name: backend.pod, signal });
    if (pod.metadata.uid !== backend.uid)
      throw new KnownError("POD_GONE", `Cannot use pod "${backend.pod}": another pod has its name now`);
  };

  const establish = async (): Promise<Live> => {
    const backend = await resolveOnce(closed.signal);
    const dialer = options.dialPod(backend, async (signal) => await verify(backend, signal));
    const next: Live = {
      backend,
      dialer,
      peer: `${backend.uid}/${backend.start}`,
      left: new AbortController(),
    };
    void (async () => {
      const error = await dialer.gone;
      leave(next, error.message);
    })();
    return next;
  };

  /** Only for connections to come: those that exist go on until they end. */
  const leave = (which: Live, reason: string): void => {
    if (which.left.signal.aborted) return;
    which.left.abort();
    retire(which.dialer);
    if (live !== which) return;
    live = undefined;
    if (!closed.signal.aborted) tell({ kind: "down", backend: which.backend, reason });
  };

  const retire = (dialer: PodDialer): void => {
    retired.add(dialer);
    const done = new AbortController();
    void dialer.gone.then(() => done.abort());
    void system
      .sleep(LINGER, AbortSignal.any([done.signal, closed.signal]))
      .catch((): void => undefined)
      .then(async () => {
        retired.delete(dialer);
        await dialer[Symbol.asyncDispose]();
      })
      .catch((error: unknown) => system.log.verbose(2, `Closing a tunnel: ${messageOf(error)}`));
  };

  const follow = (which: Live): void => {
    const signal = AbortSignal.any([which.left.signal, closed.signal]);
    void untilPodLeaves({ connection, system, backend: which.backend, signal }).then((reason) => {
      if (reason !== undefined) leave(which, reason);
    });
  };

  const current = async (): Promise<Live> => {
    if (live !== undefined) return live;
    resolving ??= establish().finally(() => (resolving = undefined));
    const next = await resolving;
    if (live === undefined && !next.left.signal.aborted) {
      live = next;
      follow(next);
    }
    return next;
  };

  const attempt = async (bulk: boolean, signal: AbortSignal): Promise<RouteDial> => {
    const way = await abortable(current(), signal);
    const stream = await way.dialer.dial({ port: way.backend.port, bulk, signal }).catch((error: unknown) => {
      if (!signal.aborted) leave(way, messageOf(error));
      throw error;
    });
    announce(way);
    return { stream, peer: way.peer };
  };

  const announce = (way: Live): void => {
    if (previous?.uid === way.backend.uid && announced === way) return;
    announced = way;
    tell({
      kind: previous === undefined || previous.uid === way.backend.uid ? "up" : "switched",
      backend: way.backend,
      reason: undefined,
    });
    previous = way.backend;
  };

  return {
    get backend() {
      return live?.backend;
    },
    ready: async (signal) => {
      const way = await abortable(current(), signal);
      const stream = await way.dialer.dial({ port: way.backend.port, bulk: false, signal });
      // Nothing was written, so nothing was opened: only the tunnel is warm now.
      stream.destroy();
      announce(way);
      return way.backend;
    },
    dial: async ({ bulk, signal }) => {
      const waits = backoff(random);
      for (;;) {
        closed.signal.throwIfAborted();
        try {
          return await attempt(bulk, signal);
        } catch (error) {
          if (signal.aborted || closed.signal.aborted || !isPassing(error)) throw error;
          system.log.verbose(2, `Dialling again: ${messageOf(error)}`);
          await system.sleep(waits.next(), AbortSignal.any([signal, closed.signal]));
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      closed.abort(new KnownError("TUNNEL_LOST", "The route was closed"));
      await live?.dialer[Symbol.asyncDispose]();
      for (const dialer of retired) await dialer[Symbol.asyncDispose]();
    },
  };
}

const isPassing = (error: unknown): boolean => isKnownError(error) && !LASTING.has(error.code);
