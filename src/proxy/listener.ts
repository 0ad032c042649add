import { createServer, type Server } from "node:http";
import { KnownError } from "../base/errors.ts";
import { bindLoopback, bothFamilies, parseListenAddress, show, type Bound } from "../base/listen.ts";
import type { SocketAddress } from "../base/proc-net.ts";
import type { System } from "../base/system.ts";
import { KiB } from "../base/units.ts";

/** Without `--address` these and no others: a page keeps its origin, and no port is taken in silence. */
const DEFAULT_PORTS: readonly number[] = [18_000, 28_000];

/** Big cookies of single sign-on reach 16 KiB; more is refused with 431. */
const HEAD_LIMIT = KiB(32);
/** Milliseconds. A head comes at once or its sender is stalling; F17 and F18 want it gone within 12 s. */
const HEAD_TIME = 10_000;
const CHECK_EVERY = 1_000;
/** Milliseconds. Longer than the pauses between the polls of a UI. */
const IDLE_TIME = 65_000;
/** Tabs hold six connections each and any number of WebSockets; behind it the file descriptors run out. */
const CONNECTIONS_MAX = 4_096;

export interface ListenPlan {
  /** The values of `--address`, `IP:PORT`; they replace the default ports. */
  readonly addresses: readonly string[];
  /** With `--origin ip`: the 127/8 address that is the origin. Undefined: origins have names. */
  readonly ip: string | undefined;
}

/** Our addresses, bound; nobody is served yet. */
export interface ProxyListener extends AsyncDisposable {
  readonly bound: readonly Bound<Server>[];
  /** The port that links are made with. */
  readonly port: number;
  /** `127.0.0.1:18000`, `[::1]:18000` */
  readonly addresses: readonly string[];
}

/** Whoever comes before we serve is sent away; `serveProxy` takes this off. */
export const REFUSE_EARLY = (socket: { destroy(): void }): void => socket.destroy();

const createHttpServer = (): Server => {
  const server = createServer({
    maxHeaderSize: HEAD_LIMIT,
    headersTimeout: HEAD_TIME,
    connectionsCheckingInterval: CHECK_EVERY,
    keepAliveTimeout: IDLE_TIME,
    // Uploads take as long as they take.
    requestTimeout: 0,
    // The gate says it, in its own words.
    requireHostHeader: false,
    noDelay: true,
  });
  // Past a limit Node drops headers in silence, and the gate would not see them (security.md finding 11).
  server.maxHeadersCount = 0;
  server.maxConnections = CONNECTIONS_MAX;
  server.on("connection", REFUSE_EARLY);
  return server;
};

/**
 * Binds the first candidate of the plan that is free, all of it or nothing.
 * @throws {KnownError} LISTEN_ADDRESS (exit 2), PORT_TAKEN, LISTEN_FAILED (exit 1)
 */
export async function openListener(
  plan: ListenPlan,
  system: System,
  /** Who has an address that is taken, in words. Default: what the system tells. */
  whose?: (at: SocketAddress) => Promise<string | undefined>,
): Promise<ProxyListener> {
  const bound = await bindLoopback(
    { create: createHttpServer, candidates: candidatesOf(plan), whose },
    system,
  );
  return {
    bound,
    port: bound[0]?.port ?? 0,
    addresses: bound.map(show),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        bound.map(
          ({ server }) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeAllConnections();
            }),
        ),
      );
    },
  };
}

type Candidates = readonly (readonly SocketAddress[])[];

/**
 * What is tried in turn; the first that is free is taken. Given addresses replace the default ports, as kauthproxy's
 * `--address` did (open.md §1.1).
 * @throws {KnownError} LISTEN_ADDRESS, exit 2
 */
export const candidatesOf = (plan: ListenPlan): Candidates => {
  const { ip } = plan;
  if (plan.addresses.length === 0)
    return DEFAULT_PORTS.map((port) => (ip === undefined ? bothFamilies(port) : [{ address: ip, port }]));
  return plan.addresses.map((text) => {
    const at = parseListenAddress(text);
    if (ip !== undefined) return [at];
    // A stranger on 127.0.0.1 would get every link, since that is where browsers take the names.
    if (at.address !== "127.0.0.1" && at.address !== "::1")
      throw new KnownError(
        "LISTEN_ADDRESS",
        `Cannot listen on "${text}": browsers look for the names of the pages on 127.0.0.1 and [::1] only`,
        { hint: `Use --address 127.0.0.1:${at.port}, or add --origin ip.` },
      );
    return bothFamilies(at.port);
  });
};
