import type { IncomingMessage } from "node:http";
import type { MoreApi } from "../../../src/demo/index.ts";
import { linesOf } from "../seen.ts";
import { refuseUpgrade } from "../socket.ts";
import { answerCluster } from "./cluster.ts";
import type { Headlamp } from "./headlamp.ts";
import { resourceOf } from "./resources.ts";
import { openStream } from "./streams.ts";

/** What the API server saw of a request for the pages: no secret is kept. */
export interface Asked {
  readonly user: string | undefined;
  readonly method: string;
  readonly target: string;
  readonly upgrade: boolean;
  readonly authorizations: number;
  readonly impersonated: string | undefined;
  /** Names, lower case. */
  readonly headers: readonly string[];
  readonly origin: string | undefined;
  readonly protocols: string;
  readonly userAgent: string;
}

/** The API that Headlamp's pages use, of the cluster that its stand-in shows: the same answers without its back end. */
export interface HeadlampApi extends MoreApi {
  readonly asked: Asked[];
}

/** The demo's own part: what kauth asks for itself. */
const OWN = /^\/(?:api\/v1|apis\/[^/]+\/v1)\/namespaces\/(?:apps|kube-system)(?:\/|$)|\/selfsubjectreviews$/;

export function headlampApi(self: () => Headlamp): HeadlampApi {
  const asked: Asked[] = [];
  const note = (request: IncomingMessage, user: string | undefined, upgrade: boolean): void => {
    asked.push({
      user,
      method: request.method ?? "",
      target: request.url ?? "",
      upgrade,
      authorizations: linesOf(request, "authorization").length,
      impersonated: linesOf(request, "impersonate-user")[0],
      headers: request.rawHeaders.filter((_value, at) => at % 2 === 0).map((name) => name.toLowerCase()),
      origin: linesOf(request, "origin")[0],
      protocols: linesOf(request, "sec-websocket-protocol").join(", "),
      userAgent: linesOf(request, "user-agent")[0] ?? "",
    });
  };
  return {
    asked,
    request: (request, response, user) => {
      const { pathname: path } = new URL(request.url ?? "/", "https://api");
      const review = path.includes("/selfsubject");
      if (OWN.test(path) || (resourceOf(path) === undefined && !review)) return false;
      note(request, user, false);
      void answerCluster({ self: self(), request, response, path, user, token: "" });
      return true;
    },
    upgrade: (request, socket, head, user) => {
      const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "https://api");
      if (OWN.test(path)) return false;
      note(request, user, true);
      // The real one takes no WebSocket without an Origin, whatever it says (issue D.2).
      if (user === undefined) refuseUpgrade(socket, 401, "Unauthorized");
      else if (linesOf(request, "origin").length !== 1) refuseUpgrade(socket, 403, "Forbidden");
      else if (!openStream({ self: self(), request, socket, head, path, query, user }))
        refuseUpgrade(socket, 404, "Not Found");
      return true;
    },
  };
}
