import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { request, settle, values, type DataPlane, type PodStream } from "../../../test/proxy/data-plane.ts";
import { HOOKS, watchPlane } from "../../../test/proxy/watched.ts";
import { KnownError } from "../../base/errors.ts";

const EVENTS = (from: number, more = ""): string =>
  request(`GET /events?from=${from}${more}`, ["Accept-Encoding: gzip"]);
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (version: number): string => `${JSON.stringify({ v: version })}\n`;
const lost = (stream: PodStream | undefined): void => stream?.fail(new KnownError("TUNNEL_LOST", "lost"));
const pass = async (plane: DataPlane, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= 50) {
    plane.advance(Math.min(50, left));
    await settle();
  }
};

/** The lines of a chunked body so far, and whether it has ended in order. */
const linesOf = (text: string): { readonly lines: string[]; readonly ended: boolean } => {
  let body = "";
  let rest = text.slice(text.indexOf("\r\n\r\n") + 4);
  for (;;) {
    const size = /^([0-9a-f]+)\r\n/.exec(rest);
    if (size === null) return { lines: body.split("\n").slice(0, -1), ended: false };
    const length = Number.parseInt(size[1] ?? "", 16);
    if (length === 0) return { lines: body.split("\n").filter((line) => line !== ""), ended: true };
    body += rest.slice(size[0].length, size[0].length + length);
    rest = rest.slice(size[0].length + length + 2);
  }
};
const texts = (...versions: readonly number[]): string[] =>
  versions.map((version) => JSON.stringify({ v: version }));

describe("C.2: a watch over plain HTTP", () => {
  test("its lines are read as they are, and the browser's side outlives its upstream", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(EVENTS(5));
    expect(values(plane.streams[0]?.heard ?? "", "accept-encoding")).toEqual([]);
    plane.streams[0]?.say(chunk(event(6)) + chunk('{"v":'));
    await settle();
    lost(plane.streams[0]);
    await pass(plane, 1_000);
    expect(client.ended).toBe(false);
    expect(plane.streams[1]?.heard).toMatch(/^GET \/events\?from=6 HTTP\/1\.1\r\n/);
    plane.streams[1]?.say(chunk(event(7)));
    await settle();
    expect(linesOf(client.text)).toEqual({ lines: texts(6, 7), ended: false });
  });

  test("an upstream that ends in order before its time is asked again; at its time it is the end", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(EVENTS(5, "&timeoutSeconds=100"));
    plane.streams[0]?.say(`${chunk(event(6))}0\r\n\r\n`);
    await pass(plane, 1_000);
    expect(plane.streams).toHaveLength(2);
    await pass(plane, 100_000);
    plane.streams[1]?.say(`${chunk(event(7))}0\r\n\r\n`);
    await settle();
    expect(linesOf(client.text)).toEqual({ lines: texts(6, 7), ended: true });
    expect(plane.streams).toHaveLength(2);
    expect(plane.forwarder.active).toBe(0);
  });

  test("the event that ends it is handed on, and then the end", async () => {
    await using plane = watchPlane({
      pod: (stream) => stream.say(`${HEAD}${chunk('{"end":true}\n')}0\r\n\r\n`),
    });
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 5_000);
    expect(linesOf(client.text)).toEqual({ lines: ['{"end":true}'], ended: true });
    expect(plane.streams).toHaveLength(1);
  });

  test.each([400, 403, 404, 410, 500])("a %i at the start passes as it is", async (status) => {
    await using plane = watchPlane({
      pod: (stream) => stream.say(`HTTP/1.1 ${status} x\r\nContent-Length: 6\r\nX-A: 1\r\n\r\ndenied`),
    });
    const client = await plane.ask(EVENTS(5));
    expect(client.statuses).toEqual([status]);
    expect(client.text).toMatch(/X-A: 1\r\n[^]*denied$/);
    expect(plane.streams).toHaveLength(1);
    expect(plane.forwarder.active).toBe(0);
  });

  test("R-F7: a refusal that is cut is cut for the page too", async () => {
    await using plane = watchPlane({
      pod: (stream) => {
        stream.say("HTTP/1.1 500 x\r\nContent-Length: 600\r\n\r\nhalf");
        setImmediate(() => lost(stream));
      },
    });
    const client = await plane.ask(EVENTS(5));
    await settle();
    expect(client.ended).toBe(true);
    expect(plane.forwarder.active).toBe(0);
  });

  test("a 401 takes another credential once", async () => {
    await using plane = watchPlane({
      pod: (stream) =>
        stream.say(
          stream.heard.includes("Bearer new")
            ? HEAD + chunk(event(6))
            : "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n",
        ),
      authorize: (rejected) => [["Authorization", rejected === undefined ? "Bearer ours" : "Bearer new"]],
    });
    const client = await plane.ask(EVENTS(5));
    expect(client.statuses).toEqual([200]);
    expect(linesOf(client.text).lines).toEqual(texts(6));
  });

  test("410 when it is resumed: its client is told to list anew, and that it was lost", async () => {
    const sessions: string[] = [];
    await using plane = watchPlane({
      site: { hooks: { ...HOOKS, lost: (session) => sessions.push(session) } },
      pod: (stream, turn) =>
        stream.say(turn === 0 ? HEAD : "HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\nGone"),
    });
    const client = await plane.ask(EVENTS(5), "web-1");
    lost(plane.streams[0]);
    await pass(plane, 1_000);
    expect(linesOf(client.text)).toEqual({ lines: ['{"again":true}'], ended: true });
    expect(sessions).toEqual(["web-1"]);
    expect(plane.forwarder.active).toBe(0);
  });

  test("a client that leaves while the upstream is away ends it", async () => {
    let away = false;
    await using plane = watchPlane({
      pod: (stream) => stream.say(HEAD),
      dial: () => {
        if (away) throw new KnownError("TUNNEL_LOST", "away");
      },
    });
    const client = await plane.ask(EVENTS(5));
    away = true;
    lost(plane.streams[0]);
    await pass(plane, 20_000);
    expect(client.ended).toBe(false);
    client.leave();
    await settle();
    expect(plane.forwarder.active).toBe(0);
  });
});

test("property: wherever the upstream is cut, each line is seen once, in order, and whole", async () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(cuts, fc.integer({ min: 1, max: 50 }), async (positions, size) => {
      const LAST = 25;
      let turn = 0;
      await using plane = watchPlane({
        pod: (stream) => {
          const from = Number(/from=(\d+)/.exec(stream.heard)?.[1]);
          let lines = turn === 0 || from === 5 ? "" : event(from);
          for (let version = from + 1; version <= LAST; version += 1)
            lines += `{"v":${version},"t":"${"x".repeat(version % 5)}"}\n`;
          let body = "";
          for (let at = 0; at < lines.length; at += size) body += chunk(lines.slice(at, at + size));
          const cut = positions[turn];
          turn += 1;
          stream.say(HEAD + (cut === undefined ? body : body.slice(0, cut)));
          if (cut !== undefined) setImmediate(() => setImmediate(() => lost(stream)));
        },
      });
      const client = await plane.ask(EVENTS(5));
      for (
        let turns = 0;
        turns < 300 &&
        (plane.streams.length <= positions.length || linesOf(client.text).lines.length < LAST - 5);
        turns += 1
      )
        await pass(plane, 200);
      expect(linesOf(client.text).lines.map((line) => (JSON.parse(line) as { v: number }).v)).toEqual(
        Array.from({ length: LAST - 5 }, (_none, at) => at + 6),
      );
    }),
    { numRuns: 60 },
  );
}, 60_000);
