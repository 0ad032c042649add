import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { System } from "../base/system.ts";
import { sendPage, writePage } from "./answer.ts";
import { problemJson, problemPage } from "./pages/problem.ts";
import type { Problem } from "./types.ts";

export interface ProblemOptions {
  /** A person waits for a page; a script gets JSON (RFC 9457). */
  readonly navigation: boolean;
  readonly system: Pick<System, "sleep">;
}

/**
 * Answers with a problem. Once the head of an answer is out nothing true can be said any more, so the connection
 * is cut: the client must see an abort, never a clean end (security.md R-F7).
 */
export function sendProblem(response: ServerResponse, problem: Problem, options: ProblemOptions): void {
  sendPage(response, options.navigation ? problemPage(problem) : problemJson(problem), options.system);
}

/** The same for an upgrade that nothing has been written to yet; ends the connection. */
export function problemOnSocket(socket: Duplex, problem: Problem): void {
  writePage(socket, problemJson(problem));
}
