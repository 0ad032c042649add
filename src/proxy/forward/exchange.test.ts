import { describe, expect, test } from "vitest";
import {
  dataPlane,
  FINE,
  GET,
  request,
  settle,
  values,
  type PodStream,
} from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";

const INTO_CHUNKS = ["Transfer-Encoding: chunked"];
const post = (body: string, line = "POST /do"): string =>
  request(line, [`Content-Length: ${body.length}`], body);
const bodyOf = (heard: string): string => heard.slice(heard.indexOf("\r\n\r\n") + 4);

describe("R-E6: a request's framing is made anew", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "a chunked %s arrives chunked, with the same body",
    async (method) => {
      await using plane = dataPlane({ pod: () => undefined });
      const client = await plane.ask(request(`${method} /`, INTO_CHUNKS, "3\r\nxyz\r\n2\r\nuv\r\n0\r\n\r\n"));
      plane.streams[0]?.say(FINE);
      await settle();
      expect(client.statuses).toEqual([200]);
      const heard = plane.streams[0]?.heard ?? "";
      expect(values(heard, "transfer-encoding")).toEqual(["chunked"]);
      expect(values(heard, "content-length")).toEqual([]);
      expect(bodyOf(heard).replaceAll(/[0-9a-f]+\r\n|\r\n/g, "")).toBe("xyzuv");
      expect(heard.endsWith("0\r\n\r\n")).toBe(true);
    },
  );

  test("extensions of chunks and trailers go no further, and R-E2: nor does an Authorization in a trailer", async () => {
    await using plane = dataPlane({ pod: () => undefined });
    await plane.ask(
      request(
        "POST /",
        [...INTO_CHUNKS, "Trailer: Authorization"],
        "3;evil=1\r\nabc\r\n0;evil\r\nAuthorization: Bearer EVIL\r\n\r\n",
      ),
    );
    expect(bodyOf(plane.streams[0]?.heard ?? "")).toBe("3\r\nabc\r\n0\r\n\r\n");
    expect(plane.streams[0]?.heard).not.toMatch(/evil/i);
  });

  test("a length is one length", async () => {
    await using plane = dataPlane({ pod: () => undefined });
    await plane.ask(post("hello"));
    const heard = plane.streams[0]?.heard ?? "";
    expect(values(heard, "content-length")).toEqual(["5"]);
    expect(bodyOf(heard)).toBe("hello");
  });

  test.each([
    ["a length", request("POST /", ["Content-Length: 10"], "hello")],
    ["chunks", request("POST /", INTO_CHUNKS, "5\r\nhello\r\n")],
  ])("a client that leaves in the middle of a body never makes it whole, with %s", async (_name, bytes) => {
    await using plane = dataPlane({ pod: () => undefined });
    const client = await plane.ask(bytes);
    client.leave();
    await settle();
    expect(plane.streams[0]?.over).toBe(true);
    expect(plane.streams[0]?.heard).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(plane.forwarder.active).toBe(0);
  });

  test("R-E8: Expect was answered by us and is not sent", async () => {
    await using plane = dataPlane();
    await plane.ask(request("POST /", ["Content-Length: 1", "Expect: 100-continue"], "a"));
    expect(values(plane.streams[0]?.heard ?? "", "expect")).toEqual([]);
  });

  test("large uploads, and those of unknown size, have a tunnel of their own", async () => {
    await using plane = dataPlane({ pod: () => undefined });
    for (const headers of [["Content-Length: 1048576"], INTO_CHUNKS, ["Content-Length: 1048575"]])
      await plane.ask(request("POST /", headers));
    expect(plane.streams.map(({ bulk }) => bulk)).toEqual([true, true, false]);
  });
});

