import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { dataPlane, settle, type DataPlane, type PlaneOptions } from "../../../test/proxy/data-plane.ts";
import type { Narrow } from "../types.ts";

const NARROW: Narrow = {
  origin: "https://api.example",
  passes: new Set(["accept-encoding", "range"]),
  target: (target) => target,
  protocol: () => true,
  location: () => undefined,
};
const LIST = JSON.stringify({
  items: Array.from({ length: 20_000 }, (_none, index) => ({ name: `p${index}` })),
});
const PACKED = gzipSync(LIST);

const get = (...headers: readonly string[]): string =>
  ["GET /api/v1/pods HTTP/1.1", "Host: ui-0123456789abcdef0123.localhost:18000", ...headers, "", ""].join(
    "\r\n",
  );
const head = (...headers: readonly string[]): string => ["HTTP/1.1 200 OK", ...headers, "", ""].join("\r\n");
const PACKED_HEAD = head("Content-Encoding: gzip", `Content-Length: ${PACKED.length}`);

const plane = (pod: PlaneOptions["pod"], more: PlaneOptions = {}): DataPlane =>
  dataPlane({ ...more, site: { narrow: NARROW, ...more.site }, ...(pod === undefined ? {} : { pod }) });

/** The body of a chunked answer. */
const bodyOf = (text: string): string => {
  let rest = text.slice(text.indexOf("\r\n\r\n") + 4);
  let body = "";
  for (;;) {
    const [line = ""] = rest.split("\r\n", 1);
    const size = Number.parseInt(line, 16);
    if (!(size > 0)) return body;
    body += rest.slice(line.length + 2, line.length + 2 + size);
    rest = rest.slice(line.length + 2 + size + 2);
  }
};
const until = async (done: () => boolean): Promise<void> => {
  await expect.poll(done, { timeout: 10_000, interval: 5 }).toBe(true);
};

describe("a list for a client that has not said that it can unpack", () => {
  test("is asked for packed, and comes plain", async () => {
    await using scene = plane((stream) => {
      stream.say(PACKED_HEAD);
      stream.say(PACKED);
    });
    const client = await scene.ask(get());
    await until(() => client.text.endsWith("\r\n0\r\n\r\n"));
    expect(scene.streams[0]?.heard).toContain("\r\nAccept-Encoding: gzip\r\n");
    expect(client.text.slice(0, client.text.indexOf("\r\n\r\n"))).not.toMatch(/content-(?:encoding|length)/i);
    expect(bodyOf(client.text)).toBe(LIST);
  });

  test("leaves the stream to the next request, whose answer is its own", async () => {
    await using scene = plane((stream, turn) => {
      const body = turn === 0 ? PACKED : gzipSync("next");
      stream.say(head("Content-Encoding: gzip", `Content-Length: ${body.length}`));
      stream.say(body);
    });
    const first = await scene.ask(get());
    const second = await scene.ask(get());
    await until(() => [first, second].every(({ text }) => text.endsWith("\r\n0\r\n\r\n")));
    expect(scene.streams).toHaveLength(1);
    expect(bodyOf(first.text)).toBe(LIST);
    expect(bodyOf(second.text)).toBe("next");
  });

  test.each([
    ["said that it can", get("Accept-Encoding: gzip, br"), "gzip, br"],
    ["said that it cannot", get("Accept-Encoding: identity"), "identity"],
    ["asked for a part", get("Range: bytes=0-9"), undefined],
  ])("who has %s gets what comes", async (_what, asked, wanted) => {
    await using scene = plane((stream) => {
      stream.say(PACKED_HEAD);
      stream.say(PACKED);
    });
    const client = await scene.ask(asked);
    await settle();
    expect(/\r\nAccept-Encoding: (.*)\r\n/i.exec(scene.streams[0]?.heard ?? "")?.[1]).toBe(wanted);
    expect(client.text).toMatch(/\r\nContent-Encoding: gzip\r\n/i);
  });

  test("a UI's own answers are nobody's to unpack", async () => {
    await using scene = dataPlane({
      pod: (stream) => {
        stream.say(PACKED_HEAD);
        stream.say(PACKED);
      },
    });
    const client = await scene.ask(get());
    await settle();
    expect(scene.streams[0]?.heard).not.toMatch(/accept-encoding/i);
    expect(client.text).toMatch(/\r\nContent-Encoding: gzip\r\n/i);
  });

  test.each([
    ["plain", head("Content-Length: 2"), "ok", "ok"],
    ["empty", head("Content-Encoding: gzip", "Content-Length: 0"), "", ""],
    ["empty, by chunks", head("Content-Encoding: gzip", "Transfer-Encoding: chunked"), "0\r\n\r\n", ""],
  ])("an answer that is %s", async (_what, said, body, wanted) => {
    await using scene = plane((stream) => {
      stream.say(said);
      stream.say(body);
    });
    const client = await scene.ask(get());
    await settle();
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(wanted === "ok" ? client.text.endsWith("ok") : bodyOf(client.text) === "").toBe(true);
    expect(client.ended).toBe(false);
  });

  test("an answer without a body", async () => {
    await using scene = plane((stream) => stream.say("HTTP/1.1 304 x\r\nContent-Encoding: gzip\r\n\r\n"));
    const client = await scene.ask(get());
    await settle();
    expect(client.text).toMatch(/^HTTP\/1\.1 304 [^]*\r\n\r\n$/);
    expect(client.ended).toBe(false);
  });

  test.each([
    ["no gzip", Buffer.from("x".repeat(100))],
    ["cut off", PACKED.subarray(0, 2_000)],
    ["damaged", Buffer.concat([PACKED.subarray(0, 2_000), Buffer.alloc(PACKED.length - 2_000)])],
  ])("what is %s is cut, and is no end", async (_what, bytes) => {
    await using scene = plane((stream) => {
      stream.say(head("Content-Encoding: gzip", `Content-Length: ${bytes.length}`));
      stream.say(bytes);
    });
    const client = await scene.ask(get());
    await until(() => client.ended);
    expect(client.text).not.toMatch(/\r\n0\r\n\r\n$/);
  });

  test("an answer to a credential that was refused is not mixed with the next", async () => {
    await using scene = plane(
      (stream, turn) => {
        const body = turn === 0 ? gzipSync("refused".repeat(10_000)) : gzipSync("good");
        stream.say(
          [
            `HTTP/1.1 ${turn === 0 ? "401 x" : "200 OK"}`,
            "Content-Encoding: gzip",
            `Content-Length: ${body.length}`,
            "",
            "",
          ].join("\r\n"),
        );
        stream.say(body);
      },
      { authorize: (rejected) => [["Authorization", rejected === undefined ? "Bearer a" : "Bearer b"]] },
    );
    const client = await scene.ask(get());
    await until(() => client.text.endsWith("\r\n0\r\n\r\n"));
    expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(bodyOf(client.text)).toBe("good");
  });

  test("a thousand times as much as came waits for the client to take it", async () => {
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    await using scene = plane((stream) => {
      stream.say(head("Content-Encoding: gzip", `Content-Length: ${bomb.length}`));
      stream.say(bomb);
    });
    const socket = scene.connect();
    const before = process.memoryUsage().rss;
    socket.write(get());
    // Nobody reads.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((process.memoryUsage().rss - before) / 1024 / 1024).toBeLessThan(64);
  });
});
