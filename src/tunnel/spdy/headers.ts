import { KnownError } from "../../base/errors.ts";

/**
 * Header blocks without zlib: the name/value block travels in deflate's *stored* form, so neither side of ours ever
 * needs the SPDY dictionary, only its checksum in the zlib header.
 * @see tunnel.md §1.2 "Header block"
 */

/** zlib header with the SPDY/3 dictionary's Adler-32; only before the first block of a direction. */
const ZLIB_HEADER = Buffer.from("78f9e3c6a7c2", "hex");
/** Go's inflater gives its output only at an empty stored block, and the framer checks that all input was used. */
const SYNC_FLUSH = Buffer.from("000000ffff", "hex");
/** A stored block's length has 16 bits. */
const STORED_MAX = 0xffff;
/** Three are in use; a table of thousands would be somebody's attack. */
const HEADERS_MAX = 32;

/** What SYN_REPLY carries: no headers, as zlib compresses that. */
export const FIRST_EMPTY_BLOCK = Buffer.from("78f9e3c6a7c26260606000000000ffff", "hex");
export const LATER_EMPTY_BLOCK = Buffer.from("026100000000ffff", "hex");

export type StreamHeaders = readonly (readonly [name: string, value: string])[];

const u32 = (value: number): Buffer => {
  const word = Buffer.allocUnsafe(4);
  word.writeUInt32BE(value);
  return word;
};

/** Names must be lower case. `first`: whether this is the connection's first block in this direction. */
export function encodeHeaders(headers: StreamHeaders, first: boolean): Buffer {
  const table: Buffer[] = [u32(headers.length)];
  for (const pair of headers) {
    for (const text of pair) {
      const bytes = Buffer.from(text, "latin1");
      table.push(u32(bytes.length), bytes);
    }
  }
  const stored = Buffer.concat(table);
  if (stored.length > STORED_MAX) throw new RangeError("a header block holds at most 65535 bytes");
  const head = Buffer.alloc(5);
  head.writeUInt16LE(stored.length, 1);
  head.writeUInt16LE(stored.length ^ 0xffff, 3);
  return Buffer.concat([...(first ? [ZLIB_HEADER] : []), head, stored, SYNC_FLUSH]);
}

const malformed = (what: string): KnownError =>
  new KnownError("TUNNEL_PROTOCOL", `Cannot read a SPDY header block: ${what}`);

/**
 * The server's side of `encodeHeaders`. Reads stored blocks only: a client that really compresses is refused.
 * @throws {KnownError} TUNNEL_PROTOCOL
 */
export function decodeHeaders(block: Buffer): ReadonlyMap<string, string> {
  let at = block.subarray(0, ZLIB_HEADER.length).equals(ZLIB_HEADER) ? ZLIB_HEADER.length : 0;
  const parts: Buffer[] = [];
  while (at < block.length) {
    if (at + 5 > block.length || block[at] !== 0) throw malformed("compressed, wanted stored blocks");
    const length = block.readUInt16LE(at + 1);
    if ((length ^ 0xffff) !== block.readUInt16LE(at + 3)) throw malformed("a stored block's length is wrong");
    at += 5;
    if (at + length > block.length) throw malformed("a stored block ends early");
    parts.push(block.subarray(at, at + length));
    at += length;
  }
  return decodeTable(Buffer.concat(parts));
}

function decodeTable(table: Buffer): ReadonlyMap<string, string> {
  let at = 0;
  const word = (): number => {
    if (at + 4 > table.length) throw malformed("the table ends early");
    at += 4;
    return table.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = word();
    if (length > table.length - at) throw malformed("a header ends behind the table");
    at += length;
    return table.toString("latin1", at - length, at);
  };
  const count = word();
  if (count > HEADERS_MAX) throw malformed(`${count} headers, wanted at most ${HEADERS_MAX}`);
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    const name = text();
    if (name !== name.toLowerCase()) throw malformed(`header ${JSON.stringify(name)} is not in lower case`);
    headers.set(name, text());
  }
  return headers;
}
