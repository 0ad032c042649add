import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataPlane, OURS, request, settle, type Client } from "../../../test/proxy/data-plane.ts";
import { GOOD, UPGRADE, upgraded } from "../../../test/proxy/upgraded.ts";
import { KnownError } from "../../base/errors.ts";

const LOST = `\x88\x1c\x03\xf4the way to the UI was lost`;

describe("after the 101", () => {
  const after = (client: Client): string => client.text.slice(client.text.indexOf("\r\n\r\n") + 4);

  test("what came glued to it is not lost", async () => {
    await using joined = await upgraded(`${GOOD}\x81\x05hello`);
    expect(after(joined.client)).toBe("\x81\x05hello");
  });

  test("property: bytes go through untouched, both ways", async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, pieces, async (up, down) => {
        await using joined = await upgraded();
        const before = joined.pod.heard.length;
        for (const piece of up) joined.client.send(Buffer.from(piece));
        for (const piece of down) joined.pod.say(Buffer.from(piece));
        await settle();
        expect(joined.pod.heard.slice(before)).toBe(Buffer.concat(up).toString("latin1"));
        expect(after(joined.client)).toBe(Buffer.concat(down).toString("latin1"));
      }),
      { numRuns: 30 },
    );
  });

  test("an end of the pod is an end for the page, which may still speak", async () => {
    await using joined = await upgraded();
    joined.pod.end();
    await settle();
    expect(joined.client.ended).toBe(true);
    joined.client.send("bye");
    await settle();
    expect(joined.pod.heard.endsWith("bye")).toBe(true);
  });

  test("F21: an end of the page is waited for two seconds, then the pod is let go", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.say(GOOD) });
    const near = plane.connect();
    near.resume().write(UPGRADE);
    await settle();
    near.end();
    await settle();
    const [pod] = plane.streams;
    plane.advance(1_999);
    await settle();
    expect(pod?.over).toBe(false);
    expect(plane.forwarder.active).toBe(1);
    plane.advance(1);
    await settle();
    expect(pod?.over).toBe(true);
    expect(plane.forwarder.active).toBe(0);
  });

  test("what the pod still says in that time arrives", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.say(GOOD) });
    const near = plane.connect();
    let heard = "";
    near.on("data", (part: Buffer) => (heard += part.toString("latin1")));
    near.write(UPGRADE);
    await settle();
    near.end();
    await settle();
    plane.streams[0]?.say("bye");
    plane.streams[0]?.end();
    await settle();
    expect(heard.endsWith("\r\n\r\nbye")).toBe(true);
    expect(plane.forwarder.active).toBe(0);
  });

  test("F21: a page that does not end its side after the pod is let go after two seconds", async () => {
    await using joined = await upgraded();
    joined.pod.end();
    await settle();
    expect(joined.plane.forwarder.active).toBe(1);
    joined.plane.advance(2_000);
    await settle();
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("an end of the pod loses nothing of what a slow page has not read", async () => {
    // As a stream of the tunnel is: once its other side has ended it closes.
    const pod = new Duplex({
      allowHalfOpen: false,
      read: () => undefined,
      write: (_part, _as, done) => done(),
    });
    await using plane = dataPlane({
      site: {
        upstream: {
          authorize: () => Promise.resolve(OURS),
          dial: () => Promise.resolve({ stream: pod, peer: "pod" }),
        },
      },
    });
    const page = plane.connect();
    page.write(UPGRADE);
    await settle();
    pod.push(GOOD);
    await settle();
    for (const part of ["a".repeat(40_000), "b".repeat(40_000), "the end"]) {
      pod.push(part);
      await settle();
    }
    pod.push(null);
    await settle();
    let heard = "";
    page.on("data", (part: Buffer) => (heard += part.toString("latin1")));
    await settle();
    expect(heard.endsWith("the end")).toBe(true);
    page.end();
    await settle();
    expect(plane.forwarder.active).toBe(0);
  });

  test("a failure of the tunnel closes the page's side", async () => {
    await using joined = await upgraded();
    expect(joined.plane.forwarder.active).toBe(1);
    joined.pod.fail(new KnownError("TUNNEL_LOST", "lost"));
    await settle();
    // Close 1012 and why, so that nobody takes it for an end of the app's own.
    expect(after(joined.client)).toBe(LOST);
    expect(joined.client.ended).toBe(true);
    joined.plane.advance(2_000);
    await settle();
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("so does one that comes together with the 101", async () => {
    await using joined = await upgraded(GOOD, {
      pod: (stream) => {
        stream.say(GOOD);
        // In the turn in which the proxy reads the 101.
        process.nextTick(() => stream.fail(new KnownError("TUNNEL_LOST", "lost")));
      },
    });
    // Close 1012 and why, so that nobody takes it for an end of the app's own.
    expect(after(joined.client)).toBe(LOST);
    expect(joined.client.ended).toBe(true);
    joined.plane.advance(2_000);
    await settle();
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("a page that leaves lets the pod go", async () => {
    await using joined = await upgraded();
    joined.client.leave();
    await settle();
    expect(joined.pod.over).toBe(true);
    expect(joined.plane.forwarder.active).toBe(0);
  });

  test("R-E7: its stream is for nothing else", async () => {
    await using joined = await upgraded();
    await joined.plane.ask(request("GET /"));
    expect(joined.plane.streams).toHaveLength(2);
  });

  test("F15: a page that does not read stops the pod", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.say(GOOD) });
    const near = plane.connect();
    near.write(UPGRADE);
    await settle();
    const pod = plane.streams[0]?.duplex;
    for (let turn = 0; turn < 20; turn += 1) {
      pod?.write(Buffer.alloc(64 * 1024));
      await settle();
    }
    expect(pod?.writableNeedDrain).toBe(true);
    near.resume();
    await settle();
    expect(pod?.writableNeedDrain).toBe(false);
  });
});
