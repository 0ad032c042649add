import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { KnownError } from "../base/errors.ts";
import { only, pairs } from "../base/headers.ts";
import { bindLoopback, bothFamilies } from "../base/listen.ts";
import type { SocketAddress } from "../base/proc-net.ts";
import { peerUids, type PeerUids } from "../base/peer-uid.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { KiB, millis } from "../base/units.ts";
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
  /**
   * In place of the ports: each is tried in turn, loopback addresses with both families. Others are for containers, whose
   * ports are published: whoever is at the other end there cannot be told.
   */
  readonly addresses?: readonly SocketAddress[];
  /** The registered redirect URI, byte for byte. Default: `http://localhost:PORT`, or https with `tls`. */
  readonly redirectUri?: string;
  /** PEM. The answer comes over https. */
  readonly tls?: { readonly cert: string; readonly key: Secret };
  /** The answer comes as a form that the browser posts (OAuth 2.0 Form Post Response Mode). Default false. */
  readonly formPost?: boolean;
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
 * Listens on both loopback families for the answer of a sign-in (RFC 8252 §7.3, §8.3): one path, one method, our names in
 * `Host`, and nothing for whoever has no `state`.
 * @throws {KnownError} PORT_TAKEN, LISTEN_FAILED
 */
export async function openCallback(wishes: CallbackWishes, system: System): Promise<Callback> {
  const { addresses, tls, formPost = false } = wishes;
  const uids = (addresses ?? []).every(isOfThisMachine) ? await peerUids(system) : undefined;
  /** At once (security.md R-C4): there are few places, and a silent stranger would hold one. */
  const resetOthers = async (socket: Socket): Promise<boolean> => {
    if (uids === undefined || (await isOurs(socket, uids, system.uid))) return false;
    // What is below TLS was reset when it connected, and Node cannot reset what is above.
    if ("encrypted" in socket) socket.destroy();
    else socket.resetAndDestroy();
    return true;
  };
  let waiting: Waiting | undefined;
  let names: ReadonlySet<string> = new Set();
  let path = "/";
  const bound = await bindLoopback(
    {
      create: (): Server => {
        const limits = { headersTimeout: 5_000, requestTimeout: 10_000 };
        const server =
          tls === undefined
            ? createServer(limits, (request, response) => void receive(request, response))
            : https.createServer(
                { ...limits, cert: tls.cert, key: tls.key.reveal(), minVersion: "TLSv1.2" },
                (request, response) => void receive(request, response),
              );
        server.maxConnections = CONNECTIONS_MOST;
        server.on("connection", (socket: Socket) => {
          socket.on("error", () => socket.destroy());
          void resetOthers(socket);
        });
        return server;
      },
      candidates:
        addresses === undefined
          ? wishes.ports.map(bothFamilies)
          : addresses.map((at) => (isLoopback(at) ? bothFamilies(at.port) : [at])),
    },
    system,
  );
  const port = bound[0]?.port ?? 0;
  const redirectUri = wishes.redirectUri ?? `${tls === undefined ? "http" : "https"}://localhost:${port}`;
  path = new URL(redirectUri).pathname;
  names = new Set([`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, new URL(redirectUri).host]);

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await resetOthers(request.socket)) return;
    const verdict = await judge(request, { names, path, formPost });
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

interface Judging {
  readonly names: ReadonlySet<string>;
  readonly path: string;
  readonly formPost: boolean;
}

/** As much as a head may hold. */
const FORM_LIMIT = KiB(16);

/** Undefined: it is no form, too large, or was cut. */
const readForm = async (request: IncomingMessage): Promise<string | undefined> => {
  const media = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (media !== "application/x-www-form-urlencoded") return undefined;
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > FORM_LIMIT) return undefined;
      parts.push(part);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts).toString("utf8");
};

/** Whoever comes from another machine is in no table of this one. */
const isOfThisMachine = (at: SocketAddress): boolean => isLoopback(at) || at.address.startsWith("127.");

const isLoopback = ({ address }: SocketAddress): boolean =>
  address === "127.0.0.1" || address === "::1" || address === "localhost";

/** The parameters of what may be an answer, or the status that refuses what cannot be one. */
const judge = async (
  request: IncomingMessage,
  { names, path, formPost }: Judging,
): Promise<URLSearchParams | 400 | 403 | 404> => {
  const headers = pairs(request.rawHeaders);
  // A name that an attacker's DNS leads here is none of ours (security.md R-B1).
  if (!names.has(only(headers, "host") ?? "")) return 403;
  // What other pages load, frames too, is no page that a person is led to: it could use up the answers that are let pass.
  const { "sec-fetch-mode": mode = "navigate", "sec-fetch-dest": dest = "document" } = request.headers;
  if (mode !== "navigate" || dest !== "document") return 403;
  const target = request.url ?? "";
  const at = target.indexOf("?");
  if ((at < 0 ? target : target.slice(0, at)) !== path) return 404;
  const posted = formPost && request.method === "POST";
  if (!posted && (request.method !== "GET" || at < 0)) return 404;
  const text = posted ? await readForm(request) : target.slice(at + 1);
  if (text === undefined) return 400;
  const parameters = new URLSearchParams(text);
  for (const name of ["state", "code", "error", "iss"]) if (parameters.getAll(name).length > 1) return 400;
  return parameters;
};

const isOurs = async (
  { remoteAddress, remotePort, localAddress, localPort }: Socket,
  uids: PeerUids,
  uid: number | undefined,
): Promise<boolean> => {
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
