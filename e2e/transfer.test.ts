import { createHash } from "node:crypto";
import { once } from "node:events";
import { get, request, type IncomingMessage } from "node:http";
import { beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { open, type Opened } from "../test/opened.ts";
import { openKit, overCarrier, type Kit } from "./kit.ts";

const SIZE = 256 * 1024 * 1024;
const CHUNK = 1024 * 1024;

let kit: Kit;
beforeAll(async () => {
  kit = await openKit();
});

/** The kit's `/bytes`: byte i is (i ^ i>>8) & 255, which repeats every 64 KiB. */
const pattern = (length: number): Buffer => {
  const block = Buffer.alloc(65_536);
  for (let index = 0; index < block.length; index++) block[index] = (index ^ (index >> 8)) & 255;
  const whole = Buffer.alloc(length);
  for (let at = 0; at < length; at += block.length) block.copy(whole, at);
  return whole;
};

const expectedHash = (): string => {
  const hash = createHash("sha256");
  const chunk = pattern(CHUNK);
  for (let sent = 0; sent < SIZE; sent += CHUNK) hash.update(chunk);
  return hash.digest("hex");
};

const headers = (ui: Opened): Record<string, string> => ({ host: ui.origin.host, "x-kauth-token": ui.token });

describe.each(["spdy", "websocket"])("over %s", (carrier) => {
  const target = (): string[] => overCarrier(kit, carrier);

  test("256 MiB down arrive as they were sent", async () => {
    await using ui = await open(target());
    const hash = createHash("sha256");
    const [response] = (await once(
      get({ host: "127.0.0.1", port: ui.port, path: `/bytes?n=${SIZE}`, headers: headers(ui) }),
      "response",
    )) as [IncomingMessage];
    let length = 0;
    for await (const part of response as AsyncIterable<Buffer>) {
      length += part.length;
      hash.update(part);
    }
    expect(length).toBe(SIZE);
    expect(hash.digest("hex")).toBe(expectedHash());
  });

  test("256 MiB up arrive as they were sent", async () => {
    await using ui = await open(target());
    const sent = request({
      host: "127.0.0.1",
      port: ui.port,
      method: "POST",
      path: "/upload",
      headers: { ...headers(ui), "content-length": String(SIZE) },
    });
    const answered = once(sent, "response");
    const chunk = pattern(CHUNK);
    for (let done = 0; done < SIZE; done += CHUNK) if (!sent.write(chunk)) await once(sent, "drain");
    sent.end();
    const [response] = (await answered) as [IncomingMessage];
    const parts: Buffer[] = [];
    for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
    expect(JSON.parse(Buffer.concat(parts).toString())).toMatchObject({
      length: SIZE,
      sha256: expectedHash(),
    });
  });

  test("a WebSocket talks as alice", async () => {
    await using ui = await open(target());
    const socket = new WebSocket(`ws://127.0.0.1:${ui.port}/ws/whoami`, {
      headers: { ...headers(ui), origin: ui.origin.origin },
    });
    const [message] = (await once(socket, "message")) as [Buffer];
    expect(JSON.parse(message.toString())).toMatchObject({ user: "alice" });
    socket.close(1000);
    await once(socket, "close");
  });

  test("a WebSocket echoes large and small messages and keeps the close code", async () => {
    await using ui = await open(target());
    const socket = new WebSocket(`ws://127.0.0.1:${ui.port}/ws/echo?origin=strict`, ["one", "two"], {
      headers: { ...headers(ui), origin: ui.origin.origin },
    });
    await once(socket, "open");
    expect(socket.protocol).toBe("one");
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
      socket.send(pattern(size));
      const [back] = (await once(socket, "message")) as [Buffer];
      expect(back.equals(pattern(size))).toBe(true);
    }
    socket.send("close 4001");
    const [code] = (await once(socket, "close")) as [number];
    expect(code).toBe(4001);
  });

  test("events come as they are made", async () => {
    await using ui = await open(target());
    const [response] = (await once(
      get({ host: "127.0.0.1", port: ui.port, path: "/sse?ms=50&n=5", headers: headers(ui) }),
      "response",
    )) as [IncomingMessage];
    const times: number[] = [];
    let text = "";
    for await (const part of response as AsyncIterable<Buffer>) {
      times.push(performance.now());
      text += part.toString();
    }
    expect(text.match(/^id: /gm)?.length).toBe(5);
    expect(times.length).toBeGreaterThan(2);
  });
});
