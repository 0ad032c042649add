import type { IncomingMessage, ServerResponse } from "node:http";
import type { System } from "../../base/system.ts";
import { sendPage, writePage } from "../answer.ts";
import { isBrowser } from "../guard.ts";
import type { OwnPage } from "../pages/document.ts";
import {
  noProgram,
  noSuchPage,
  seeOther,
  startPage,
  stateAnswer,
  wrongMethod,
  type StartView,
} from "../pages/start.ts";
import type { Forwarder } from "../types.ts";

export interface StartOptions {
  readonly system: Pick<System, "sleep" | "random">;
  readonly view: () => StartView;
  /** A person pressed the button. */
  readonly signIn: () => void;
}

/**
 * What stands behind the gate at the start page's origin: no upstream, only our own pages. Its session is its own; the
 * token for programs does not open it (security.md R-N6).
 */
export function startForwarder({ system, view, signIn }: StartOptions): Forwarder {
  const answer = (request: IncomingMessage, session: string): OwnPage => {
    if (!isBrowser(session)) return noProgram;
    const { url, method } = request;
    const reading = method === "GET" || method === "HEAD";
    if (url === "/")
      return reading ? startPage(view(), system.random(16).toString("base64url")) : wrongMethod;
    if (url === "/state") return reading ? stateAnswer(view()) : wrongMethod;
    if (url !== "/sign-in") return noSuchPage;
    // The gate has made sure that a POST carries our own Origin.
    if (method !== "POST") return wrongMethod;
    signIn();
    return seeOther;
  };
  return {
    active: 0,
    request: (request: IncomingMessage, response: ServerResponse, { session }) =>
      sendPage(response, answer(request, session), system),
    upgrade: (_request, socket) => writePage(socket, noSuchPage),
    forget: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
