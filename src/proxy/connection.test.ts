import { Socket } from "node:net";
import { expect, test } from "vitest";
import { openConnection } from "./connection.ts";

test.each([
  ["our own", 1000, true],
  ["root's", 0, true],
  ["another user's", 1001, false],
  ["nobody's any more", undefined, false],
])("a connection that is %s", async (_, uid, trusted) => {
  const strangers: (number | undefined)[] = [];
  const socket = new Socket();
  // An address that never was connected is not asked about.
  Object.defineProperties(socket, {
    remoteAddress: { value: "127.0.0.1" },
    remotePort: { value: 50_000 },
    localAddress: { value: "127.0.0.1" },
    localPort: { value: 18_000 },
  });
  const connection = openConnection(socket, {
    uids: { uidOf: () => Promise.resolve(uid) },
    uid: 1000,
    onStranger: (who) => strangers.push(who),
  });
  expect(connection.trusted).toBeUndefined();
  await connection.decided;
  expect(connection.trusted).toBe(trusted);
  expect(strangers).toEqual(trusted ? [] : [uid]);
  expect(socket.destroyed).toBe(!trusted);
});
