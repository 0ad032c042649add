import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { isNavigation } from "./forward/outage.ts";
import { askedOf } from "./forward/waiting.ts";
import { problemOnSocket, sendProblem } from "./problem.ts";
import type { AskedRequest, Forwarder, Incident, Problem } from "./types.ts";

export interface PermitsOptions {
  readonly system: System;
  /** What is asked for everything that passes; it never hears of the rest. */
  readonly inner: Forwarder;
  /** Whether a request passes, by its head alone. */
  readonly permits: (asked: AskedRequest) => boolean;
  /** Called for each request that does not. Default: nobody is told. */
  readonly onIncident?: ((incident: Incident) => void) | undefined;
}

/**
 * A data plane that only some requests reach: the others are answered here, before anything is dialled and before
 * anybody is asked for a credential. Upgrades go through the same question as requests.
 */
export function createPermitted({ system, inner, permits, onIncident }: PermitsOptions): Forwarder {
  const refusal = (what: string): Problem => {
    const incident = system.random(4).toString("hex");
    onIncident?.({
      id: incident,
      error: new KnownError("READ_ONLY", `Refused ${what}: kauth runs with --read-only`),
    });
    return {
      status: 403,
      title: "Read-only",
      detail: "kauth was started with --read-only, and this request may change something.",
      incident,
      code: "READ_ONLY",
    };
  };
  return {
    get active() {
      return inner.active;
    },
    request: (request, response, admitted) => {
      if (permits(askedOf(request, false))) inner.request(request, response, admitted);
      else
        sendProblem(response, refusal(`a ${request.method ?? ""} request`), {
          navigation: isNavigation(request),
          system,
        });
    },
    upgrade: (request, socket, admitted) => {
      if (permits(askedOf(request, true))) inner.upgrade(request, socket, admitted);
      else problemOnSocket(socket, refusal("a WebSocket"));
    },
    forget: (session) => inner.forget(session),
    [Symbol.asyncDispose]: async () => await inner[Symbol.asyncDispose](),
  };
}
