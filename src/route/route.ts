import type { Connection } from "../api/index.ts";
import { abortable } from "../base/abortable.ts";
import { isKnownError, KnownError, messageOf, type ErrorCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import type { PodDialer } from "../tunnel/index.ts";
import { pauses } from "./pauses.ts";
import { readPod, resolveBackend } from "./resolve.ts";
import { step, type RouteEvent, type RouteState } from "./state.ts";
import type { Backend, Route, RouteChange, RouteDial, TargetReference } from "./types.ts";
import { untilPodLeaves } from "./watch-pod.ts";
import { watchTarget } from "./watch-target.ts";
import { onWake } from "./wake.ts";

export interface RouteOptions {
  readonly connection: Connection;
  readonly system: System;
  readonly reference: TargetReference;
  readonly namespace: string;
  /** Makes the dialer of a pod; `verify` has to pass for each tunnel before it carries anything. */
  readonly dialPod: (backend: Backend, verify: (signal: AbortSignal) => Promise<void>) => PodDialer;
  readonly onChange?: (change: RouteChange) => void;
  /** A try to find a way failed while there is none. */
  readonly onTrouble?: (trouble: KnownError) => void;
}

/**
 * What no waiting mends, at the start. Later it may be a restart of the API server, which knows its roles last, or a
 * Service that is being replaced: then it is told only after a while.
 */
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

/** Milliseconds, from the first answer of that kind. */
const GRACE = 15_000;
/** Whoever signs in again has to do something, and the page has to say so. */
const ENDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "EXEC_NOT_FOUND",
  "EXEC_FAILED",
  "EXEC_TIMEOUT",
  "EXEC_OUTPUT_INVALID",
  "EXEC_NOT_INTERACTIVE",
  "TLS_UNTRUSTED",
  "CLIENT_CONFIG_INVALID",
]);

