import { describe, expect, test } from "vitest";
import { request, settle, SOON } from "../../../test/proxy/data-plane.ts";
import {
  EVENTS,
  event,
  eventTexts as texts,
  GOOD,
  heardBy,
  HOOKS,
  lost,
  pass,
  textOf,
  watchPlane,
} from "../../../test/proxy/watched.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";

describe("C.2: a watch by WebSocket whose sides do not keep to the rules", () => {
  test("one that is lost before its answer is asked for again", async () => {
    await using plane = watchPlane({
      pod: (stream, turn) => {
        if (turn > 1) stream.say(GOOD);
        else setImmediate(() => lost(stream));
      },
    });
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 2_000);
    plane.streams[2]?.say(event(6));
    await settle();
    expect(heardBy(client)).toEqual(texts(6));
  });

  test("and where that does not help, its page is told that it was lost", async () => {
    const sessions: string[] = [];
    await using plane = watchPlane({
      site: { hooks: { ...HOOKS, lost: (session) => sessions.push(session) } },
      pod: (stream) => stream.end(),
    });
    const client = await plane.ask(EVENTS(5), "web-1");
    await pass(plane, 5_000);
    expect(client.statuses).toEqual([502]);
    expect(sessions).toEqual(["web-1"]);
    expect(plane.streams).toHaveLength(3);
  });

  test("R-N3: a WebSocket that may start something is asked for once", async () => {
    await using plane = watchPlane({ pod: (stream) => setImmediate(() => lost(stream)) });
    const client = await plane.ask(EVENTS(5).replace("/events", "/exec"));
    await pass(plane, 5_000);
    expect(plane.streams).toHaveLength(1);
    expect(client.statuses).toHaveLength(1);
  });

  test("a message that is no event makes it a WebSocket like any other: nothing of ours is said in it", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5));
    plane.streams[0]?.say(Buffer.concat([textOf("hello"), event(6).subarray(0, 4)]));
    await settle();
    expect(client.text.endsWith(event(6).subarray(0, 4).toString("latin1"))).toBe(true);
    plane.streams[0]?.say(event(6).subarray(4));
    await settle();
    lost(plane.streams[0]);
    await pass(plane, 5_000);
    expect(heardBy(client)).toEqual(["hello", ...texts(6), "close 1012 the way to the UI was lost"]);
    expect(plane.streams).toHaveLength(1);
  });

  test("one that cannot be resumed is told so without a credential, and is not cut for a new one", async () => {
    let headers: RawHeaders | undefined = [["Authorization", "Bearer one"]];
    await using plane = watchPlane({
      pod: (stream) => stream.say(GOOD),
      authorize: () => {
        if (headers === undefined) throw new KnownError("API_FAILED", "away");
        return headers;
      },
    });
    const client = await plane.ask(EVENTS(5, "&never"));
    headers = [["Authorization", "Bearer two"]];
    await pass(plane, 300_000);
    expect(client.ended).toBe(false);
    headers = undefined;
    lost(plane.streams[0]);
    await settle();
    expect(heardBy(client)).toEqual(['{"again":true}', "close 1012 the watch cannot be resumed"]);
  });

  test("an answer that does not belong to the question leaves no stream behind", async () => {
    await using plane = watchPlane({
      pod: (stream, turn) => stream.say(turn === 0 ? GOOD : GOOD.replace(/Accept: .{4}/, "Accept: AAAA")),
    });
    await plane.ask(EVENTS(5));
    lost(plane.streams[0]);
    await pass(plane, 20_000);
    expect(plane.streams.length).toBeGreaterThan(3);
    expect(plane.streams.every(({ over }) => over)).toBe(true);
  });

  test("what is no frame does not leave its page waiting", async () => {
    const sessions: string[] = [];
    await using plane = watchPlane({
      site: { hooks: { ...HOOKS, lost: (session) => sessions.push(session) } },
      pod: (stream) => stream.say(GOOD),
    });
    const client = await plane.ask(EVENTS(5), "web-1");
    plane.streams[0]?.say(Buffer.concat([event(6), Buffer.from([0x83, 1, 1])]));
    await settle();
    expect(heardBy(client)).toEqual([
      ...texts(6),
      '{"again":true}',
      "close 1012 the watch cannot be resumed",
    ]);
    expect(sessions).toEqual(["web-1"]);
    expect(plane.streams[0]?.over).toBe(true);
  });

  test("what follows a Close frame is nobody's, and comes again", async () => {
    await using plane = watchPlane({
      pod: (stream, turn) =>
        stream.say(turn === 0 ? GOOD : Buffer.concat([Buffer.from(GOOD), event(7), event(8)])),
    });
    const client = await plane.ask(EVENTS(5));
    plane.streams[0]?.say(Buffer.concat([event(6), Buffer.from([0x88, 0]), event(7), event(8)]));
    await pass(plane, 1_000);
    expect(plane.streams[1]?.heard).toMatch(/from=6 /);
    expect(heardBy(client)).toEqual(texts(6, 7, 8));
  });

  test("at the time that its client asked for, the end is the end", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5, "&timeoutSeconds=100"));
    plane.streams[0]?.say(Buffer.from([0x88, 2, 3, 0xe8]));
    await pass(plane, 100_000);
    expect(plane.streams).toHaveLength(2);
    plane.streams[1]?.say(Buffer.from([0x88, 2, 3, 0xe8]));
    await pass(plane, 5_000);
    expect(heardBy(client)).toEqual(["close 1000"]);
    expect(plane.streams).toHaveLength(2);
  });

  test("a page that says too much is not kept in memory", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5));
    client.send(Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    for (let sent = 0; sent < 20; sent += 1) client.send(Buffer.alloc(64 * 1024));
    await settle();
    expect(heardBy(client)).toEqual(["close 1009 a watch takes no such message"]);
    await settle();
    expect(plane.forwarder.active).toBe(0);
  });

  test("an upstream that does not read stops the page", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const near = plane.connect();
    near.write(EVENTS(5));
    await settle();
    plane.streams[0]?.duplex.pause();
    const ping = Buffer.concat([Buffer.from([0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]), Buffer.alloc(65_535)]);
    for (let sent = 0; sent < 40; sent += 1) near.write(ping);
    await settle();
    expect(near.writableLength).toBeGreaterThan(1_000_000);
    // It is heard again once the upstream is another one.
    lost(plane.streams[0]);
    await pass(plane, 2_000);
    expect(near.writableLength).toBe(0);
  });

  test("a message in countless pieces is no event", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5));
    const empty = Buffer.from([0x00, 0x00]);
    plane.streams[0]?.say(
      Buffer.concat([Buffer.from([0x01, 0x00]), ...Array.from({ length: 70_000 }, () => empty)]),
    );
    await settle();
    expect(client.text.length).toBeGreaterThan(140_000);
  });

  test("a 401 that leads to no credential leaves no stream behind", async () => {
    await using plane = watchPlane({
      pod: (stream) => stream.say("HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n"),
      authorize: (rejected) => {
        if (rejected !== undefined) throw new KnownError("EXEC_FAILED", "no");
        return [["Authorization", "Bearer one"]];
      },
    });
    const client = await plane.ask(EVENTS(5));
    expect(client.statuses).toEqual([504]);
    expect(plane.streams.map(({ over }) => over)).toEqual([true]);
  });

  test("a credential that no header can carry opens nothing", async () => {
    await using plane = watchPlane({ authorize: () => [["Authorization", "Bearer a\nb"]] });
    for (const bytes of [EVENTS(5), request("GET /events?from=5")])
      expect((await plane.ask(bytes)).statuses).toEqual([502]);
    expect(plane.streams).toEqual([]);
  });

  test.each(["the way", "the credential"])(
    "R-N5: a WebSocket that may start something is not opened long after it was asked for: %s",
    async (what) => {
      let back = (): void => undefined;
      const away = new Promise<void>((resolve) => (back = resolve));
      await using plane = watchPlane({
        limits: {
          dial: millis(120_000),
          navigation: millis(1),
          authorize: millis(60_000),
          change: millis(50),
        },
        pod: (stream) => stream.say(GOOD),
        dial: async (signal) => {
          if (what === "the credential") return;
          const left = new Promise<never>((_resolve, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason as Error)),
          );
          await Promise.race([away, left]);
        },
        authorize: async () => {
          if (what === "the credential") await away;
          return [["Authorization", "Bearer one"]];
        },
      });
      const client = plane.open();
      client.send(EVENTS(5).replace("/events", "/exec"));
      await settle();
      plane.advance(100);
      if (what === "the credential") back();
      await expect.poll(() => client.statuses, SOON).toEqual([504]);
      back();
      await settle();
      expect(plane.streams.map(({ heard }) => heard)).toEqual([]);
    },
  );
});
