import { once } from "node:events";
import { connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { KnownError } from "./errors.ts";
import { peerUids } from "./peer-uid.ts";
import { connectionsOf, findConnection, findListener, tableForms } from "./proc-net.ts";
import { realSystem } from "./system.ts";
import { KiB, millis } from "./units.ts";

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4650 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 41 1 0 100 0 0 10 0
   1: 0100007F:4650 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 42 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:4650 01 00000000:00000000 00:00000000 00000000  1000        0 43 1 0 20 4 30 10 -1
   3: 0100007F:C351 0100007F:4650 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0
   4: 0200007F:C350 0100007F:4650 01 00000000:00000000 00:00000000 00000000  2000        0 44 1 0
   5: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    65        0 45 1 0
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:4650 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    34        0 51 1 0
   1: 00000000000000000000000001000000:C352 00000000000000000000000001000000:4650 01 00000000:00000000 00:00000000 00000000  1001        0 52 1 0
   2: 0000000000000000FFFF00000100007F:C353 0000000000000000FFFF00000100007F:4650 01 00000000:00000000 00:00000000 00000000  1002        0 53 1 0
`;

const ours = { address: "127.0.0.1", port: 18_000 };
const at = (port: number, address = "127.0.0.1") => ({ address, port });

describe("the kernel's tables", () => {
  test.each([
    ["the client's row, not the server's", at(0xc350), ours, 1000],
    ["the same port of another address", at(0xc350, "127.0.0.2"), ours, 2000],
    ["IPv6", at(0xc352, "::1"), at(18_000, "::1"), 1001],
    ["an IPv6 socket that speaks IPv4", at(0xc353), ours, 1002],
    ["mapped as the server sees it", at(0xc350, "::ffff:127.0.0.1"), at(18_000, "::ffff:127.0.0.1"), 1000],
    ["a port that is not there", at(0xc359), ours, undefined],
    ["another server port", at(0xc350), at(18_001), undefined],
  ])("%s", (_, peer, server, uid) => {
    expect(findConnection(Buffer.from(TCP + TCP6), peer, server, "LE")?.uid).toBe(uid);
    expect(connectionsOf(Buffer.from(TCP + TCP6), "LE")(peer, server)?.uid).toBe(uid);
  });

  test("a socket without a process is told by its inode", () => {
    expect(findConnection(Buffer.from(TCP), at(0xc351), ours, "LE")).toEqual({
      uid: 0,
      state: "06",
      inode: 0,
    });
  });

  test.each([
    ["own address", at(18_000), 33],
    ["IPv6", at(18_000, "::1"), 34],
    ["a wildcard", at(8_080), 65],
    ["nobody", at(9), undefined],
  ])("listener: %s", (_, where, uid) => {
    expect(findListener(Buffer.from(TCP + TCP6), where, "LE")?.uid).toBe(uid);
  });

  test("byte order is the machine's", () => {
    expect(tableForms(at(80), "LE")).toEqual(["0100007F:0050", "0000000000000000FFFF00000100007F:0050"]);
    expect(tableForms(at(80), "BE")).toEqual(["7F000001:0050", "00000000000000000000FFFF7F000001:0050"]);
    expect(tableForms(at(80, "::1"), "BE")).toEqual(["00000000000000000000000000000001:0050"]);
    expect(tableForms(at(80, "10.0.0.1"))).toEqual([]);
  });
});

/** Look-ups in a time of their own, in which a read takes so many milliseconds. */
const timed = async (reading: number) => {
  const system = realSystem();
  let now = 1_000;
  const slept: number[] = [];
  const readAt: number[] = [];
  const uids = await peerUids({
    ...system,
    monotonic: () => millis(now),
    sleep: (time) => {
      slept.push(time);
      now += time;
      return Promise.resolve();
    },
    files: {
      ...system.files,
      readNow: () => {
        readAt.push(now);
        now += reading;
        return Buffer.from(TCP);
      },
    },
  });
  // The first read was only to see whether it can be done.
  readAt.length = 0;
  return {
    slept,
    readAt,
    ask: async () => await uids?.uidOf(at(0xc350), ours),
    /** After what an answer brings about. */
    pass: async (time: number): Promise<void> => {
      await new Promise((resolve) => void setImmediate(resolve));
      now += time;
    },
  };
};

describe.runIf(process.platform === "linux")("look-ups", () => {
  test("many at once are answered by few reads, each with the right user", async () => {
    let reads = 0;
    const system = realSystem();
    const uids = await peerUids({
      ...system,
      files: {
        ...system.files,
        readNow: (path, limit, memory) => {
          reads += 1;
          return system.files.readNow(path, limit, memory);
        },
      },
    });
    if (uids === undefined) throw new TypeError("this machine has no tables");
    reads = 0;
    const answers: Promise<number | undefined>[] = [];
    const server = createServer((socket) => {
      const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = socket;
      answers.push(
        uids.uidOf({ address: remoteAddress, port: remotePort }, { address: localAddress, port: localPort }),
      );
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const clients = Array.from({ length: 100 }, () => connect(port, "127.0.0.1"));
    await expect.poll(() => answers.length, { timeout: 15_000 }).toBe(100);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([system.uid]));
    // One for the first, one for those who came meanwhile, and some more where the machine is slow.
    expect(reads).toBeLessThan(20);
    for (const client of clients) client.destroy();
    server.close();
  });

  test("eight reads are made at once, then one every 50 ms for all that have come", async () => {
    const { ask, slept, readAt, pass } = await timed(0);
    for (let each = 0; each < 11; each += 1) expect(await ask()).toBe(1000);
    expect(slept).toEqual([50, 50, 50]);
    expect(readAt.filter((time) => time === readAt[0])).toHaveLength(8);
    await pass(10_000);
    await ask();
    expect(slept).toHaveLength(3);
  });

  test("who comes while the tables are read, or soon after, shares the next read", async () => {
    const { ask, slept, readAt, pass } = await timed(12);
    expect(await ask()).toBe(1000);
    await pass(4);
    await Promise.all(Array.from({ length: 20 }, ask));
    expect(slept).toEqual([20]);
    expect(readAt).toHaveLength(2);
    await pass(24);
    await ask();
    expect(slept).toEqual([20]);
    expect(readAt).toHaveLength(3);
  });

  test("a client that has closed is nobody, not root", async () => {
    const system = realSystem();
    const uids = await peerUids(system);
    const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const client = connect(port, "127.0.0.1");
    const [socket] = await once(server, "connection");
    const peer = { address: socket.remoteAddress, port: socket.remotePort };
    const own = { address: socket.localAddress, port: socket.localPort };
    client.destroy();
    await once(client, "close");
    expect(await uids?.uidOf(peer, own)).toBeUndefined();
    socket.destroy();
    server.close();
  });

  test.each([
    ["a table that has missed it once is read again", ["", "", TCP], 1000],
    ["a table that never has it tells nobody", [""], undefined],
  ])("%s", async (_, tables, uid) => {
    const system = realSystem();
    const left = [...tables];
    const readNow = (): Buffer => Buffer.from((left.length > 1 ? left.shift() : left[0]) ?? "");
    const uids = await peerUids({ ...system, files: { ...system.files, readNow } });
    expect(await uids?.uidOf(at(0xc350), ours)).toBe(uid);
  });

  test("a table that has grown is read without holding everything up", async () => {
    const system = realSystem();
    let waited = 0;
    const files = {
      ...system.files,
      readNow: (): Buffer => {
        throw new KnownError("FILE_TOO_LARGE", "Cannot read the table");
      },
      read: (path: string): Promise<Buffer> => {
        waited += 1;
        return Promise.resolve(Buffer.from(path.endsWith("6") ? TCP6 : TCP + " ".repeat(KiB(257))));
      },
    };
    const uids = await peerUids({ ...system, files });
    expect(await uids?.uidOf(at(0xc350), ours)).toBe(1000);
    expect(waited).toBe(1);
  });

  test("other systems have no such check", async () => {
    expect(await peerUids({ ...realSystem(), platform: "darwin" })).toBeUndefined();
  });
});
