import type { IncomingMessage, ServerResponse } from "node:http";
import type { Answers } from "../pods.ts";
import { bearerOf, seenOf, type Accounts, type Seen } from "../seen.ts";
import { refuseUpgrade } from "../socket.ts";

/** A UI of which a test looks at what it got. */
export interface App extends Answers {
  readonly seen: Seen[];
}

export interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without the query. */
  readonly path: string;
  /** What stands in its one `Authorization` line, if that is right. */
  readonly token: string | undefined;
  /** Whose token it is, where it is good. */
  readonly user: string | undefined;
}

/** Notes each request, and answers it. Upgrades are refused. */
export function app(accounts: Accounts, answer: (asked: Asked) => void | Promise<void>): App {
  const note = (request: IncomingMessage, pod: string, upgrade: boolean): Seen => {
    const scheme = "encrypted" in request.socket ? "https" : "http";
    const token = bearerOf(request);
    const entry = seenOf(request, { pod, upgrade, scheme, token, accounts });
    self.seen.push(entry);
    return entry;
  };
  const self: App = {
    seen: [],
    request: (request, response, pod) => {
      const entry = note(request, pod, false);
      response.once("finish", () => {
        entry.status = response.statusCode;
      });
      const path = new URL(request.url ?? "/", "http://app").pathname;
      void answer({ request, response, path, token: bearerOf(request), user: entry.user });
    },
    upgrade: (request, socket, _head, pod) => {
      note(request, pod, true).status = 404;
      refuseUpgrade(socket, 404, "Not Found");
    },
  };
  return self;
}
