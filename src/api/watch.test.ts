import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connected, json, plainServer } from "../../test/api-server.ts";
import { memoryConnection } from "../../test/memory-connection.ts";
import { keepForTest } from "../../test/keep.ts";
import { KnownError } from "../base/errors.ts";
import { clock, settle, type Clock } from "../tunnel/far-end.test-d.ts";
import type { ApiRequest } from "./types.ts";
import { watchObjects, type WatchEvent } from "./watch.ts";
import type { Pod } from "./objects.ts";

const keep = keepForTest();

const podOf = (name: string, version: string, more: object = {}): object => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion: version },
  ...more,
});
const event = (type: string, object: unknown): object => ({ type, object });

/** What one watch brings: lines, and then its end, an error, or nothing for ever. */
interface Watch {
  readonly lines?: readonly unknown[];
  readonly end?: "ends" | "hangs" | Error;
}

interface Setup {
  readonly time: Clock;
  /** `list`, or `watch` and its version, of each request. */
  readonly asked: string[];
  readonly requests: ApiRequest[];
  readonly seen: string[];
  /** What the watch ended with. */
  readonly ended: () => unknown;
  readonly stop: AbortController;
}

const named = (found: WatchEvent<Pod>): string =>
  found.kind === "listed"
    ? `listed ${found.items.map(({ metadata }) => metadata.name).join(",")}`
    : `${found.kind} ${found.item.metadata.name}`;

/** A watch on pods whose server gives these watches in order, and the same list again and again. */
function setup(...watches: readonly Watch[]): Setup {
  const time = clock();
  const asked: string[] = [];
  const requests: ApiRequest[] = [];
  const seen: string[] = [];
  const stop = new AbortController();
  let lists = 0;
  let count = 0;
  let ended: unknown = "not yet";
  const connection = memoryConnection({
    request: (request) => {
      asked.push("list");
      requests.push(request);
      lists += 1;
      const body = { metadata: { resourceVersion: `${lists}00` }, items: [podOf("a", "1")] };
      return Promise.resolve({ status: 200, headers: [], body });
    },
    stream: async function* (request) {
      asked.push(`watch ${request.query?.["resourceVersion"]}`);
      requests.push(request);
      const watch = watches[count] ?? { end: "hangs" };
      count += 1;
      for (const line of watch.lines ?? []) yield await Promise.resolve(line);
      if (watch.end instanceof Error) throw watch.end;
      if (watch.end === "hangs")
        await new Promise((_, reject) => {
          request.signal?.addEventListener("abort", () => reject(request.signal?.reason as Error));
        });
    },
  });
  const events = watchObjects(connection, "pods", {
    namespace: "apps",
    fieldSelector: "metadata.name=a",
    system: time.system,
    signal: stop.signal,
  });
  void (async () => {
    for await (const found of events) seen.push(named(found));
  })().then(
    () => (ended = "done"),
    (error: unknown) => (ended = error),
  );
  return { time, asked, requests, seen, ended: () => ended, stop };
}

test("lists, then follows from the version of the list", async () => {
  const { asked, requests, seen } = setup({
    lines: [
      event("ADDED", podOf("b", "101")),
      event("MODIFIED", podOf("b", "102")),
      event("DELETED", podOf("b", "103")),
    ],
    end: "hangs",
  });
  await settle();
  expect(seen).toEqual(["listed a", "added b", "modified b", "deleted b"]);
  expect(asked).toEqual(["list", "watch 100"]);
  expect(requests[0]?.query).toEqual({ limit: "500", fieldSelector: "metadata.name=a" });
  expect(requests[1]?.query).toEqual({
    fieldSelector: "metadata.name=a",
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: "300",
    resourceVersion: "100",
  });
});

describe("a watch that ends", () => {
  test("goes on from the last version seen, a bookmark's too", async () => {
    const { time, asked, seen } = setup(
      { lines: [event("MODIFIED", podOf("a", "105"))] },
      { lines: [event("BOOKMARK", { kind: "Pod", metadata: { resourceVersion: "120" } })] },
    );
    await time.advance(10_000);
    expect(asked).toEqual(["list", "watch 100", "watch 105", "watch 120"]);
    expect(seen).toEqual(["listed a", "modified a"]);
  });

  test("at once, each time, is not asked for more than once a second", async () => {
    const { time, asked, stop } = setup(...Array.from({ length: 1000 }, () => ({})));
    await time.advance(60_000);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThanOrEqual(62);
    stop.abort();
  });

  test("without a version in its last event starts with a list", async () => {
    const { time, asked } = setup({ lines: [event("MODIFIED", { metadata: { name: "a" } })] });
    await time.advance(10_000);
    expect(asked).toEqual(["list", "watch 100", "list", "watch 200"]);
  });
});

