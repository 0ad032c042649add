import { expect, test } from "vitest";
import { addressBytes, canonicalBytes } from "./ip.ts";

test.each([
  ["10.1.2.3", "0a010203"],
  ["255.255.255.255", "ffffffff"],
  ["::", "0".repeat(32)],
  ["::1", `${"0".repeat(31)}1`],
  ["fd00::1", `fd00${"0".repeat(27)}1`],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1::8", `0001${"0".repeat(24)}0008`],
  ["fe80::1%eth0", `fe80${"0".repeat(27)}1`],
  ["::ffff:10.1.2.3", `${"0".repeat(20)}ffff0a010203`],
  ["64:ff9b::192.0.2.1", "0064ff9b0000000000000000c0000201"],
])("%s", (text, wanted) => {
  expect(addressBytes(text)?.toString("hex")).toBe(wanted);
});

test.each(["", "localhost", "10.1.2", "010.1.2.3", "[::1]", ":::", "1:2", "10.1.2.3:80"])(
  "%j is no address",
  (text) => {
    expect(addressBytes(text)).toBeUndefined();
  },
);

test("IPv4 within IPv6 is IPv4", () => {
  expect(canonicalBytes("::ffff:10.1.2.3")?.toString("hex")).toBe("0a010203");
  expect(canonicalBytes("::fffe:10.1.2.3")?.length).toBe(16);
});
