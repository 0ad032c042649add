import type { IncomingMessage } from "node:http";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { Millis } from "../base/units.ts";
import { HOLD, type HoldLimits } from "./forward/hold-limits.ts";
import { isNavigation, problemOf, type Fate } from "./forward/outage.ts";
import { isRead } from "./forward/replay.ts";
import { askedOf, Waiting, waiterOf } from "./forward/waiting.ts";
import { problemOnSocket, sendProblem } from "./problem.ts";
import type { Admitted, Forwarder, Incident } from "./types.ts";

export interface LazyOptions {
  readonly system: System;
  /** Makes the data plane. Called for the first that asks, and anew for whoever asks after it has failed. */
  readonly open: () => Promise<Forwarder>;
  /** What stands in the way now; undefined: nobody knows. */
  readonly trouble: () => unknown;
  /** Called for each request that got a problem here. Default: nobody is told. */
  readonly onIncident?: ((incident: Incident) => void) | undefined;
  /** Address of the start page. */
  readonly start?: string | undefined;
  /** Default: as for a data plane that is there, 1 s, 120 s and 5 s. */
  readonly limits?: HoldLimits;
}

/** Milliseconds after a failure in which whoever asks hears of that one. */
const APART = 500;

const limitOf = (request: IncomingMessage, upgrade: boolean, limits: HoldLimits): Millis => {
  // A WebSocket may start something, as `exec` does, and its page opens it anew.
  if (upgrade || fateOf(request) !== "harmless") return limits.change;
  return isNavigation(request) ? limits.navigation : limits.read;
};

/** A data plane that is made when somebody first asks for something of it. Requests wait for it unread. */
export function createLazy(options: LazyOptions): Forwarder {
  const { system, trouble, start, limits = HOLD } = options;
  const onIncident = options.onIncident ?? ((): void => undefined);
  const waiting = new Waiting(system);
  let opened: Forwarder | undefined;
  let opening: Promise<Forwarder> | undefined;
  let failed: { readonly at: Millis; readonly error: unknown } | undefined;
  let closed = false;

  const open = async (): Promise<Forwarder> => {
    // A page left open asks many times a second, and each try is some requests to the API server.
    if (failed !== undefined && system.monotonic() - failed.at < APART) throw failed.error;
    opening ??= options.open().then(
      async (made) => {
        // It came too late for anybody.
        if (closed) await made[Symbol.asyncDispose]();
        opened = made;
        return made;
      },
      (error: unknown) => {
        opening = undefined;
        failed = { at: system.monotonic(), error };
        throw error;
      },
    );
    return await opening;
  };

  const problem = (
    error: unknown,
    request: IncomingMessage,
    navigation: boolean,
  ): ReturnType<typeof problemOf> =>
    problemOf(error, { navigation, fate: fateOf(request) }, { system, onIncident, start });

  const late = (limit: Millis): unknown =>
    trouble() ??
    new KnownError("UPSTREAM_LATE", `Cannot reach the UI: it was not found within ${limit / 1000} s`);

  /** Undefined: the client has gone. @throws what stands in the way */
  const wait = async (
    request: IncomingMessage,
    admitted: Admitted,
    end: { readonly upgrade: boolean; readonly gone: (listener: () => void) => void },
  ): Promise<Forwarder | undefined> => {
    const limit = limitOf(request, end.upgrade, limits);
    return await new Promise((resolve, reject) => {
      const waiter = waiterOf(askedOf(request, end.upgrade), admitted, {
        hooks: undefined,
        since: system.monotonic(),
        give: (error) => settle(() => reject(error)),
      });
      waiting.enter(waiter);
      const timer = setTimeout(() => settle(() => reject(late(limit))), limit);
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        waiting.leave(waiter);
        how();
      };
      end.gone(() => settle(() => resolve(undefined)));
      open().then(
        (made) => settle(() => resolve(made)),
        (error: unknown) => settle(() => reject(error)),
      );
    });
  };

  return {
    get active() {
      return (opened?.active ?? 0) + waiting.size;
    },
    request: (request, response, admitted) => {
      if (opened !== undefined) {
        opened.request(request, response, admitted);
        return;
      }
      const navigation = isNavigation(request);
      const gone = (listener: () => void): void => void response.once("close", listener);
      wait(request, admitted, { upgrade: false, gone })
        .then((made) => made?.request(request, response, admitted))
        .catch((error: unknown) =>
          sendProblem(response, problem(error, request, navigation), { navigation, system }),
        );
    },
    upgrade: (request, socket, admitted) => {
      if (opened !== undefined) {
        opened.upgrade(request, socket, admitted);
        return;
      }
      // Without one, a reset would end the program, also one that is seen later than the data plane is there.
      socket.on("error", () => undefined);
      const gone = (listener: () => void): void => void socket.once("close", listener);
      wait(request, admitted, { upgrade: true, gone })
        .then((made) => made?.upgrade(request, socket, admitted))
        .catch((error: unknown) => problemOnSocket(socket, problem(error, request, false)));
    },
    forget: (session) => opened?.forget(session),
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await opened?.[Symbol.asyncDispose]();
    },
  };
}

const fateOf = (request: IncomingMessage): Fate => (isRead(request) ? "harmless" : "unsent");