describe("a version that is too old starts with a list again", () => {
  const gone = (code: unknown): object => ({ kind: "Status", status: "Failure", reason: "Expired", code });

  test.each([
    ["as an event", { lines: [event("ERROR", gone(410))] }],
    ["as an event without metadata", { lines: [event("ERROR", { code: 410 })] }],
    ["as a status", { end: new KnownError("API_EXPIRED", "too old resource version") }],
  ])("%s", async (_name, watch: Watch) => {
    const { time, asked, seen } = setup(watch);
    await time.advance(10_000);
    expect(asked).toEqual(["list", "watch 100", "list", "watch 200"]);
    expect(seen).toEqual(["listed a", "listed a"]);
  });

  test("each time, but not more than once a second", async () => {
    const expired = { lines: [event("ERROR", gone(410))] };
    const { time, asked, stop } = setup(...Array.from({ length: 1000 }, () => expired));
    await time.advance(60_000);
    expect(asked.length).toBeLessThanOrEqual(124);
    stop.abort();
  });
});

describe("what its caller decides about", () => {
  test.each([
    ["another ERROR event", { lines: [event("ERROR", { code: 500 })] }, "API_FAILED"],
    ["an ERROR event without a code", { lines: [event("ERROR", {})] }, "API_FAILED"],
    ["an ERROR event whose code is text", { lines: [event("ERROR", { code: "410" })] }, "API_FAILED"],
    ["a lost connection", { end: new KnownError("CONNECTION_LOST", "reset") }, "CONNECTION_LOST"],
    ["a missing right", { end: new KnownError("FORBIDDEN", "no") }, "FORBIDDEN"],
    ["a line that is text", { lines: ["hello"] }, "API_FAILED"],
    ["a line that is null", { lines: [null] }, "API_FAILED"],
    ["an event without an object", { lines: [event("MODIFIED", undefined)] }, "API_FAILED"],
    ["an event with a list for an object", { lines: [event("MODIFIED", [])] }, "API_FAILED"],
    ["a type that is a number", { lines: [{ type: 1, object: podOf("a", "1") }] }, "API_FAILED"],
    ["a pod that is none", { lines: [event("MODIFIED", podOf("a", "1", { spec: 3 }))] }, "API_FAILED"],
    [
      "a version that is a number",
      { lines: [event("BOOKMARK", { metadata: { resourceVersion: 3 } })] },
      "API_FAILED",
    ],
  ])("%s", async (_name, watch: Watch, code) => {
    const { ended, asked } = setup(watch);
    await settle();
    expect(ended()).toMatchObject({ code });
    expect(asked).toHaveLength(2);
  });
});

test.each(["constructor", "__proto__", "toString", "SOMETHING", ""])(
  "an event of type %j is passed over",
  async (type) => {
    const { seen } = setup({
      lines: [event(type, podOf("b", "7")), event("ADDED", podOf("c", "8"))],
      end: "hangs",
    });
    await settle();
    expect(seen).toEqual(["listed a", "added c"]);
  },
);

test("ends with the signal, also while it waits", async () => {
  const waiting = setup({});
  await settle();
  expect(waiting.asked).toEqual(["list", "watch 100"]);
  waiting.stop.abort();
  await waiting.time.advance(100_000);
  expect(waiting.asked).toHaveLength(2);
  expect(waiting.ended()).not.toBe("not yet");
});

test("gives the same events however the network cuts them", async () => {
  // Of one, two and three bytes a letter.
  const phases = ["a", "ü", "日本"];
  const lines = phases.map(
    (phase, index) => `${JSON.stringify(event("ADDED", podOf("a", `${index}`, { status: { phase } })))}\n`,
  );
  const body = Buffer.from(lines.join(""));
  let places: readonly number[] = [];
  const server = await plainServer((request, response) => {
    if (request.url?.includes("watch=true") !== true) {
      json(response, 200, { metadata: { resourceVersion: "1" }, items: [] });
      return;
    }
    const at = [...new Set(places)].toSorted((a, b) => a - b);
    response.writeHead(200);
    const pieces = [0, ...at].map((start, index) => body.subarray(start, at[index] ?? body.length));
    const send = (index: number): void => {
      const piece = pieces[index];
      if (piece !== undefined) response.write(piece, () => setImmediate(send, index + 1));
    };
    send(0);
  });
  const connection = connected(server.url);
  keep(server);
  keep(connection);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: body.length }), { maxLength: 20 }), async (cuts) => {
      places = cuts;
      const found: string[] = [];
      const events = watchObjects(connection, "pods", {
        namespace: "apps",
        system: clock().system,
        signal: new AbortController().signal,
      });
      for await (const each of events) {
        if (each.kind !== "listed") found.push(each.item.status.phase);
        if (found.length === phases.length) break;
      }
      expect(found).toEqual(phases);
    }),
    { numRuns: 40 },
  );
});
