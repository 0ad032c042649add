import { endianness } from "node:os";

/** One socket in `/proc/net/tcp` or `/proc/net/tcp6`. */
export interface SocketRow {
  readonly uid: number;
  /** Two hexadecimal digits: `0A` listens, `01` is established. */
  readonly state: string;
  /** 0 when no process holds the socket any more; its uid says nothing then. */
  readonly inode: number;
}

export interface SocketAddress {
  /** An IPv4 or IPv6 literal without brackets. */
  readonly address: string;
  readonly port: number;
}

const LISTENING = "0A";

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");

/** The kernel prints each 32-bit word of an address in the machine's own byte order. */
const hexWords = (octets: readonly number[], order: "LE" | "BE"): string => {
  const words: string[] = [];
  for (let index = 0; index < octets.length; index += 4) {
    const word = octets.slice(index, index + 4);
    if (order === "LE") word.reverse();
    words.push(...word.map((octet) => octet.toString(16).toUpperCase().padStart(2, "0")));
  }
  return words.join("");
};

const v4Octets = (address: string): readonly number[] => address.split(".").map(Number);

const MAPPED: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const LOOPBACK_6: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/**
 * How the tables write a loopback address: an IPv4 address stands in `tcp`, or in `tcp6` in its mapped form when
 * its owner uses an IPv6 socket. Empty for anything that is not loopback.
 */
export const tableForms = (at: SocketAddress, order: "LE" | "BE" = endianness()): readonly string[] => {
  const port = hexPort(at.port);
  if (at.address === "::1") return [`${hexWords(LOOPBACK_6, order)}:${port}`];
  const plain = at.address.startsWith("::ffff:") ? at.address.slice(7) : at.address;
  if (!plain.startsWith("127.")) return [];
  const octets = v4Octets(plain);
  return [`${hexWords(octets, order)}:${port}`, `${hexWords([...MAPPED, ...octets], order)}:${port}`];
};

const rowAt = (table: Buffer, start: number): SocketRow | undefined => {
  const end = table.indexOf("\n", start);
  const fields = table
    .toString("latin1", start, end === -1 ? table.length : end)
    .trim()
    .split(/ +/);
  // st, tx:rx queue, tr:tm->when, retrnsmt, uid, timeout, inode
  const [state, , , , uid, , inode] = fields;
  if (state === undefined || uid === undefined || inode === undefined) return undefined;
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(inode)) return undefined;
  return { uid: Number(uid), state, inode: Number(inode) };
};

/** How a row may write both ends. */
const pairForms = (local: SocketAddress, remote: SocketAddress, order: "LE" | "BE"): readonly string[] => {
  const theirs = tableForms(remote, order);
  return tableForms(local, order).flatMap((mine) => theirs.map((other) => `${mine} ${other}`));
};

/** The row of the socket whose own end is `local` and whose other end is `remote`. */
export const findConnection = (
  /** As it was read. */
  table: Buffer,
  local: SocketAddress,
  remote: SocketAddress,
  order: "LE" | "BE" = endianness(),
): SocketRow | undefined => {
  for (const pair of pairForms(local, remote, order)) {
    const needle = `: ${pair} `;
    const at = table.indexOf(needle);
    if (at !== -1) return rowAt(table, at + needle.length);
  }
  return undefined;
};

const COLON = 0x3a;
const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** The same for many questions of one table: a search for each takes a millisecond where there are thousands of rows. */
export const connectionsOf = (
  table: Buffer,
  order: "LE" | "BE" = endianness(),
): ((local: SocketAddress, remote: SocketAddress) => SocketRow | undefined) => {
  const rows = new Map<string, number>();
  for (let start = 0; start < table.length;) {
    const found = table.indexOf(LINE_FEED, start);
    const end = found === -1 ? table.length : found;
    const from = table.indexOf(COLON, start) + 2;
    const remote = table.indexOf(SPACE, from) + 1;
    const rest = table.indexOf(SPACE, remote);
    start = end + 1;
    // The first line has the names of the columns.
    if (from === 1 || remote === 0 || rest === -1 || rest > end) continue;
    const pair = table.toString("latin1", from, rest);
    if (!rows.has(pair)) rows.set(pair, rest + 1);
  }
  return (local, remote) => {
    const at = pairForms(local, remote, order)
      .map((pair) => rows.get(pair))
      .find((each) => each !== undefined);
    return at === undefined ? undefined : rowAt(table, at);
  };
};

/** Who listens on `port` of `address`, or of every address. */
export const findListener = (
  /** As it was read. */
  table: Buffer,
  at: SocketAddress,
  order: "LE" | "BE" = endianness(),
): SocketRow | undefined => {
  const port = hexPort(at.port);
  const wildcards = [`${"0".repeat(8)}:${port}`, `${"0".repeat(32)}:${port}`];
  for (const mine of [...tableForms(at, order), ...wildcards]) {
    const needle = `: ${mine} `;
    for (let found = table.indexOf(needle); found !== -1; found = table.indexOf(needle, found + 1)) {
      const rest = table.indexOf(" ", found + needle.length);
      const row = rest === -1 ? undefined : rowAt(table, rest + 1);
      if (row?.state === LISTENING) return row;
    }
  }
  return undefined;
};
