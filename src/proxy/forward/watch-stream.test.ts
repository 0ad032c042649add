import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { request, settle, values } from "../../../test/proxy/data-plane.ts";
import {
  eventText,
  eventTexts as texts,
  HOOKS,
  lost,
  pass,
  watchPlane,
} from "../../../test/proxy/watched.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";

const EVENTS = (from: number, more = ""): string =>
  request(`GET /events?from=${from}${more}`, ["Accept-Encoding: gzip"]);
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (version: number): string => `${eventText(version)}\n`;

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
const bodyOf = (text: string): string => text.slice(text.indexOf("\r\n\r\n") + 4);

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

  test.each(["before its answer", "in the head of its answer"])(
    "one that is lost %s is asked for again",
    async (when) => {
      await using plane = watchPlane({
        pod: (stream, turn) => {
          if (turn > 1) {
            stream.say(HEAD + chunk(event(6)));
            return;
          }
          if (when !== "before its answer") stream.say("HTTP/1.1 200 OK\r\nX");
          setImmediate(() => lost(stream));
        },
      });
      const client = await plane.ask(EVENTS(5));
      await pass(plane, 2_000);
      expect(linesOf(client.text)).toEqual({ lines: texts(6), ended: false });
      expect(plane.streams).toHaveLength(3);
    },
  );

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

  test.each([
    ["a list without the end of a line", HEAD, '{"kind":"PodList","items":[]}'],
    ["lines that are no events", HEAD, "one\ntwo\nthree"],
    ["a page", HEAD.replace("application/json", "text/html"), "<p>\n</p>"],
    [
      "what is coded all the same",
      HEAD.replace("Transfer", "Content-Encoding: gzip\r\nTransfer"),
      "coded\n\n",
    ],
  ])("an app that knows no watches is handed on as it is, and asked once: %s", async (_name, head, body) => {
    await using plane = watchPlane({ pod: (stream) => stream.say(`${head}${chunk(body)}0\r\n\r\n`) });
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 20_000);
    expect(
      bodyOf(client.text)
        .replaceAll(/(?:^|\r\n)[0-9a-f]+\r\n/g, "")
        .trimEnd(),
    ).toBe(body.trimEnd());
    expect(client.text.endsWith("0\r\n\r\n")).toBe(true);
    expect(plane.streams).toHaveLength(1);
    expect(plane.forwarder.active).toBe(0);
  });

  test("an answer that has a length keeps it, and what is cut of it is cut", async () => {
    await using plane = watchPlane({
      pod: (stream) => {
        stream.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 600\r\n\r\n{}\n");
        setImmediate(() => lost(stream));
      },
    });
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 5_000);
    expect(client.text).toMatch(/Content-Length: 600\r\n[^]*\r\n\r\n\{\}\n$/);
    expect(client.ended).toBe(true);
    expect(plane.streams).toHaveLength(1);
  });

  test("R-F7: what is no stream of events gets nothing of ours in its body when it is cut", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(HEAD + chunk("no event\nhalf")) });
    const client = await plane.ask(EVENTS(5));
    expect(client.text).toContain("half");
    lost(plane.streams[0]);
    await pass(plane, 5_000);
    expect(client.text).not.toContain("again");
    expect(client.text.endsWith("0\r\n\r\n")).toBe(false);
    expect(client.ended).toBe(true);
  });

  test("a line in countless pieces is no event", async () => {
    await using plane = watchPlane({ pod: (stream) => stream.say(HEAD) });
    const client = await plane.ask(EVENTS(5));
    for (let turn = 0; turn < 70; turn += 1) plane.streams[0]?.say(chunk("x").repeat(1_000));
    await settle();
    expect(client.text.length).toBeGreaterThan(65_000);
  });

  test("a page in place of events does not get among them when it is resumed", async () => {
    const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
    await using plane = watchPlane({
      pod: (stream, turn) => stream.say(turn === 1 ? page + chunk("<p>\n") : HEAD + chunk(event(6 + turn))),
    });
    const client = await plane.ask(EVENTS(5));
    lost(plane.streams[0]);
    await pass(plane, 2_000);
    expect(plane.streams).toHaveLength(3);
    expect(linesOf(client.text)).toEqual({ lines: texts(6, 8), ended: false });
  });

  test("one that cannot be resumed is told so without a credential, and is not cut for a new one", async () => {
    let headers: RawHeaders | undefined = [["Authorization", "Bearer one"]];
    await using plane = watchPlane({
      pod: (stream) => stream.say(HEAD + chunk(event(6))),
      authorize: () => {
        if (headers === undefined) throw new KnownError("API_FAILED", "away");
        return headers;
      },
    });
    const client = await plane.ask(EVENTS(5, "&never"));
    headers = [["Authorization", "Bearer two"]];
    await pass(plane, 300_000);
    expect(linesOf(client.text)).toEqual({ lines: texts(6), ended: false });
    headers = undefined;
    lost(plane.streams[0]);
    await settle();
    expect(linesOf(client.text)).toEqual({ lines: [...texts(6), '{"again":true}'], ended: true });
  });

  test("a 401 that every new credential gets ends it", async () => {
    let tokens = 0;
    await using plane = watchPlane({
      pod: (stream, turn) => stream.say(turn === 0 ? HEAD : "HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n"),
      authorize: () => [["Authorization", `Bearer ${(tokens += 1)}`]],
    });
    const client = await plane.ask(EVENTS(5));
    lost(plane.streams[0]);
    await pass(plane, 60_000);
    expect(linesOf(client.text).ended).toBe(true);
    expect(tokens).toBeLessThan(20);
  });

  test("nobody who is away refuses: an early refusal does not count after an outage", async () => {
    let away = false;
    let refuses = false;
    await using plane = watchPlane({
      pod: (stream) => stream.say(refuses ? "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n" : HEAD),
      dial: () => {
        if (away) throw new KnownError("TUNNEL_LOST", "away");
      },
    });
    const client = await plane.ask(EVENTS(5));
    refuses = true;
    lost(plane.streams[0]);
    await pass(plane, 500);
    away = true;
    await pass(plane, 60_000);
    away = false;
    await pass(plane, 6_000);
    refuses = false;
    await pass(plane, 6_000);
    plane.streams.at(-1)?.say(chunk(event(6)));
    await settle();
    expect(linesOf(client.text)).toEqual({ lines: texts(6), ended: false });
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
