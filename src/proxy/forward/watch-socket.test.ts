import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settle, values } from "../../../test/proxy/data-plane.ts";
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

describe("C.2: a watch by WebSocket", () => {
  test("no extension is asked for, and the browser's side outlives its upstream", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5));
    expect(values(plane.streams[0]?.heard ?? "", "sec-websocket-extensions")).toEqual([]);
    plane.streams[0]?.say(event(6));
    await settle();
    lost(plane.streams[0]);
    await pass(plane, 1_000);
    expect(client.ended).toBe(false);
    expect(plane.streams[1]?.heard).toMatch(/^GET \/events\?from=6 HTTP\/1\.1\r\n/);
    plane.streams[1]?.say(event(7));
    await settle();
    expect(heardBy(client)).toEqual(texts(6, 7));
  });

  test("a Close of the upstream is no end for the browser, but one of the browser is", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5));
    plane.streams[0]?.say(Buffer.concat([event(6), Buffer.from([0x88, 2, 3, 0xe8])]));
    await pass(plane, 500);
    expect(plane.streams).toHaveLength(2);
    expect(heardBy(client)).toEqual(texts(6));
    client.send(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 3, 0xe9]));
    await settle();
    expect(plane.streams[1]?.heard.endsWith("\x03\xe9")).toBe(true);
    plane.streams[1]?.say(Buffer.from([0x88, 2, 3, 0xe9]));
    await settle();
    expect(heardBy(client)).toEqual([...texts(6), "close 1001"]);
    expect(client.ended).toBe(true);
    await pass(plane, 500);
    expect(plane.streams).toHaveLength(2);
    expect(plane.forwarder.active).toBe(0);
  });

  test("a browser that closes while the upstream is away is answered", async () => {
    let away = false;
    await using plane = watchPlane({
      pod: (stream) => stream.say(GOOD),
      dial: () => {
        if (away) throw new KnownError("TUNNEL_LOST", "away");
      },
    });
    const client = await plane.ask(EVENTS(5));
    away = true;
    lost(plane.streams[0]);
    await pass(plane, 20_000);
    expect(client.ended).toBe(false);
    client.send(Buffer.from([0x88, 0x80, 0, 0, 0, 0]));
    await settle();
    expect(heardBy(client)).toEqual(["close 1000"]);
    expect(client.ended).toBe(true);
    await pass(plane, 10_000);
    expect(plane.forwarder.active).toBe(0);
  });

  test("tries are made with pauses from 0.1 to 5 s", async () => {
    let dials = 0;
    await using plane = watchPlane({
      pod: (stream) => stream.say(GOOD),
      dial: () => {
        dials += 1;
        if (dials > 1) throw new KnownError("TUNNEL_LOST", "away");
      },
    });
    await plane.ask(EVENTS(5));
    lost(plane.streams[0]);
    await pass(plane, 60_000);
    expect(dials).toBeGreaterThan(10);
    expect(dials).toBeLessThan(30);
  });

  test("the event that ends it is handed on, and then the end; its page may have to be told in another way", async () => {
    const sessions: string[] = [];
    const hooks = { ...HOOKS, lost: (session: string) => sessions.push(session) };
    await using plane = watchPlane({ site: { hooks }, pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5), "web-1");
    plane.streams[0]?.say(Buffer.concat([textOf('{"end":true}'), Buffer.from([0x88, 0])]));
    await pass(plane, 10_000);
    expect(heardBy(client)).toEqual(['{"end":true}', "close"]);
    expect(sessions).toEqual(["web-1"]);
    expect(plane.streams).toHaveLength(1);
    expect(plane.forwarder.active).toBe(0);
  });

  test.each([
    ["410 at once", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", 500],
    ["another refusal after a while", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 30_000],
  ])("%s: its page is told to list anew, and that it was lost", async (_name, answer, time) => {
    const sessions: string[] = [];
    await using plane = watchPlane({
      site: { hooks: { ...HOOKS, lost: (session) => sessions.push(session) } },
      pod: (stream, turn) => stream.say(turn === 0 ? GOOD : answer),
    });
    const client = await plane.ask(EVENTS(5), "web-1");
    lost(plane.streams[0]);
    await pass(plane, time);
    expect(heardBy(client)).toEqual(['{"again":true}', "close 1012 the watch cannot be resumed"]);
    expect(sessions).toEqual(["web-1"]);
    expect(plane.forwarder.active).toBe(0);
  });

  test("a refusal that passes is waited out", async () => {
    await using plane = watchPlane({
      pod: (stream, turn) =>
        stream.say(turn === 0 || turn > 3 ? GOOD : "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    });
    const client = await plane.ask(EVENTS(5));
    lost(plane.streams[0]);
    await pass(plane, 5_000);
    plane.streams.at(-1)?.say(event(6));
    await settle();
    expect(heardBy(client)).toEqual(texts(6));
  });

  test("R-N4: a 401 takes another credential, and none but that of the same person is ever sent", async () => {
    const NEW: RawHeaders = [["Authorization", "Bearer new"]];
    let changed = false;
    await using plane = watchPlane({
      pod: (stream) =>
        stream.say(
          stream.heard.includes("Bearer new") || plane.streams.length === 1
            ? GOOD
            : "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        ),
      authorize: (rejected) => {
        if (changed) throw new KnownError("IDENTITY_CHANGED", "bob");
        return rejected === undefined ? [["Authorization", "Bearer ours"]] : NEW;
      },
    });
    const client = await plane.ask(EVENTS(5));
    lost(plane.streams[0]);
    await pass(plane, 1_000);
    expect(plane.streams).toHaveLength(3);
    plane.streams[2]?.say(event(6));
    await settle();
    expect(heardBy(client)).toEqual(texts(6));
    changed = true;
    lost(plane.streams[2]);
    await pass(plane, 60_000);
    expect(plane.streams).toHaveLength(3);
  });

  test("it is opened anew when the credential that opened it has been replaced and is over", async () => {
    let headers: RawHeaders = [["Authorization", "Bearer one"]];
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD), authorize: () => headers });
    const client = await plane.ask(EVENTS(5));
    plane.streams[0]?.say(event(6));
    await pass(plane, 120_000);
    expect(plane.streams).toHaveLength(1);
    headers = [["Authorization", "Bearer two"]];
    await pass(plane, 125_000);
    expect(plane.streams).toHaveLength(2);
    expect(plane.streams[0]?.over).toBe(true);
    expect(plane.streams[1]?.heard).toMatch(/from=6[^]*Bearer two/);
    expect(heardBy(client)).toEqual(texts(6));
  });

  test("what is no watch after all passes untouched, and is not resumed", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const client = await plane.ask(EVENTS(5));
    // A message with a bit of an extension that nobody agreed on.
    const odd = Buffer.from([0xc1, 2, 0x68, 0x69]);
    plane.streams[0]?.say(Buffer.concat([event(6), odd]));
    await settle();
    expect(client.text.endsWith(odd.toString("latin1"))).toBe(true);
    lost(plane.streams[0]);
    await pass(plane, 5_000);
    expect(plane.streams).toHaveLength(1);
    expect(client.ended).toBe(true);
  });

  test("a browser that does not read stops the upstream", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    const near = plane.connect();
    near.write(EVENTS(5));
    await settle();
    const [pod] = plane.streams;
    for (let version = 6; version < 4_000; version += 1)
      pod?.say(textOf(JSON.stringify({ v: version, x: "y".repeat(500) })));
    await settle();
    expect(pod?.duplex.writableLength).toBeGreaterThan(500_000);
    near.destroy();
    await settle();
    expect(pod?.over).toBe(true);
  });

  test("U13: ten thousand short ones leave nothing behind", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(GOOD) });
    for (let turn = 0; turn < 500; turn += 1) {
      const clients = Array.from({ length: 20 }, () => plane.open());
      for (const client of clients) client.send(EVENTS(5));
      await settle();
      for (const client of clients) client.leave();
      await settle();
    }
    expect(plane.forwarder.active).toBe(0);
    expect(plane.streams.every(({ over }) => over)).toBe(true);
  }, 60_000);
});