/** A pod that left keeps its old streams for so long; its grace period is 30 s by default. */
const LINGER = millis(60_000);
/** Milliseconds. After a second way in a row that was lost sooner than this, the next one is looked for after a pause. */
const BRIEF = 500;
/** A list may be older than its pods; more often in a row it is not that. */
const READY_TRIES = 3;

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
  const listeners = new Set<(peer: string) => void>();
  let live: Live | undefined;
  let resolving: Promise<Live> | undefined;
  let previous: Backend | undefined;
  let announced: Live | undefined;
  /** When the way in use came up. Monotonic. */
  let upAt = 0;
  /** How many in a row were lost soon after. */
  let briefs = 0;
  let state: RouteState = { kind: "resolving" };
  /** What stands in the way since it was up. */
  let trouble: KnownError | undefined;
  let wasUp = false;
  /** Since when it is something that no waiting mends. Monotonic; undefined: it is not. */
  let lastingSince: number | undefined;
  let seeking = false;
  /** Dials that have not come to an end. */
  let waiting = 0;
  const tries = pauses({
    system,
    random,
    signal: closed.signal,
    // Nobody tells when a network is back; who waits for it is told of pods that get ready.
    isUrgent: () => waiting > 0 && trouble?.code !== "NO_READY_POD",
  });

  const move = (event: RouteEvent): void => {
    state = step(state, event);
  };

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
    const place = { namespace: backend.namespace, name: backend.pod, signal };
    const pod = await readPod(connection, place).catch((error: unknown) => {
      if (!isKnownError(error, "NOT_FOUND")) throw error;
      throw new KnownError("POD_GONE", `Cannot use pod "${backend.pod}": it was deleted`, { cause: error });
    });
    if (pod.metadata.uid !== backend.uid)
      throw new KnownError("POD_GONE", `Cannot use pod "${backend.pod}": another pod has its name now`);
  };

  const establish = async (): Promise<Live> => {
    move({ kind: "seek" });
    tries.begin();
    const backend = await resolveOnce(closed.signal);
    closed.signal.throwIfAborted();
    move({ kind: "resolved", backend });
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
    // In the same turn, so that nobody who asks meanwhile looks for a second one.
    live = next;
    follow(next);
    return next;
  };

  /** Only for connections to come: those that exist go on until they end. */
  const leave = (which: Live, reason: string, isGone = false): void => {
    if (which.left.signal.aborted) return;
    const gone = new KnownError("POD_GONE", `Cannot use pod "${which.backend.pod}" any more: ${reason}`);
    which.left.abort(gone);
    retire(which.dialer);
    move({ kind: "left", backend: which.backend, reason });
    if (live !== which) return;
    live = undefined;
    // Of a way that never came up nobody has to hear that it is down.
    if (announced !== which || closed.signal.aborted) return;
    wasUp = true;
    // What is deleted is not found again, so that nothing goes round in a circle.
    briefs = !isGone && system.monotonic() - upAt < BRIEF ? briefs + 1 : 0;
    if (briefs === 0) tries.reset();
    // Until the next try has an answer; what an earlier one met may be long over.
    trouble = gone;
    tell({ kind: "down", backend: which.backend, reason });
    void seek(briefs > 1);
  };

  /** Once it was up it is kept up, so that nobody who asks has to wait for the whole way. */
  const seek = async (later: boolean): Promise<void> => {
    if (seeking) return;
    seeking = true;
    // Before the watch, which would say that a pod is ready and shorten it.
    if (later) {
      tries.begin();
      await tries.pause().catch((): void => undefined);
    }
    const found = new AbortController();
    const onReady = (): void => tries.heard();
    const { reference, namespace } = options;
    const signal = AbortSignal.any([found.signal, closed.signal]);
    void watchTarget({ connection, system, reference, namespace, signal, onReady });
    while (!closed.signal.aborted) {
      try {
        const { stream, way } = await attempt(false, closed.signal);
        stream.destroy();
        // It may have gone in the turns until here, and nobody else looks for another.
        if (live === way) break;
      } catch (error) {
        system.log.verbose(2, `Looking again: ${messageOf(error)}`);
      }
      await tries.pause().catch((): void => undefined);
    }
    found.abort();
    seeking = false;
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
    const look = new AbortController();
    const signal = AbortSignal.any([which.left.signal, look.signal, closed.signal]);
    const stop = onWake(system, signal, () => {
      // The watch may be one that nobody answers any more, and the pod long gone.
      tries.reset();
      look.abort();
      follow(which);
    });
    void untilPodLeaves({ connection, system, backend: which.backend, signal }).then((leaving) => {
      if (leaving === undefined) return;
      stop();
      leave(which, leaving.reason, leaving.gone);
      if (leaving.gone) for (const listener of listeners) listener(which.peer);
    });
  };

  const current = async (): Promise<Live> => {
    if (live === undefined) await tries.current;
    if (live !== undefined) return live;
    resolving ??= establish().finally(() => (resolving = undefined));
    return await resolving;
  };

  const attempt = async (bulk: boolean, signal: AbortSignal): Promise<RouteDial & { readonly way: Live }> => {
    try {
      return await attemptOnce(bulk, signal);
    } catch (error) {
      if (isKnownError(error) && !signal.aborted) {
        trouble = error;
        lastingSince = LASTING.has(error.code) ? (lastingSince ?? system.monotonic()) : undefined;
        move({ kind: "failed", trouble: error });
        if (state.kind === "down") options.onTrouble?.(error);
      }
      throw error;
    }
  };

  const attemptOnce = async (
    bulk: boolean,
    signal: AbortSignal,
  ): Promise<RouteDial & { readonly way: Live }> => {
    const way = await abortable(current(), signal);
    const stream = await way.dialer.dial({ port: way.backend.port, bulk, signal }).catch((error: unknown) => {
      if (!signal.aborted) leave(way, messageOf(error));
      throw error;
    });
    if (way.left.signal.aborted) {
      // The pod went while it was dialled. Nothing was written, so it never hears of this connection.
      stream.destroy();
      throw way.left.signal.reason as Error;
    }
    trouble = undefined;
    lastingSince = undefined;
    move({ kind: "connected", backend: way.backend });
    announce(way);
    return { stream, peer: way.peer, way };
  };

  const announce = (way: Live): void => {
    if (previous?.uid === way.backend.uid && announced === way) return;
    announced = way;
    upAt = system.monotonic();
    tell({
      kind: previous === undefined || previous.uid === way.backend.uid ? "up" : "switched",
      backend: way.backend,
      reason: undefined,
    });
    previous = way.backend;
  };

  /** A pod that was there comes back under its name, as a StatefulSet's does; a Service that is missing is a mistake. */
  const isPassing = (error: unknown): boolean => {
    if (!isKnownError(error)) return false;
    if (!LASTING.has(error.code)) return true;
    if (error.code === "NOT_FOUND" && (options.reference.kind === "pod" || wasUp)) return true;
    // Not from the loss of the way: an API server that was away for long knows its roles last all the same.
    const since = lastingSince ?? system.monotonic();
    return wasUp && !ENDED.has(error.code) && system.monotonic() - since < GRACE;
  };

  const dial: Route["dial"] = async ({ bulk, signal }) => {
    for (;;) {
      closed.signal.throwIfAborted();
      try {
        const { stream, peer } = await attempt(bulk, signal);
        return { stream, peer };
      } catch (error) {
        if (signal.aborted || closed.signal.aborted || !isPassing(error)) throw error;
        system.log.verbose(2, `Dialling again: ${messageOf(error)}`);
        await abortable(tries.pause(), signal);
      }
    }
  };

  return {
    get backend() {
      return live?.backend;
    },
    get peer() {
      return live?.peer;
    },
    get state() {
      return state;
    },
    onGone: (listener) => void listeners.add(listener),
    trouble: () => (live === undefined || announced !== live ? trouble : undefined),
    ready: async (signal) => {
      for (let count = 1; ; count += 1) {
        try {
          const { stream, way } = await attempt(false, signal);
          // Nothing was written, so nothing was opened: only the tunnel is warm now.
          stream.destroy();
          return way.backend;
        } catch (error) {
          if (!isKnownError(error, "POD_GONE") || count === READY_TRIES) throw error;
          await abortable(tries.pause(), signal);
        }
      }
    },
    dial: async (wish) => {
      waiting += 1;
      if (waiting === 1) tries.hurry();
      try {
        return await dial(wish);
      } finally {
        waiting -= 1;
      }
    },
    [Symbol.asyncDispose]: async () => {
      closed.abort(new KnownError("TUNNEL_LOST", "The route was closed"));
      move({ kind: "close" });
      await live?.dialer[Symbol.asyncDispose]();
      for (const dialer of retired) await dialer[Symbol.asyncDispose]();
    },
  };
}