describe("R-E7: one request at a time on a stream", () => {
  test("of one session: one after another on the same stream", async () => {
    await using plane = dataPlane();
    for (let turn = 0; turn < 3; turn += 1) expect((await plane.ask(GET)).statuses).toEqual([200]);
    expect(plane.streams).toHaveLength(1);
  });

  test("another session never gets it", async () => {
    await using plane = dataPlane();
    await plane.ask(GET, "alice");
    await plane.ask(GET, "bob");
    expect(plane.streams.map(({ session }) => session)).toEqual(["alice", "bob"]);
    expect(plane.streams.map(({ over }) => over)).toEqual([false, false]);
  });

  test("two at once are on two streams", async () => {
    await using plane = dataPlane({ pod: () => undefined });
    await Promise.all([plane.ask(GET), plane.ask(GET)]);
    expect(plane.streams.map(({ heard }) => heard.match(/^GET /gm))).toEqual([["GET "], ["GET "]]);
  });

  test("a second answer is thrown away, and the next request is on a new stream", async () => {
    await using plane = dataPlane({
      pod: (stream, turn) => stream.say(turn === 0 ? FINE + FINE.replace("ok", "no") : FINE),
    });
    const first = await plane.ask(GET);
    expect(first.statuses).toEqual([200]);
    expect(first.text).not.toMatch(/no$/);
    expect(plane.streams[0]?.over).toBe(true);
    expect((await plane.ask(GET)).text).toMatch(/ok$/);
    expect(plane.streams).toHaveLength(2);
  });

  test("so is one that comes while the stream is idle", async () => {
    await using plane = dataPlane();
    await plane.ask(GET);
    plane.streams[0]?.say(FINE.replace("ok", "no"));
    await settle();
    expect(plane.streams[0]?.over).toBe(true);
    expect((await plane.ask(GET)).text).toMatch(/ok$/);
    expect(plane.streams).toHaveLength(2);
  });

  test("an answer before the end of the request leaves no stream behind", async () => {
    await using plane = dataPlane();
    const client = await plane.ask(request("POST /", ["Content-Length: 10"], "hello"));
    expect(client.statuses).toEqual([200]);
    expect(plane.streams[0]?.over).toBe(true);
  });
});

describe("R-N3: nothing is done twice", () => {
  const changes = [
    ["POST with a body", post("hello")],
    ["POST without a body", request("POST /do", ["Content-Length: 0"])],
    ["PUT", post("hello", "PUT /do")],
    ["PATCH", post("hello", "PATCH /do")],
    ["DELETE", request("DELETE /do")],
    ["GET with a body", post("hello", "GET /do")],
    ["chunked POST", request("POST /do", INTO_CHUNKS, "5\r\nhello\r\n0\r\n\r\n")],
  ] as const;
  const faults: readonly (readonly [string, (stream: PodStream) => void])[] = [
    ["a 502", (stream) => stream.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")],
    ["a 503", (stream) => stream.say("HTTP/1.1 503 x\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")],
    ["an end", (stream) => stream.end()],
    ["garbage", (stream) => stream.say("?")],
    ["a reset", (stream) => stream.fail(new KnownError("PORT_RESET", "reset"))],
    ["a lost tunnel", (stream) => stream.fail(new KnownError("TUNNEL_LOST", "lost"))],
  ];
  const rows = changes.flatMap(([what, bytes]) =>
    faults.map(([fault, act]) => [what, fault, bytes, act] as const),
  );

  test.each(rows)(
    "%s that is done and then answered with %s is sent once",
    async (_what, _fault, bytes, act) => {
      // After a read, so that there is a used stream that a change must not be risked on.
      await using plane = dataPlane({ pod: (stream, turn) => (turn === 0 ? stream.say(FINE) : act(stream)) });
      await plane.ask(GET);
      const client = await plane.ask(bytes);
      expect(plane.streams.map(({ heard }) => heard.match(/ \/do /g)?.length ?? 0)).toEqual([0, 1]);
      expect(client.statuses).toHaveLength(1);
      expect(client.statuses[0]).toBeGreaterThanOrEqual(502);
      expect(plane.forwarder.active).toBe(0);
    },
  );

  test("when its tunnel is lost, the page is told that it may have been done", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.fail(new KnownError("TUNNEL_LOST", "canary")) });
    const client = await plane.ask(
      request("POST /do", ["Content-Length: 5", "Sec-Fetch-Mode: navigate"], "hello"),
    );
    expect(client.statuses).toEqual([504]);
    expect(client.text).toContain("may have done what was asked");
    expect(client.text).not.toMatch(/canary|refresh|retry-after/i);
  });
});

