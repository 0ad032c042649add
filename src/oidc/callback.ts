import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { KnownError } from "../base/errors.ts";
import { only, pairs } from "../base/headers.ts";
import { bindLoopback, bothFamilies } from "../base/listen.ts";
import { peerUids, type PeerUids } from "../base/peer-uid.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import { page, type Page } from "./callback-page.ts";

/** Forged answers that are let pass before the wait ends (security.md R-J3). */
const FORGED_MOST = 20;
/** A code has some hundred characters; Node's own limit of a request's head is 16 KiB. */
const CONNECTIONS_MOST = 32;
/** What the last page has to get out in. */
const LAST_PAGE = millis(500);

export interface CallbackWishes {
  /** Tried in turn; 0: a random one. */
  readonly ports: readonly number[];
  /** The registered redirect URI, byte for byte. Default: `http://localhost:PORT`. */
  readonly redirectUri?: string;
}

/** An answer of the provider with the right `state`. The browser waits until one of the two is called. */
export interface Arrived {
  readonly parameters: URLSearchParams;
  /** All is verified and kept. */
  succeed(openNext?: URL): void;
  /** @param why what the person reads, without secrets */
  fail(why: string): void;
}

export interface Callback extends AsyncDisposable {
  /** What goes into both requests. */
  readonly redirectUri: string;
  readonly port: number;
  /**
   * Waits for the answer with this `state`. What has none or another is refused and waited past.
   * @throws {KnownError} OIDC_LOGIN_REFUSED after twenty forged answers; the signal's reason
   */
  wait(state: Secret, signal: AbortSignal): Promise<Arrived>;
}

/**
 * Listens on both loopback families for the answer of a sign-in (RFC 8252 §7.3, §8.3): one path, GET, our own names in
 * `Host`, and nothing for whoever has no `state`.
 * @throws {KnownError} PORT_TAKEN, LISTEN_FAILED
 */
export async function openCallback(wishes: CallbackWishes, system: System): Promise<Callback> {
  const uids = await peerUids(system);
  let waiting: Waiting | undefined;
  let names: ReadonlySet<string> = new Set();
  let path = "/";
  const bound = await bindLoopback(
    {
      create: (): Server => {
        const server = createServer(
          { headersTimeout: 5_000, requestTimeout: 10_000 },
          (request, response) => {
            void receive(request, response);
          },
        );
        server.maxConnections = CONNECTIONS_MOST;
        server.on("connection", (socket) => socket.on("error", () => socket.destroy()));
        return server;
      },
      candidates: wishes.ports.map(bothFamilies),
    },
    system,
  );
  const port = bound[0]?.port ?? 0;
  const redirectUri = wishes.redirectUri ?? `http://localhost:${port}`;
  path = new URL(redirectUri).pathname;
  names = new Set([`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, new URL(redirectUri).host]);

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { socket } = request;
    if (uids !== undefined && !(await isOurs(request, uids, system.uid))) {
      socket.resetAndDestroy();
      return;
    }
    const verdict = judge(request, { names, path });
    if (typeof verdict === "number") return send(response, verdict, REFUSALS[verdict]);
    const current = waiting;
    if (current === undefined || !current.state.equals(new Secret(verdict.get("state") ?? ""))) {
      send(response, 400, REFUSALS[400]);
      current?.forged();
      return;
    }
    // A state is good once.
    waiting = undefined;
    current.arrived({
      parameters: verdict,
      succeed: (openNext) => send(response, 200, page.success(openNext)),
      fail: (why) => send(response, 400, page.failure(why)),
    });
  };

  return {
    redirectUri,
    port,
    wait: async (state, signal) =>
      await new Promise<Arrived>((resolve, reject) => {
        let forged = 0;
        const stop = (): void => {
          waiting = undefined;
          signal.removeEventListener("abort", aborted);
        };
        const aborted = (): void => {
          stop();
          reject(signal.reason as Error);
        };
        waiting = {
          state,
          arrived: (arrived) => {
            stop();
            resolve(arrived);
          },
          forged: () => {
            forged += 1;
            if (forged < FORGED_MOST) return;
            stop();
            reject(
              new KnownError(
                "OIDC_LOGIN_REFUSED",
                `Cannot sign in: ${FORGED_MOST} answers came to ${redirectUri} that belong to no sign-in of this program`,
                { hint: "Close other pages and programs that may send them, and sign in again." },
              ),
            );
          },
        };
        signal.addEventListener("abort", aborted, { once: true });
        if (signal.aborted) aborted();
      }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(bound.map(async ({ server }) => await close(server)));
    },
  };
}

interface Waiting {
  readonly state: Secret;
  arrived(arrived: Arrived): void;
  forged(): void;
}

const REFUSALS = {
  400: page.failure("This answer belongs to no sign-in that is under way."),
  403: page.failure("This request is refused."),
  404: page.failure("There is nothing here."),
} as const;

/** The parameters of what may be an answer, or the status that refuses what cannot be one. */
const judge = (
  request: IncomingMessage,
  { names, path }: { readonly names: ReadonlySet<string>; readonly path: string },
): URLSearchParams | 400 | 403 | 404 => {
  const headers = pairs(request.rawHeaders);
  // A name that an attacker's DNS leads here is none of ours (security.md R-B1).
  if (!names.has(only(headers, "host") ?? "")) return 403;
  // Images and scripts of other pages are no navigation: they could use up the answers that are let pass.
  const mode = request.headers["sec-fetch-mode"];
  if (mode !== undefined && mode !== "navigate") return 403;
  const target = request.url ?? "";
  const at = target.indexOf("?");
  if (request.method !== "GET" || (at < 0 ? target : target.slice(0, at)) !== path) return 404;
  const parameters = new URLSearchParams(at < 0 ? "" : target.slice(at + 1));
  if (at < 0) return 404;
  for (const name of ["state", "code", "error", "iss"]) if (parameters.getAll(name).length > 1) return 400;
  return parameters;
};

const isOurs = async (
  { socket }: IncomingMessage,
  uids: PeerUids,
  uid: number | undefined,
): Promise<boolean> => {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return false;
  if (localAddress === undefined || localPort === undefined) return false;
  const owner = await uids.uidOf(
    { address: remoteAddress, port: remotePort },
    { address: localAddress, port: localPort },
  );
  return owner !== undefined && (owner === uid || owner === 0);
};

const send = (response: ServerResponse, status: number, { html, policy }: Page): void => {
  response
    .writeHead(status, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Length": Buffer.byteLength(html),
      "Content-Security-Policy": policy,
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      Connection: "close",
    })
    .end(html);
};

const close = async (server: Server): Promise<void> => {
  const late = setTimeout(() => server.closeAllConnections(), LAST_PAGE);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(late);
};
