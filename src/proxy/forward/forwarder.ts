import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import type { Forwarder, Incident, Site } from "../types.ts";
import { Exchange } from "./exchange.ts";
import { EventMemory } from "./gathered.ts";
import { HOLD } from "./hold-limits.ts";
import { forwardUpgrade } from "./upgrade.ts";
import { askedOf } from "./waiting.ts";
import { WatchStream } from "./watch-stream.ts";
import { openWire, type WireLimits } from "./wire.ts";

export interface ForwarderOptions {
  readonly system: System;
  /** Default: 120 s for a stream, 1 s for that of a navigation, 60 s for a credential, 5 s where something is changed. */
  readonly limits?: WireLimits;
  /** Called for each request that got an answer of ours. Default: nobody is told. */
  readonly onIncident?: (incident: Incident) => void;
}

const LIMITS: WireLimits = {
  dial: HOLD.read,
  navigation: HOLD.navigation,
  authorize: millis(60_000),
  change: HOLD.change,
};

/** The data plane of one site: requests and upgrades that the gate has let through, over streams of the upstream. */
export function createForwarder(site: Site, options: ForwarderOptions): Forwarder {
  const closed = new AbortController();
  const memory = new EventMemory();
  let active = 0;
  const done = (): void => {
    active -= 1;
  };
  const wire = openWire(site, {
    system: options.system,
    limits: options.limits ?? LIMITS,
    closed: closed.signal,
    onIncident: options.onIncident ?? ((): void => undefined),
    done,
  });
  return {
    get active() {
      return active;
    },
    request: (request, response, admitted) => {
      active += 1;
      const resumable =
        request.method === "GET" ? site.hooks?.resumable?.(askedOf(request, false)) : undefined;
      if (resumable === undefined) void new Exchange(wire, request, response, admitted).run();
      else void new WatchStream({ wire, request, response, admitted, resumable, memory }).run();
    },
    upgrade: (request, socket, admitted) => {
      active += 1;
      void forwardUpgrade({ wire, memory, request, socket, admitted }).finally(done);
    },
    forget: (session) => wire.pool.forget(session),
    [Symbol.asyncDispose]: () => {
      closed.abort(new KnownError("UPSTREAM_LATE", "kauth is stopping"));
      wire.pool.close();
      return Promise.resolve();
    },
  };
}
