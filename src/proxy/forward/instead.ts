import type { IncomingMessage, ServerResponse } from "node:http";
import { sendProblem } from "../problem.ts";
import { isNavigation, problemOf, type Fate } from "./outage.ts";
import { askedOf, CrowdedError } from "./waiting.ts";
import type { Wire } from "./wire.ts";

export interface Unanswered {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly fate: Fate;
  readonly wire: Wire;
}

/** An answer of ours, for one that cannot be had. */
export function answerInstead(error: unknown, { request, response, fate, wire }: Unanswered): void {
  if (error instanceof CrowdedError && wire.hooks?.comesBack?.(askedOf(request, false)) === true) {
    sendBack(request, response);
    return;
  }
  const navigation = isNavigation(request);
  sendProblem(response, problemOf(error, { navigation, fate }, wire), { navigation, system: wire.system });
}

/** To its own address: its browser asks again, once what waits for a connection has had one. */
const sendBack = (request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(307, {
    // Two slashes would name another host.
    Location: (request.url ?? "/").replace(/^[/\\]+/, "/"),
    "Cache-Control": "no-store",
    "Content-Length": 0,
  });
  response.end();
};
