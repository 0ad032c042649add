import type { ServerResponse } from "node:http";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { sendPage } from "./answer.ts";
import { askedOf } from "./forward/waiting.ts";
import { OWN_HEADERS } from "./pages/document.ts";
import { sendProblem, problemOnSocket } from "./problem.ts";
import type { AskedRequest, Forwarder, Incident, Problem } from "./types.ts";

/** Which way a request goes, or what it is answered here. */
export type LegChoice =
  | { readonly kind: "pod" }
  | { readonly kind: "direct" }
  /** JSON; `undefined`: an empty object. */
  | { readonly kind: "own"; readonly answer: () => Promise<unknown> }
  | Refused;

interface Refused extends Pick<Problem, "status" | "title" | "detail"> {
  readonly kind: "refused";
}

const NO_WEBSOCKET: Refused = {
  kind: "refused",
  status: 400,
  title: "No WebSocket",
  detail: "This address has no WebSocket.",
};

const JSON_HEADERS = ["Content-Type", "application/json", ...OWN_HEADERS];

export interface LegsOptions {
  readonly system: System;
  readonly pod: Forwarder;
  readonly direct: Forwarder;
  readonly choose: (asked: AskedRequest) => LegChoice;
  /** Called for each request that got a problem here. Default: nobody is told. */
  readonly onIncident?: ((incident: Incident) => void) | undefined;
}

/** One data plane of two: each request goes one way, by what it asks for. */
export function createLegs({ system, pod, direct, choose, onIncident }: LegsOptions): Forwarder {
  const problem = (of: Pick<Problem, "status" | "title" | "detail">, error: unknown): Problem => {
    const incident = system.random(6).toString("hex");
    onIncident?.({ id: incident, error });
    return { ...of, incident };
  };
  const refusal = (of: Refused): Problem => problem(of, new KnownError("REQUEST_INVALID", of.detail));
  const own = async (response: ServerResponse, answer: () => Promise<unknown>): Promise<void> => {
    try {
      const body = JSON.stringify((await answer()) ?? {});
      sendPage(response, { status: 200, headers: JSON_HEADERS, body }, system);
    } catch (error) {
      const of = { status: 504, title: "No answer", detail: "The cluster did not say it. Try again." };
      sendProblem(response, problem(of, error), { navigation: false, system });
    }
  };
  return {
    get active() {
      return pod.active + direct.active;
    },
    request: (request, response, admitted) => {
      const choice = choose(askedOf(request, false));
      switch (choice.kind) {
        case "pod":
          pod.request(request, response, admitted);
          return;
        case "direct":
          direct.request(request, response, admitted);
          return;
        case "own":
          void own(response, choice.answer);
          return;
        case "refused":
          sendProblem(response, refusal(choice), { navigation: false, system });
      }
    },
    upgrade: (request, socket, admitted) => {
      const choice = choose(askedOf(request, true));
      if (choice.kind === "pod") pod.upgrade(request, socket, admitted);
      else if (choice.kind === "direct") direct.upgrade(request, socket, admitted);
      else problemOnSocket(socket, refusal(choice.kind === "refused" ? choice : NO_WEBSOCKET));
    },
    forget: (session) => {
      pod.forget(session);
      direct.forget(session);
    },
    [Symbol.asyncDispose]: async () => {
      await pod[Symbol.asyncDispose]();
      await direct[Symbol.asyncDispose]();
    },
  };
}
