import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { sendProblem, problemOnSocket } from "./problem.ts";
import type { AskedRequest, Forwarder, Problem } from "./types.ts";

/** Which way a request goes, or what it is answered here. */
export type LegChoice =
  | { readonly kind: "pod" }
  | { readonly kind: "direct" }
  /** JSON; `undefined`: an empty object. */
  | { readonly kind: "own"; readonly answer: () => Promise<unknown> }
  | { readonly kind: "refused"; readonly status: number; readonly title: string; readonly detail: string };

export interface LegsOptions {
  readonly system: System;
  readonly pod: Forwarder;
  readonly direct: Forwarder;
  readonly choose: (asked: AskedRequest) => LegChoice;
}

/** One data plane of two: each request goes one way, by what it asks for. */
export function createLegs({ system, pod, direct, choose }: LegsOptions): Forwarder {
  const problem = (of: Pick<Problem, "status" | "title" | "detail">): Problem => ({
    ...of,
    incident: system.random(6).toString("hex"),
  });
  const choiceFor = (request: IncomingMessage, upgrade: boolean): LegChoice =>
    choose({
      method: request.method ?? "",
      target: request.url ?? "",
      headers: request.rawHeaders,
      upgrade,
    });
  const own = async (
    request: IncomingMessage,
    response: ServerResponse,
    answer: () => Promise<unknown>,
  ): Promise<void> => {
    // Nothing of its body is wanted.
    request.resume();
    try {
      const body = Buffer.from(JSON.stringify((await answer()) ?? {}));
      response.writeHead(200, {
        "Content-Type": "application/json",
        "Content-Length": body.length,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
      });
      response.end(body);
    } catch (error) {
      system.log.verbose(1, `Answering ${JSON.stringify(request.url)}: ${messageOf(error)}`);
      sendProblem(
        response,
        problem({ status: 504, title: "No answer", detail: "The cluster did not say it. Try again." }),
        { navigation: false, system },
      );
    }
  };
  return {
    get active() {
      return pod.active + direct.active;
    },
    request: (request, response, admitted) => {
      const choice = choiceFor(request, false);
      switch (choice.kind) {
        case "pod":
          pod.request(request, response, admitted);
          return;
        case "direct":
          direct.request(request, response, admitted);
          return;
        case "own":
          void own(request, response, choice.answer);
          return;
        case "refused":
          request.resume();
          sendProblem(response, problem(choice), { navigation: false, system });
      }
    },
    upgrade: (request: IncomingMessage, socket: Duplex, admitted) => {
      const choice = choiceFor(request, true);
      if (choice.kind === "pod") pod.upgrade(request, socket, admitted);
      else if (choice.kind === "direct") direct.upgrade(request, socket, admitted);
      else
        problemOnSocket(
          socket,
          problem(
            choice.kind === "refused"
              ? choice
              : { status: 400, title: "No WebSocket", detail: "This address has no WebSocket." },
          ),
        );
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
