import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Store } from "../../../src/demo/store.ts";
import { sendJson, sendText } from "../answers.ts";
import type { Answers } from "../pods.ts";
import { bearerOf, seenOf, type Accounts, type Seen } from "../seen.ts";
import { refuseUpgrade, type Socket } from "../socket.ts";
import { answerCluster } from "./cluster.ts";
import { answerPortForward, cookieToken, openMultiplexer } from "./cookie-only.ts";
import { headlampFiles } from "./files.ts";
import { openStream } from "./streams.ts";

export interface HeadlampOptions {
  readonly accounts: Accounts;
  /** All times of the page are multiplied by it, so that their ratios stay. */
  readonly scale: number;
}

/** Stands for Headlamp 0.45 in one or more pods, by the recipe in ui-traffic/README.md. */
export interface Headlamp extends Answers {
  /** What its cluster holds. The demo's own kind of store: watches follow it. */
  readonly store: Store;
  readonly seen: Seen[];
  /** Whether a POST with a rejected token is answered 502 (U17). */
  rejectedPostIs502: boolean;
  /** Edits that were carried out. */
  edits: number;
  /** Watches and logs that are open. */
  readonly watches: Set<Socket>;
  readonly logs: Set<Socket>;
}

const PREFIX = "/clusters/main";

const CONFIG = {
  clusters: [
    {
      name: "main",
      server: "https://10.0.0.1:443",
      auth_type: "",
      meta_data: { namespace: "", originalName: "main", source: "incluster" },
    },
  ],
  isDynamicClusterEnabled: false,
  allowKubeconfigChanges: false,
};

export function headlamp(options: HeadlampOptions): Headlamp {
  const { accounts } = options;
  const files = headlampFiles(options.scale);

  /** The cookie wins, whatever the header says (U2). */
  const tokenOf = (request: IncomingMessage): string | undefined =>
    cookieToken(request, "main") ?? bearerOf(request);

  const note = (request: IncomingMessage, pod: string, upgrade: boolean): Seen => {
    const entry = seenOf(request, { pod, upgrade, scheme: "http", token: tokenOf(request), accounts });
    self.seen.push(entry);
    return entry;
  };

  const request = (request: IncomingMessage, response: ServerResponse, pod: string): void => {
    const entry = note(request, pod, false);
    response.once("finish", () => {
      entry.status = response.statusCode;
    });
    const url = new URL(request.url ?? "/", "http://app");
    if (/^\/clusters\/main\/portforward(?:\/|$)/.test(url.pathname))
      answerPortForward(request, response, accounts);
    else if (url.pathname.startsWith(`${PREFIX}/`)) {
      const path = url.pathname.slice(PREFIX.length);
      void answerCluster({ self, request, response, path, user: entry.user, token: tokenOf(request) });
    } else if (request.method === "GET" && url.pathname === "/config") sendJson(response, 200, CONFIG);
    else if (request.method === "GET" && url.pathname === "/plugins") sendJson(response, 200, []);
    else if (request.method === "GET" || request.method === "HEAD")
      // Also for HEAD of what GET answers otherwise (U22), and for what is not there (U23).
      files.answer(request, response, url.pathname);
    else sendText(response, 404, "404 page not found");
  };

  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, pod: string): void => {
    const entry = note(request, pod, true);
    const url = new URL(request.url ?? "/", "http://app");
    if (url.pathname === "/wsMultiplexer") {
      entry.status = 101;
      openMultiplexer(request, socket, head, accounts);
    } else if (entry.user === undefined) {
      entry.status = 401;
      refuseUpgrade(socket, 401, "Unauthorized");
    } else {
      const path = url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : "";
      const query = url.searchParams;
      const opened = openStream({ self, request, socket, head, path, query, user: entry.user });
      entry.status = opened ? 101 : 404;
      if (!opened) refuseUpgrade(socket, 404, "Not Found");
    }
  };

  const self: Headlamp = {
    store: new Store(),
    seen: [],
    rejectedPostIs502: false,
    edits: 0,
    watches: new Set(),
    logs: new Set(),
    request,
    upgrade,
  };
  return self;
}
