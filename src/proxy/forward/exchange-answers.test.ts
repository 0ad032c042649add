import { request as ask } from "node:http";
import { describe, expect, test } from "vitest";
import { ANSWERS } from "../../../test/proxy/answers.ts";
import { dataPlane, FINE, GET, settle, values, type DataPlane } from "../../../test/proxy/data-plane.ts";

/** What the world of pods must not tell a page. */
const CANARIES = /Bearer ours|ui\.apps\.svc|canary|stack|node:/i;

interface Fetched {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
  /** Node's client has seen the end that the head announced. */
  readonly whole: boolean;
}

/** Node's own client, which tells a cut from an end. Status 0: no head came. */
const fetched = async (plane: DataPlane, method = "GET"): Promise<Fetched> =>
  await new Promise((resolve) => {
    const sent = ask(
      { createConnection: () => plane.connect(), method, path: "/", maxHeaderSize: 128 * 1024 },
      (response) => {
        const parts: Buffer[] = [];
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? "",
            body: Buffer.concat(parts).toString("latin1"),
            whole: response.complete,
          });
        response.on("data", (part: Buffer) => parts.push(part));
        response.once("error", done);
        response.once("end", done);
      },
    );
    sent.once("error", () => resolve({ status: 0, reason: "", body: "", whole: false }));
    sent.end();
  });

describe("F37: whatever a pod answers, one true answer or a visible cut", () => {
  test.each(ANSWERS.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    let first = true;
    await using plane = dataPlane({
      pod: (stream) => {
        if (!first) return stream.say(FINE);
        stream.say(row.bytes);
        if (row.end === true) stream.end();
      },
    });
    const { verdict } = row;
    const answering = fetched(plane, row.method);
    await settle();
    // A read that nobody answered is sent a third time after a pause.
    plane.advance(250);
    const answer = await answering;
    const begun = verdict.kind !== "answer" && verdict.begun === true;
    if (verdict.kind === "answer") {
      expect(answer).toMatchObject({ status: verdict.status, body: verdict.body, whole: true });
      expect(answer.reason).toMatch(/^(?:OK|No Content|Not Modified|Unknown)$/);
    } else if (begun) expect(answer.whole).toBe(false);
    else {
      expect(answer).toMatchObject({ status: 502, whole: true });
      expect(JSON.parse(answer.body)).toMatchObject({
        title: "The UI did not answer properly",
        incident: "abababab",
      });
      expect(answer.body).not.toMatch(CANARIES);
    }
    await settle();
    expect(plane.forwarder.active).toBe(0);
    const reusable = verdict.kind === "answer" && verdict.reusable && (verdict.rest ?? 0) === 0;
    const before = plane.streams.length;
    expect(plane.streams.map(({ over }) => over)).toEqual(plane.streams.map(() => !reusable));
    first = false;
    expect(await fetched(plane)).toMatchObject({ status: 200, body: "ok", whole: true });
    expect(plane.streams.length - before).toBe(reusable ? 0 : 1);
  });
});

describe("R-F7: what is cut is seen to be cut", () => {
  test.each([
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"],
    ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"],
    ["no framing", "HTTP/1.1 200 OK\r\n\r\nhello"],
  ])("by a tunnel that fails, with %s", async (_name, bytes) => {
    await using plane = dataPlane({
      pod: (stream) => {
        stream.say(bytes);
        setImmediate(() => stream.fail(new Error("canary")));
      },
    });
    expect((await fetched(plane)).whole).toBe(false);
    expect(plane.streams).toHaveLength(1);
  });

  test("a head is passed on before there is a body", async () => {
    await using plane = dataPlane({
      pod: (stream) => stream.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"),
    });
    const client = await plane.ask(GET);
    expect(client.statuses).toEqual([200]);
    expect(client.ended).toBe(false);
    plane.streams[0]?.say("data: 1\n\n");
    await settle();
    expect(client.text).toContain("data: 1\n\n");
  });
});

describe("R-F4: redirects are the browser's", () => {
  test.each([301, 302, 303, 307, 308])(
    "%i to another origin passes unchanged and is not followed",
    async (status) => {
      await using plane = dataPlane({
        pod: (stream) =>
          stream.say(`HTTP/1.1 ${status} x\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n`),
      });
      const client = await plane.ask(GET);
      expect(client.statuses).toEqual([status]);
      expect(values(client.text, "location")).toEqual(["http://evil/"]);
      expect(plane.streams).toHaveLength(1);
      expect(plane.streams[0]?.heard.match(/Authorization/g)).toHaveLength(1);
    },
  );
});

describe("back-pressure", () => {
  test("F15: a client that does not read stops the pod", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.say("HTTP/1.1 200 OK\r\n\r\n") });
    const near = plane.connect();
    near.write(GET);
    await settle();
    const part = Buffer.alloc(64 * 1024);
    const pod = plane.streams[0]?.duplex;
    let written = 0;
    while (pod?.write(part) === true || (written < 64 && pod?.writableNeedDrain === false)) {
      written += 1;
      await settle();
    }
    expect(written).toBeLessThan(20);
    near.resume();
    await settle();
    expect(pod?.writableNeedDrain).toBe(false);
  });

  test("many small chunks of one read leave as one", async () => {
    await using plane = dataPlane({
      pod: (stream) =>
        stream.say(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1\r\na\r\n".repeat(1_000)}`),
    });
    expect((await plane.ask(GET)).text).toMatch(/\r\n\r\n3e8\r\na{1000}\r\n$/);
  });

  test("a client that does not read small chunks is waited for once", async () => {
    const warned: string[] = [];
    const note = ({ name }: Error): void => void warned.push(name);
    process.on("warning", note);
    await using plane = dataPlane({
      pod: (stream) => stream.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    });
    plane.connect().write(GET);
    await settle();
    const pod = plane.streams[0]?.duplex;
    for (let turn = 0; turn < 30 && pod?.writableNeedDrain === false; turn += 1) {
      pod.write("1\r\na\r\n".repeat(10_000));
      await settle();
    }
    process.off("warning", note);
    expect(pod?.writableNeedDrain).toBe(true);
    expect(warned).toEqual([]);
  });

  test("a client that leaves lets the pod go", async () => {
    await using plane = dataPlane({ pod: (stream) => stream.say("HTTP/1.1 200 OK\r\n\r\nhello") });
    const client = await plane.ask(GET);
    client.leave();
    await settle();
    expect(plane.streams[0]?.over).toBe(true);
    expect(plane.forwarder.active).toBe(0);
  });

  test("one that leaves with several requests open lets all of them go", async () => {
    await using plane = dataPlane({ pod: () => undefined });
    const client = await plane.ask(GET.repeat(3));
    expect(plane.streams).toHaveLength(3);
    client.leave();
    await settle();
    expect(plane.streams.map(({ over }) => over)).toEqual([true, true, true]);
    expect(plane.forwarder.active).toBe(0);
  });

  test("several requests on one connection are answered in their order", async () => {
    await using plane = dataPlane({ pod: () => undefined });
    const client = await plane.ask(GET.repeat(3));
    for (const [turn, stream] of plane.streams.toReversed().entries()) {
      stream.say(FINE.replace("ok", `o${3 - turn}`));
      await settle();
    }
    expect(client.text.match(/o\d/g)).toEqual(["o1", "o2", "o3"]);
    client.leave();
    await settle();
    expect(plane.forwarder.active).toBe(0);
  });
});
