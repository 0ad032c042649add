import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataPlane, GET, request, settle, SOON, type PodStream } from "../proxy/data-plane.ts";
import { KnownError } from "../../src/base/errors.ts";
import { startRig, type Rig } from "./rig.ts";

/** Rows of the fault matrix and bad inputs (issue C) whose fault is exact bytes, so that they are made in memory. */

const lost = (stream: PodStream): void => stream.fail(new KnownError("TUNNEL_LOST", "lost"));

describe("F2 a pod is killed in the middle of an answer: a cut, never a clean end", () => {
  const BODY = "x".repeat(2_000);
  const ANSWERS: Readonly<Record<string, string>> = {
    "a length": `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    chunks: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n${BODY.slice(1_000)}\r\n3e8\r\n${BODY.slice(1_000)}\r\n0\r\n\r\n`,
    "an end of the stream": `HTTP/1.1 200 OK\r\n\r\n${BODY}`,
  };
  test.each(Object.keys(ANSWERS))("with %s, at 70 places", async (framing) => {
    const bytes = ANSWERS[framing] ?? "";
    const head = bytes.indexOf("\r\n\r\n") + 4;
    for (let turn = 0; turn < 70; turn += 1) {
      const at = head + 1 + Math.floor(((bytes.length - head - 2) * turn) / 70);
      await using plane = dataPlane({
        pod: (stream) => {
          stream.say(bytes.slice(0, at));
          setImmediate(() => setImmediate(() => lost(stream)));
        },
      });
      const client = await plane.ask(GET);
      await expect.poll(() => client.ended, SOON).toBe(true);
      const body = client.text.slice(client.text.indexOf("\r\n\r\n") + 4);
      // An answer of Node's own with this length or with a last chunk would be whole.
      expect(body.endsWith("0\r\n\r\n")).toBe(false);
      const length = /^Content-Length: (\d+)/im.exec(client.text)?.[1];
      if (length !== undefined) expect(body.length).toBeLessThan(Number(length));
    }
  });
});

test("an upstream that executes a POST and then resets: it was executed once", async () => {
  let executed = 0;
  await using plane = dataPlane({
    pod: (stream) => {
      if (stream.heard.startsWith("POST")) executed += 1;
      stream.fail(new KnownError("PORT_RESET", "reset"));
    },
  });
  const client = await plane.ask(request("POST /do", ["Content-Length: 2"], "go"));
  for (let second = 0; second < 150; second += 1) {
    plane.advance(1_000);
    await settle();
  }
  expect(executed).toBe(1);
  expect(client.statuses).toHaveLength(1);
  expect(client.statuses[0]).toBeGreaterThanOrEqual(502);
});

describe("over the whole way", () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(async () => await rig[Symbol.asyncDispose]());

  test("F12 a UI that answers 401 for ever: passed on, and the plugin is run twice in 10 s at most", async () => {
    const before = await rig.demo.pluginCalls();
    const answers = await Promise.all(
      Array.from(
        { length: 200 },
        async (_none, turn) => await rig.fetch({ path: `/expire?n=1000000&key=${turn}` }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect((await rig.demo.pluginCalls()) - before).toBeLessThanOrEqual(3);
    expect((await rig.fetch({ path: "/api/me" })).status).toBe(200);
  });

  test("F19 many requests on fifty connections: no error", async () => {
    let errors = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let turn = 0; turn < 20; turn += 1)
          if ((await rig.fetch({ path: "/healthz" })).status !== 200) errors += 1;
      }),
    );
    expect(errors).toBe(0);
  });

  test("an API server that cuts everything each second: nothing is lost, and nothing is asked for faster than it should", async () => {
    const calls = rig.demo.cluster.audit.length;
    const cutting = (async (): Promise<void> => {
      for (let turn = 0; turn < 6; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        rig.demo.cluster.dropConnections();
      }
    })();
    const asked = await rig.ask({ until: cutting, least: 50 });
    expect([asked.wrong, asked.lost]).toEqual([0, []]);
    // Each cut costs a resolve, a tunnel over one or two carriers, its proof and two watches.
    expect(rig.demo.cluster.audit.length - calls).toBeLessThan(6 * 30);
  });
});
