import { createHash } from "node:crypto";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { dataPlane, request, settle, SOON } from "../../../test/proxy/data-plane.ts";
import { RequestBody } from "./request-body.ts";

const PART = 64 * 1024;

const bodyOf = (heard: string): string => heard.slice(heard.indexOf("\r\n\r\n") + 4);

/** Chunks as the pod reads them; what is no chunk makes it fail. */
const unchunk = (text: string): string => {
  let body = "";
  for (let at = 0; ;) {
    const size = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 20));
    if (size === null) throw new TypeError(`no chunk at ${at}`);
    const start = at + size[0].length;
    const end = start + Number.parseInt(size[1] ?? "", 16);
    expect(text.slice(end, end + 2)).toBe("\r\n");
    if (end === start) {
      expect(text.slice(end + 2)).toBe("");
      return body;
    }
    body += text.slice(start, end);
    at = end + 2;
  }
};

test("property: R-E6 a body in any pieces arrives whole, in either framing", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(pieces, fc.boolean(), async (parts, chunked) => {
      await using plane = dataPlane({ pod: () => undefined });
      const body = Buffer.concat(parts);
      const framing = chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
      const client = plane.open();
      client.send(request("POST /", [framing]));
      for (const part of parts) {
        if (chunked) client.send(`${part.length.toString(16)}\r\n`);
        client.send(Buffer.from(part));
        if (chunked) client.send("\r\n");
      }
      if (chunked) client.send("0\r\n\r\n");
      await settle();
      const got = bodyOf(plane.streams[0]?.heard ?? "");
      expect(chunked ? unchunk(got) : got).toBe(body.toString("latin1"));
    }),
    { numRuns: 40 },
  );
});

test.each([
  ["a length", "Content-Length: 1048576", false],
  ["chunks", "Transfer-Encoding: chunked", true],
] as const)("F15: a pod that does not read stops the client, with %s", async (_name, framing, chunked) => {
  await using plane = dataPlane({ pod: (stream) => void stream.duplex.pause() });
  const part = Buffer.alloc(64 * 1024, "0123456789");
  const parts = 16;
  const framed = chunked ? Buffer.concat([Buffer.from("10000\r\n"), part, Buffer.from("\r\n")]) : part;
  const near = plane.connect();
  near.write(request("POST /", [framing]));
  await settle();
  let sent = 0;
  for (; sent < parts && !near.writableNeedDrain; sent += 1) {
    near.write(framed);
    await settle();
  }
  expect(sent).toBeLessThan(parts / 2);
  plane.streams[0]?.duplex.resume();
  for (; sent < parts; sent += 1) near.write(framed);
  if (chunked) near.write("0\r\n\r\n");
  const received = (): string => bodyOf(plane.streams[0]?.heard ?? "");
  await expect.poll(() => received().length, SOON).toBeGreaterThanOrEqual(parts * part.length);
  await settle();
  const digest = (text: string): string => createHash("sha256").update(text, "latin1").digest("hex");
  expect(digest(chunked ? unchunk(received()) : received())).toBe(digest(part.toString().repeat(parts)));
});

test("an answer that comes before the end of an upload lets the client finish and go on", async () => {
  await using plane = dataPlane({
    pod: (stream) => stream.say("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n"),
  });
  const client = await plane.ask(request("POST /", ["Content-Length: 300000"]));
  for (let turn = 0; turn < 3; turn += 1) client.send("a".repeat(100_000));
  await settle();
  client.send(request("POST /", ["Content-Length: 0"]));
  await settle();
  expect(client.statuses).toEqual([413, 413]);
});

test("a stream that takes nothing is waited for once, also when a body of many pieces is sent again", async () => {
  const asked = new IncomingMessage(new Socket());
  const body = new RequestBody(asked, false);
  body.sendTo(new PassThrough().resume());
  for (let turn = 0; turn < 20; turn += 1) {
    asked.push("piece");
    await settle();
  }
  asked.push(null);
  await settle();
  expect(body.replayable).toBe(true);
  const full = new PassThrough({ writableHighWaterMark: 8, readableHighWaterMark: 8 });
  body.sendTo(full);
  expect(full.listenerCount("drain")).toBe(1);
  let got = "";
  full.on("data", (part: Buffer) => (got += part.toString()));
  await settle();
  expect(got).toBe("piece".repeat(20));
  expect(full.listenerCount("drain")).toBe(0);
});

test.each([false, true])(
  "the memory of a large body goes back as it is written (chunked: %s)",
  async (chunked) => {
    const incoming = new IncomingMessage(new Socket());
    const body = new RequestBody(incoming, chunked);
    const hash = createHash("sha256");
    const target = new Duplex({
      read: () => undefined,
      write: (part: Buffer, _encoding, done) => {
        if (part.length === PART) hash.update(part);
        setImmediate(done);
      },
    });
    const parts = Array.from({ length: 8 }, (_part, at) => Buffer.from(new ArrayBuffer(PART)).fill(at + 1));
    const wanted = createHash("sha256").update(Buffer.concat(parts)).digest("hex");
    body.sendTo(target);
    for (const part of parts) incoming.push(part);
    incoming.push(null);
    await vi.waitFor(() => expect(parts.at(-1)?.length).toBe(0));
    expect(hash.digest("hex")).toBe(wanted);
    // The first is as large as what is kept for a second try; it was handed over before the body grew beyond that.
    expect(parts.map((part) => part.length)).toEqual([PART, 0, 0, 0, 0, 0, 0, 0]);
    expect(body.replayable).toBe(false);
  },
);

test("what shares its memory with something else keeps it", async () => {
  const incoming = new IncomingMessage(new Socket());
  const body = new RequestBody(incoming, false);
  const written: number[] = [];
  const target = new Duplex({
    read: () => undefined,
    write: (part: Buffer, _encoding, done) => {
      written.push(part.length);
      done();
    },
  });
  const whole = Buffer.from(new ArrayBuffer(4 * PART)).fill(1);
  body.sendTo(target);
  for (let at = 0; at < whole.length; at += PART) incoming.push(whole.subarray(at, at + PART));
  incoming.push(null);
  await vi.waitFor(() => expect(written).toHaveLength(4));
  await new Promise((resolve) => setImmediate(resolve));
  expect(whole.length).toBe(4 * PART);
});
