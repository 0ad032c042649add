import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { getRequest, serveFake, sessionRequest, type Served } from "../../test/proxy/fake-site.ts";

const SOON = { timeout: 10_000, interval: 5 } as const;
const HALF_A_DAY = 12 * 3_600_000;

let served: Served;
let host: string;

beforeEach(async () => {
  served = await serveFake();
  host = `${served.site.host}:${served.port}`;
});
afterEach(async () => {
  await served[Symbol.asyncDispose]();
});

const linkToken = (): string =>
  new URL(served.proxy.newLaunch(served.site, { printed: true }).url.reveal()).hash.slice(1);

/** Spends a token; the cookie that was given for it, or the status that was answered instead. */
const spend = async (token: string): Promise<string> => {
  const { text, statuses } = await served.raw(sessionRequest(host, token));
  return /^set-cookie: ([^;]+);/im.exec(text)?.[1] ?? String(statuses[0]);
};

interface Open {
  readonly socket: Socket;
  readonly text: () => string;
  readonly closed: () => boolean;
}

/** A connection that stays, with what was heard on it. */
const open = async (bytes: string): Promise<Open> => {
  const socket = connect(served.port, "127.0.0.1");
  let text = "";
  let closed = false;
  socket.on("error", () => undefined);
  socket.on("data", (part: Buffer) => (text += part.toString("latin1")));
  socket.once("close", () => (closed = true));
  await once(socket, "connect");
  socket.write(bytes);
  return { socket, text: () => text, closed: () => closed };
};

const page = (path: string, cookie: string): string =>
  getRequest(host, path, [`Cookie: ${cookie}`, "Sec-Fetch-Site: same-origin"]).replace(
    "Connection: close\r\n",
    "",
  );

const webSocket = (cookie: string): string =>
  page("/ws", cookie).replace(
    "\r\n\r\n",
    `\r\nOrigin: http://${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );

const upload = (cookie: string): string =>
  `POST /up HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nCookie: ${cookie}\r\nContent-Length: 1000\r\n\r\nhello`;

/** What may be open through a session: a WebSocket, an answer that does not end, an upload, a connection for later. */
const openAll = async (cookie: string): Promise<readonly Open[]> => {
  const before = served.recorder.active;
  // What is held already stays held; this one is answered.
  served.recorder.hold()();
  const idle = await open(page("/idle", cookie));
  await expect.poll(idle.text, SOON).toContain("seen\n");
  served.recorder.hold();
  const all = [
    await open(webSocket(cookie)),
    await open(page("/events", cookie)),
    await open(upload(cookie)),
  ];
  await expect.poll(() => served.recorder.active - before, SOON).toBe(3);
  return [...all, idle];
};

const closedOf = (all: readonly Open[]): readonly boolean[] => all.map(({ closed }) => closed());
const gone = [true, true, true, true];
const there = [false, false, false, false];

describe("R-N7: a launch link that is used twice", () => {
  test("ends all that is open through its session, and nothing else", async () => {
    const other = await openAll(await spend(linkToken()));
    const token = linkToken();
    const mine = await openAll(await spend(token));
    expect(await spend(token)).toBe("403");
    await expect.poll(() => closedOf(mine), SOON).toEqual(gone);
    expect(closedOf(other)).toEqual(there);
    expect(served.recorder.active).toBe(3);
    expect(served.recorder.forgotten).toEqual(["web-2"]);
  });

  test("does not end what programs have open", async () => {
    const token = linkToken();
    await spend(token);
    served.recorder.hold();
    const api = await open(
      getRequest(host, "/events", [`X-Kauth-Token: ${served.proxy.apiToken.reveal()}`]).replace(
        "Connection: close\r\n",
        "",
      ),
    );
    await expect.poll(() => served.recorder.active, SOON).toBe(1);
    expect(await spend(token)).toBe("403");
    expect((await served.raw(getRequest(host, "/__kauth/health"))).statuses).toEqual([204]);
    expect(api.closed()).toBe(false);
  });

  test("by a page of the session is still answered", async () => {
    const token = linkToken();
    const { text, closed, socket } = await open(page("/", await spend(token)));
    await expect.poll(text, SOON).toContain("seen\n");
    socket.write(sessionRequest(host, token));
    await expect.poll(closed, SOON).toBe(true);
    expect(text()).toMatch(/HTTP\/1\.1 403 Forbidden\r\n[^]*this launch link has been used or is too old/);
  });

  test("by a connection that has an answer open closes that one, too", async () => {
    const token = linkToken();
    served.recorder.hold();
    const events = await open(page("/events", await spend(token)));
    await expect.poll(() => served.recorder.active, SOON).toBe(1);
    events.socket.write(sessionRequest(host, token));
    await expect.poll(events.closed, SOON).toBe(true);
    expect(served.recorder.forgotten).toEqual(["web-1"]);
  });
});

describe("R-C6", () => {
  test("twelve idle hours end all that is open, although nobody asks for anything", async () => {
    const mine = await openAll(await spend(linkToken()));
    served.clock.advance(HALF_A_DAY - 1_000);
    expect((await served.raw(getRequest(host, "/__kauth/health"))).statuses).toEqual([204]);
    expect(closedOf(mine)).toEqual(there);
    served.clock.advance(61_000);
    await expect.poll(() => closedOf(mine), SOON).toEqual(gone);
    expect(served.recorder.forgotten).toEqual(["web-1"]);
  });

  test("a session that makes way for a new one ends with all that is open", async () => {
    const mine = await openAll(await spend(linkToken()));
    for (let count = 0; count < 32; count += 1) {
      expect(closedOf(mine)).toEqual(there);
      await spend(linkToken());
    }
    await expect.poll(() => closedOf(mine), SOON).toEqual(gone);
    expect(served.recorder.forgotten).toEqual(["web-1"]);
  });
});

test("one connection that was used by two sessions ends with either", async () => {
  const first = linkToken();
  const cookies = [await spend(first), await spend(linkToken())];
  const both = await open(cookies.map((cookie) => page("/", cookie)).join(""));
  await expect.poll(() => both.text().match(/seen\n/g)?.length, SOON).toBe(2);
  expect(await spend(first)).toBe("403");
  await expect.poll(both.closed, SOON).toBe(true);
});
