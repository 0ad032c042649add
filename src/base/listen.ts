import type { Server } from "node:net";
import { KnownError, messageOf, systemCode } from "./errors.ts";
import { findListener, type SocketAddress, type SocketRow } from "./proc-net.ts";
import { socketOwner } from "./socket-owner.ts";
import type { System } from "./system.ts";
import { MiB } from "./units.ts";

const LOOPBACK_4 = "127.0.0.1";
const LOOPBACK_6 = "::1";

/**
 * Reads `IP:PORT`. Only loopback literals are taken: names, other addresses and the unspecified address would let
 * other machines or other names in (security.md R-A1). Port 0 means a random one.
 * @throws {KnownError} LISTEN_ADDRESS, exit 2
 */
export function parseListenAddress(text: string): SocketAddress {
  const match = /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<four>[0-9.]+)):(?<port>0|[1-9]\d{0,4})$/.exec(text);
  const { six, four, port } = match?.groups ?? {};
  const address = six ?? four;
  const bad = (wanted: string): KnownError =>
    new KnownError("LISTEN_ADDRESS", `Cannot listen on "${text}": ${wanted}`);
  if (address === undefined || port === undefined)
    throw bad("it must be a loopback address and a port, such as 127.0.0.1:18000 or [::1]:18000");
  if (Number(port) > 65_535) throw bad("the port must be at most 65535");
  if (six !== undefined && six !== LOOPBACK_6)
    throw bad("only loopback addresses are allowed, in IPv6 [::1]");
  if (four !== undefined && !isLoopback4(four))
    throw bad("only loopback addresses are allowed, 127.0.0.1 to 127.255.255.254");
  return { address, port: Number(port) };
}

/** Four plain decimal octets that begin with 127; `127.1` and `0177.0.0.1` mean other things to other programs. */
const isLoopback4 = (text: string): boolean => {
  const octets = text.split(".");
  return (
    octets.length === 4 &&
    octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255) &&
    octets[0] === "127"
  );
};

export interface Bound<S extends Server> {
  readonly server: S;
  readonly address: string;
  readonly port: number;
}

export interface BindOptions<S extends Server> {
  /** Makes one server for each address. It must not answer anybody before it is told to: see `bindLoopback`. */
  readonly create: () => S;
  /** Tried in turn; the addresses of one candidate are bound together or not at all. */
  readonly candidates: readonly (readonly SocketAddress[])[];
  /** Who has an address that is taken, in words such as `kauth (pid 1)`; asked before anything else is. Default: nobody knows. */
  readonly whose?: ((at: SocketAddress) => Promise<string | undefined>) | undefined;
}

/**
 * Both loopback addresses at one port. Browsers take a `*.localhost` name to either of them, so a stranger on the
 * other one would get the page (security.md finding 1).
 */
export const bothFamilies = (port: number): readonly SocketAddress[] => [
  { address: LOOPBACK_4, port },
  { address: LOOPBACK_6, port },
];

/** How often a random port is drawn again because the other family had it already. */
const RANDOM_TRIES = 20;

/**
 * Binds every address of the first candidate that is free. A server that is bound may be connected to, so the
 * caller lets it serve only after this has resolved: then all of its addresses are ours (security.md R-N17).
 *
 * ::1 is left out where the machine has none. Within one candidate port 0 stands for one random port.
 * @throws {KnownError} PORT_TAKEN with the owner, LISTEN_FAILED; both exit 1, nothing stays bound
 */
export async function bindLoopback<S extends Server>(
  options: BindOptions<S>,
  system: System,
): Promise<readonly Bound<S>[]> {
  const taken: SocketAddress[] = [];
  for (const candidate of options.candidates) {
    const random = candidate.some(({ port }) => port === 0);
    for (let attempt = 0; attempt < (random ? RANDOM_TRIES : 1); attempt += 1) {
      const result = await bindTogether(candidate, options.create);
      if ("bound" in result) return result.bound;
      if (!random) taken.push(result.taken);
    }
  }
  throw await takenError(taken, options.whose, system);
}

