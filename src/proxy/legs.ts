import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { sendPage } from "./answer.ts";
import { HOLD } from "./forward/hold-limits.ts";
import { problemOf } from "./forward/outage.ts";
import { askedOf } from "./forward/waiting.ts";
import { OWN_HEADERS } from "./pages/document.ts";
import { sendProblem, problemOnSocket } from "./problem.ts";
import type { Admitted, AskedRequest, Forwarder, Incident, Problem } from "./types.ts";

/** Which way a request goes, or what it is answered here. */
export type LegChoice =
  | { readonly kind: "pod" }
  | { readonly kind: "direct" }
  /** To the pod with the credential: as `Authorization`, or as the UI's own cookie. */
  | { readonly kind: "trusted"; readonly as: "header" | "cookie" }
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

/** The data planes of one site. */
export interface Legs {
  readonly pod: Forwarder;
  readonly direct: Forwarder;
  /** To the pod with the credential. */
  readonly header: Forwarder;
  readonly cookie: Forwarder;
}

export interface LegsOptions {
  readonly system: System;
  readonly legs: Legs;
  /** A promise where it first has to be asked what the UI calls things; its requests wait. */
  readonly choose: (asked: AskedRequest) => LegChoice | Promise<LegChoice>;
  /** Whether it changes and starts nothing, and may go on long after it was asked for (security.md R-N5). */
  readonly mayWait: (asked: AskedRequest) => boolean;
  /** Address of the start page. */
  readonly start?: string | undefined;
  /** Called for each request that got a problem here. Default: nobody is told. */
  readonly onIncident?: ((incident: Incident) => void) | undefined;
}

/** One data plane of several: each request goes one way, by what it asks for. */
export function createLegs({ system, legs, choose, mayWait, start, onIncident }: LegsOptions): Forwarder {
  const all = Object.values(legs) as readonly Forwarder[];
  /** Requests that wait for a choice, or for an answer of ours. */
  let waiting = 0;
  const tell = (incident: Incident): void => onIncident?.(incident);
  const refusal = ({ status, title, detail }: Refused): Problem => {
    const incident = system.random(6).toString("hex");
    tell({ id: incident, error: new KnownError("REQUEST_INVALID", detail) });
    return { status, title, detail, incident };
  };
  const failure = (error: unknown): Problem =>
    problemOf(error, { navigation: false, fate: "harmless" }, { system, onIncident: tell, start });
  const fail = (response: ServerResponse, error: unknown): void =>
    sendProblem(response, failure(error), { navigation: false, system });

  const own = async (response: ServerResponse, answer: () => Promise<unknown>): Promise<void> => {
    waiting += 1;
    try {
      const body = JSON.stringify((await answer()) ?? {});
      sendPage(response, { status: 200, headers: JSON_HEADERS, body }, system);
    } catch (error) {
      fail(response, error);
    } finally {
      waiting -= 1;
    }
  };

  const forwarderOf = (choice: Exclude<LegChoice, Refused | { readonly kind: "own" }>): Forwarder =>
    choice.kind === "trusted" ? legs[choice.as] : legs[choice.kind];

  const request = (
    choice: LegChoice,
    asked: IncomingMessage,
    response: ServerResponse,
    admitted: Admitted,
  ): void => {
    if (choice.kind === "own") void own(response, choice.answer);
    else if (choice.kind === "refused") sendProblem(response, refusal(choice), { navigation: false, system });
    else forwarderOf(choice).request(asked, response, admitted);
  };

  const upgrade = (choice: LegChoice, asked: IncomingMessage, socket: Duplex, admitted: Admitted): void => {
    if (choice.kind === "own") problemOnSocket(socket, refusal(NO_WEBSOCKET));
    else if (choice.kind === "refused") problemOnSocket(socket, refusal(choice));
    else forwarderOf(choice).upgrade(asked, socket, admitted);
  };

  /** At once where it is known, so that nothing is a turn later for it. */
  const afterChoice = (
    asked: AskedRequest,
    then: (choice: LegChoice) => void,
    isGone: () => boolean,
    failed: (error: unknown) => void,
  ): void => {
    const choice = choose(asked);
    if (!(choice instanceof Promise)) {
      then(choice);
      return;
    }
    waiting += 1;
    const since = system.monotonic();
    choice
      .finally(() => (waiting -= 1))
      .then((made) => {
        if (isGone()) return;
        if (system.monotonic() - since <= HOLD.change || mayWait(asked)) then(made);
        else failed(new KnownError("UPSTREAM_LATE", "Cannot send a request: it was held for too long"));
      })
      .catch((error: unknown) => {
        if (!isGone()) failed(error);
      });
  };

  return {
    get active() {
      return all.reduce((sum, { active }) => sum + active, waiting);
    },
    request: (asked, response, admitted) =>
      afterChoice(
        askedOf(asked, false),
        (choice) => request(choice, asked, response, admitted),
        () => response.destroyed,
        (error) => fail(response, error),
      ),
    upgrade: (asked, socket, admitted) => {
      const end = (): void => void socket.destroy();
      socket.on("error", end);
      afterChoice(
        askedOf(asked, true),
        (choice) => {
          socket.off("error", end);
          upgrade(choice, asked, socket, admitted);
        },
        () => socket.destroyed,
        (error) => problemOnSocket(socket, failure(error)),
      );
    },
    forget: (session) => {
      for (const each of all) each.forget(session);
    },
    [Symbol.asyncDispose]: async () => {
      for (const each of all) await each[Symbol.asyncDispose]();
    },
  };
}