test("property: wherever the upstream is cut, each event is seen once, in order, and whole", async () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 5 });
  const pieces = fc.integer({ min: 1, max: 40 });
  const ends = fc.constantFrom("fail", "end", "close");
  await fc.assert(
    fc.asyncProperty(cuts, pieces, ends, fc.boolean(), async (positions, size, how, fragmented) => {
      const LAST = 25;
      let turn = 0;
      await using plane = watchPlane({
        pod: (stream) => {
          const from = Number(/from=(\d+)/.exec(stream.heard)?.[1]);
          const frames: Buffer[] = [];
          for (let version = from + 1; version <= LAST; version += 1) {
            const text = JSON.stringify({ v: version, text: "é".repeat(version % 7) });
            // An API server sends the last event again now and then.
            if (version === from + 1 && version > 6) frames.push(textOf(JSON.stringify({ v: from })));
            if (fragmented)
              frames.push(
                textOf(text.slice(0, 5), false),
                Buffer.from([0x89, 0]),
                textOf(text.slice(5), true, 0),
              );
            else frames.push(textOf(text));
          }
          const cut = positions[turn];
          turn += 1;
          const all = Buffer.concat(frames);
          const said = cut === undefined ? all : all.subarray(0, cut);
          stream.say(GOOD);
          for (let at = 0; at < said.length; at += size) stream.say(said.subarray(at, at + size));
          if (cut === undefined) return;
          setImmediate(() =>
            setImmediate(() => {
              if (how === "fail") lost(stream);
              else if (how === "end") stream.end();
              else if (cut === 0) stream.say(Buffer.from([0x88, 0]));
              else lost(stream);
            }),
          );
        },
      });
      const client = await plane.ask(EVENTS(5));
      for (
        let turns = 0;
        turns < 300 &&
        (plane.streams.length <= positions.length ||
          !heardBy(client).some((text) => text.includes(`"v":${LAST}`)));
        turns += 1
      )
        await pass(plane, 200);
      const heard = heardBy(client).filter((text) => !text.startsWith("control"));
      expect(heard.map((text) => (JSON.parse(text) as { v: number }).v)).toEqual(
        Array.from({ length: LAST - 5 }, (_none, at) => at + 6),
      );
    }),
    { numRuns: 60 },
  );
}, 60_000);