type Together<S extends Server> = { readonly bound: readonly Bound<S>[] } | { readonly taken: SocketAddress };

const bindTogether = async <S extends Server>(
  wanted: readonly SocketAddress[],
  create: () => S,
): Promise<Together<S>> => {
  const bound: Bound<S>[] = [];
  let random: number | undefined;
  for (const { address, port } of wanted) {
    const server = create();
    const at = { address, port: port === 0 ? (random ?? 0) : port };
    try {
      const real = await listen(server, at);
      if (port === 0) random ??= real;
      bound.push({ server, address, port: real });
    } catch (error) {
      const code = systemCode(error);
      if (address === LOOPBACK_6 && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT")) continue;
      await Promise.all(bound.map((one) => close(one.server)));
      if (code === "EADDRINUSE") return { taken: at };
      throw new KnownError(
        "LISTEN_FAILED",
        `Cannot listen on ${show(at)}: ${code === "EACCES" ? "this user may not use that port" : messageOf(error)}`,
        { cause: error },
      );
    }
  }
  if (bound.length === 0)
    throw new KnownError(
      "LISTEN_FAILED",
      "Cannot listen: this machine has no loopback address that was asked for",
    );
  return { bound };
};

/**
 * Binds an address that an administrator chose, loopback or not: for the one server that is for other machines, which is
 * `kauth iam server`. Nothing that serves a person's pages comes here (security.md R-A1).
 * @throws {KnownError} PORT_TAKEN with the owner, LISTEN_FAILED
 */
export async function bindAny<S extends Server>(
  server: S,
  at: SocketAddress,
  system: System,
): Promise<Bound<S>> {
  try {
    return { server, address: at.address, port: await listen(server, at) };
  } catch (error) {
    if (systemCode(error) === "EADDRINUSE") throw await takenError([at], undefined, system);
    throw new KnownError("LISTEN_FAILED", `Cannot listen on ${show(at)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const listen = (server: Server, { address, port }: SocketAddress): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port, exclusive: true, ipv6Only: true }, () => {
      server.off("error", reject);
      const real = server.address();
      resolve(typeof real === "object" && real !== null ? real.port : port);
    });
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

export const show = ({ address, port }: SocketAddress): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

/** Rows of `/proc/net/tcp` have 150 bytes. */
const TABLE_LIMIT = MiB(64);

const takenError = async (
  taken: readonly SocketAddress[],
  whose: BindOptions<Server>["whose"],
  system: System,
): Promise<KnownError> => {
  const first = taken[0];
  if (first === undefined)
    return new KnownError("PORT_TAKEN", "Cannot listen: no random port was free on both loopback addresses");
  const owners = await Promise.all(
    taken.map(async (at) => {
      const who = (await whose?.(at).catch(() => undefined)) ?? (await ownerText(at, system));
      return `${show(at)} belongs to ${who}`;
    }),
  );
  const ports = [...new Set(taken.map(({ port }) => port))];
  return new KnownError("PORT_TAKEN", `Cannot listen on port ${ports.join(" or ")}: ${owners.join(", ")}`, {
    hint: `See who it is with \`ss -ltnp 'sport = :${first.port}'\`, or choose another port: --address 127.0.0.1:PORT (0 for a random one).`,
  });
};

const ownerText = async (at: SocketAddress, system: System): Promise<string> => {
  const row = await listenerRow(at, system);
  if (row === undefined) return "another program";
  const owner = await socketOwner(row.inode, system);
  const program = owner === undefined ? "" : `, ${owner.program} (pid ${owner.pid})`;
  return `${row.uid === system.uid ? "a program of yours" : `user id ${row.uid}`}${program}`;
};

const listenerRow = async (at: SocketAddress, system: System): Promise<SocketRow | undefined> => {
  if (system.platform !== "linux") return undefined;
  for (const path of ["/proc/self/net/tcp", "/proc/self/net/tcp6"]) {
    const table = await system.files.read(path, TABLE_LIMIT).catch(() => undefined);
    const row = table === undefined ? undefined : findListener(table, at);
    if (row !== undefined) return row;
  }
  return undefined;
};
