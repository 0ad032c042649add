import * as net from "node:net";

/** The 4 or 16 bytes of an IP address, in network order; undefined for anything else. A zone is no part of it. */
export const addressBytes = (text: string): Buffer | undefined => {
  const address = text.replace(/%.*$/, "");
  if (net.isIP(address) === 0) return undefined;
  if (net.isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
};

const groups = (part: string): readonly number[] =>
  part
    .split(":")
    .filter((group) => group !== "")
    .flatMap((group) => {
      if (!group.includes(".")) return [Number.parseInt(group, 16)];
      const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
      return [a * 256 + b, c * 256 + d];
    });

/** An IPv4 address inside an IPv6 one (::ffff:1.2.3.4) is that IPv4 address, as Go compares them. */
export const canonicalBytes = (text: string): Buffer | undefined => {
  const bytes = addressBytes(text);
  if (bytes?.length !== 16) return bytes;
  const mapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes.readUInt16BE(10) === 0xffff;
  return mapped ? bytes.subarray(12) : bytes;
};
