import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { sendJson } from "../answers.ts";
import { cookiesOf, type Accounts } from "../seen.ts";
import { openSocket } from "../socket.ts";

/** The cookie's pieces put together: backend/pkg/auth/cookies.go of kubernetes-sigs/headlamp. */
export const cookieToken = (request: IncomingMessage, cluster: string): string | undefined => {
  const cookies = cookiesOf(request);
  let token = "";
  for (let at = 0; ; at += 1) {
    const piece = cookies.get(`headlamp-auth-${cluster}.${at}`);
    if (piece === undefined) return token === "" ? undefined : token;
    token += piece;
  }
};

/** `/clusters/main/portforward`: whatever the header says, the cookie is what counts (open.md §5.1). */
export const answerPortForward = (
  request: IncomingMessage,
  response: ServerResponse,
  accounts: Accounts,
): void => {
  const user = accounts.user(cookieToken(request, "main") ?? "");
  if (user === undefined) sendJson(response, 401, { message: "token not found" });
  else sendJson(response, 200, { status: "Running", as: user });
};

/** `/wsMultiplexer`: each message names its cluster, and the cookie of the upgrade is read for it. */
export const openMultiplexer = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  accounts: Accounts,
): void => {
  openSocket({
    request,
    socket,
    head,
    message: (peer, payload) => {
      const { clusterId = "" } = JSON.parse(payload.toString()) as { readonly clusterId?: string };
      const user = accounts.user(cookieToken(request, clusterId) ?? "");
      peer.text(JSON.stringify({ clusterId, type: user === undefined ? "ERROR" : "DATA", as: user }));
    },
  });
};