describe("reads are sent again while nothing of an answer has come", () => {
  test.each(["GET", "HEAD", "OPTIONS"])(
    "%s, twice at most, the second time after a pause",
    async (method) => {
      await using plane = dataPlane({
        pod: (stream, turn) =>
          turn < 2
            ? stream.fail(new KnownError("PORT_RESET", "reset"))
            : stream.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
      });
      const client = await plane.ask(request(`${method} /`));
      plane.advance(249);
      await settle();
      expect(plane.streams).toHaveLength(2);
      plane.advance(1);
      await settle();
      expect(plane.streams).toHaveLength(3);
      expect(client.statuses).toEqual([200]);
    },
  );

  test("not a third time", async () => {
    await using plane = dataPlane({
      pod: (stream) => stream.fail(new KnownError("PORT_RESET", "reset")),
    });
    const client = await plane.ask(GET);
    plane.advance(250);
    await settle();
    expect(plane.streams).toHaveLength(3);
    expect(client.statuses).toEqual([502]);
  });

  test("where nobody listens, three times over three seconds: it may be a container that starts again", async () => {
    await using plane = dataPlane({
      pod: (stream, turn) => {
        // It was held for long before.
        if (turn === 0) plane.advance(60_000);
        stream.fail(new KnownError("PORT_REFUSED", "refused"));
      },
    });
    const client = await plane.ask(GET);
    const tries: number[] = [];
    for (const step of [249, 1, 749, 1, 1_999, 1]) {
      plane.advance(step);
      await settle();
      tries.push(plane.streams.length);
    }
    expect(tries).toEqual([1, 2, 2, 3, 3, 4]);
    expect(client.statuses).toEqual([502]);
  });

  test("not after three seconds", async () => {
    await using plane = dataPlane({
      pod: (stream) => {
        plane.advance(3_000);
        stream.fail(new KnownError("PORT_RESET", "reset"));
      },
    });
    expect((await plane.ask(GET)).statuses).toEqual([502]);
    expect(plane.streams).toHaveLength(1);
  });

  test("not after a byte of an answer", async () => {
    await using plane = dataPlane({
      pod: (stream) => {
        stream.say("HTTP/1.1 200");
        setImmediate(() => stream.fail(new KnownError("PORT_RESET", "reset")));
      },
    });
    expect((await plane.ask(GET)).statuses).toEqual([502]);
    expect(plane.streams).toHaveLength(1);
  });

  test("not when waiting cannot help", async () => {
    await using plane = dataPlane({
      pod: (stream) => stream.fail(new KnownError("UPSTREAM_CERTIFICATE", "pin")),
    });
    expect((await plane.ask(GET)).statuses).toEqual([502]);
    expect(plane.streams).toHaveLength(1);
  });

  test("F20: at once when the stream was an old one", async () => {
    await using plane = dataPlane({ pod: (stream, turn) => (turn === 1 ? stream.end() : stream.say(FINE)) });
    await plane.ask(GET);
    expect((await plane.ask(GET)).statuses).toEqual([200]);
    expect(plane.streams).toHaveLength(2);
  });
});

describe("one stream for one credential", () => {
  test.each(["abc\r\nX: y", "a\0b"])("R-E4: a token %j is a 502 and reaches nobody", async (token) => {
    const bad: RawHeaders = [["Authorization", `Bearer ${token}`]];
    await using plane = dataPlane({ authorize: () => bad });
    const client = await plane.ask(GET);
    expect(client.statuses).toEqual([502]);
    expect(client.text).not.toContain("abc");
    expect(plane.streams.map(({ heard }) => heard)).toEqual([""]);
    expect(plane.streams[0]?.over).toBe(true);
  });

  test("without a credential nothing is dialled", async () => {
    await using plane = dataPlane({
      authorize: () => {
        throw new KnownError("EXEC_FAILED", "the plugin says: canary");
      },
    });
    const client = await plane.ask(GET);
    expect(client.statuses).toEqual([504]);
    expect(client.text).not.toContain("canary");
    expect(plane.streams).toEqual([]);
  });
});
