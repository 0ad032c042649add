import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import {
  connected,
  hurriedSystem,
  json,
  plainServer,
  rawServer,
  type Served,
} from "../../test/api-server.ts";
import { keepForTest } from "../../test/keep.ts";
import { millis } from "../base/units.ts";
import type { ApiRequest, Connection } from "./types.ts";

const keep = keepForTest();

interface Told {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}
type Act = Told | "reset" | "end" | "half";

const OK: Told = { status: 200 };
const BUSY: Told = { status: 429, headers: { "Retry-After": "2" } };

interface Scene {
  readonly server: Served;
  readonly connection: Connection;
  readonly slept: readonly number[];
  /** Method and body of what came. */
  readonly came: string[];
}

/** A server that does these things one after another, the last one for ever. */
const scene = async (...acts: readonly Act[]): Promise<Scene> => {
  const came: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const act = acts[Math.min(came.length, acts.length - 1)] ?? OK;
      came.push(`${request.method}${Buffer.concat(parts).toString()}`);
      if (act === "reset") request.socket.resetAndDestroy();
      else if (act === "end") request.socket.end();
      else if (act === "half") request.socket.end("HTTP/1.1 200 OK\r\nContent-");
      else {
        for (const [name, value] of Object.entries(act.headers ?? {})) response.setHeader(name, value);
        response.writeHead(act.status).end(`{"n":${came.length}}\n`);
      }
    });
  };
  const server = keep(await plainServer(answer));
  const system = hurriedSystem();
  const connection = keep(connected(server.url, {}, undefined, system));
  return { server, connection, slept: system.slept, came };
};

const GET: ApiRequest = { method: "GET", path: "/version" };
const POST: ApiRequest = { method: "POST", path: "/x", body: { a: 1 } };
const METHODS: readonly (readonly [name: string, request: ApiRequest, came: string])[] = [
  ["GET", GET, "GET"],
  ["POST", POST, 'POST{"a":1}'],
];

const outcome = async (connection: Connection, request: ApiRequest): Promise<number | string> =>
  await connection.request(request).then(
    ({ status }) => status,
    (error: unknown) => (error as { readonly code: string }).code,
  );

describe.each(METHODS)("%s (credentials.md §4.8)", (method, request, sent) => {
  const read = method === "GET";
  test.each<[name: string, act: Act, again: boolean, slept: number]>([
    ["429 with seconds", BUSY, true, 2000],
    ["429 with 0", { status: 429, headers: { "Retry-After": "0" } }, true, 0],
    ["500 with seconds", { status: 500, headers: { "Retry-After": "1" } }, true, 1000],
    ["503 with seconds", { status: 503, headers: { "Retry-After": "1" } }, true, 1000],
    ["599 with seconds", { status: 599, headers: { "Retry-After": "1" } }, true, 1000],
    ["429 without Retry-After", { status: 429 }, false, 0],
    ["503 without Retry-After", { status: 503 }, false, 0],
    [
      "429 with a date",
      { status: 429, headers: { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" } },
      false,
      0,
    ],
    ["503 with half a second", { status: 503, headers: { "Retry-After": "0.5" } }, false, 0],
    ["302 with seconds", { status: 302, headers: { "Retry-After": "1", Location: "/" } }, false, 0],
    ["404 with seconds", { status: 404, headers: { "Retry-After": "1" } }, false, 0],
    ["401 with seconds", { status: 401, headers: { "Retry-After": "1" } }, false, 0],
    ["a connection that is reset", "reset", read, 1000],
    ["a connection that ends", "end", read, 1000],
    ["a connection that ends within the head", "half", read, 1000],
  ])("%s", async (_name, act, again, pause) => {
    const { connection, slept, came } = await scene(act, OK);
    const got = await outcome(connection, request);
    if (again) expect(got).toBe(200);
    else expect(got).toBe(typeof act === "string" ? "CONNECTION_LOST" : act.status);
    expect(slept).toEqual(again ? [pause] : []);
    // The body goes with each.
    expect(came).toEqual(again ? [sent, sent] : [sent]);
  });

  test("eleven times at most, and the last answer counts", async () => {
    const { connection, came, slept } = await scene({ status: 503, headers: { "Retry-After": "1" } });
    expect(await connection.request(request)).toMatchObject({ status: 503, body: { n: 11 } });
    expect([came.length, slept.length]).toEqual([11, 10]);
  });
});

test("an answer that asks for more patience than there is time is given at once", async () => {
  const { connection, slept } = await scene({ status: 429, headers: { "Retry-After": "31" } });
  expect(await outcome(connection, GET)).toBe(429);
  expect(slept).toEqual([]);
});

test("a wait ends with the signal, for its reason", async () => {
  const stop = new AbortController();
  const server = keep(
    await plainServer((_request, response) => {
      response.once("finish", () => stop.abort(new Error("enough")));
      response.writeHead(429, { "Retry-After": "20" }).end();
    }),
  );
  await expect(keep(connected(server.url)).request({ ...GET, signal: stop.signal })).rejects.toThrow(
    "enough",
  );
  expect(server.accepted).toBe(1);
});

test("a wait ends with the request's own time", async () => {
  const server = keep(await rawServer((socket) => socket.resetAndDestroy()));
  const connection = keep(connected(server.url));
  await expect(connection.request({ ...GET, timeout: millis(1_200) })).rejects.toMatchObject({
    code: "CONNECTION_LOST",
  });
  expect(server.accepted).toBe(2);
});

test("a connection that was disposed of asks nothing again, and nothing new", async () => {
  const server = keep(await rawServer((socket) => socket.resetAndDestroy()));
  const sleep = async (): Promise<void> => await connection[Symbol.asyncDispose]();
  const connection: Connection = connected(server.url, {}, undefined, { ...hurriedSystem(), sleep });
  expect(await outcome(connection, GET)).toBe("CONNECTION_LOST");
  expect(await outcome(connection, GET)).toBe("CONNECTION_LOST");
  expect(server.accepted).toBe(1);
});

test("refused connections are not made again", async () => {
  const { server, connection, slept } = await scene(OK);
  await server[Symbol.asyncDispose]();
  expect(await outcome(connection, GET)).toBe("CONNECTION_REFUSED");
  expect(slept).toEqual([]);
});

test("what went wrong before is told with what went wrong at last", async () => {
  const server = await rawServer((socket) => socket.resetAndDestroy());
  const sleep = async (): Promise<void> => await server[Symbol.asyncDispose]();
  const connection = keep(connected(server.url, {}, undefined, { ...hurriedSystem(), sleep }));
  await expect(connection.request(GET)).rejects.toMatchObject({
    code: "CONNECTION_REFUSED",
    message: expect.stringMatching(/refused - error from a previous attempt: .*ECONNRESET/) as string,
  });
});

describe("a watch", () => {
  const watch = async (connection: Connection): Promise<readonly unknown[]> => {
    const lines: unknown[] = [];
    for await (const line of connection.stream(GET)) lines.push(line);
    return lines;
  };

  test.each<[name: string, act: Act]>([
    ["429 with seconds", BUSY],
    ["503 with seconds", { status: 503, headers: { "Retry-After": "2" } }],
    ["a connection that is reset", "reset"],
    ["a connection that ends", "end"],
  ])("goes on after %s", async (_name, act) => {
    const { connection, came } = await scene(act, OK);
    expect(await watch(connection)).toEqual([{ n: 2 }]);
    expect(came).toHaveLength(2);
  });

  test.each<[name: string, act: Act, code: string]>([
    ["429 without Retry-After", { status: 429 }, "API_BUSY"],
    ["500 without Retry-After", { status: 500 }, "API_FAILED"],
    ["a redirect", { status: 307, headers: { "Retry-After": "1", Location: "/" } }, "API_REDIRECT"],
  ])("ends with %s", async (_name, act, code) => {
    const { connection, came } = await scene(act, OK);
    await expect(watch(connection)).rejects.toMatchObject({ code });
    expect(came).toHaveLength(1);
  });

  test("is empty when its connections break eleven times", async () => {
    const { connection, came } = await scene("reset");
    expect(await watch(connection)).toEqual([]);
    expect(came).toHaveLength(11);
  });
});

test("an upgrade is never asked for again", async () => {
  for (const act of [BUSY, "reset"] as const) {
    const { connection, came, slept } = await scene(act, OK);
    const answer = await connection
      .upgrade({ method: "GET", path: "/x", headers: [["Upgrade", "x"]] })
      .catch((error: unknown) => error);
    expect(answer).toMatchObject(act === "reset" ? { code: "CONNECTION_LOST" } : { status: 429 });
    expect([came.length, slept.length]).toEqual([1, 0]);
  }
});

describe("--request-timeout (credentials.md §1.5, O10)", () => {
  const timed = async (requestTimeout: number, request: ApiRequest): Promise<readonly string[]> => {
    const urls: string[] = [];
    const server = keep(
      await plainServer((asked, response) => {
        urls.push(asked.url ?? "");
        json(response, 200, {});
      }),
    );
    const connection = keep(
      connected(server.url, {}, undefined, undefined, { requestTimeout: millis(requestTimeout) }),
    );
    await connection.request(request);
    const lines = connection.stream(request);
    await lines[Symbol.asyncIterator]().next();
    return urls;
  };

  test.each([
    [5_000, "/version?timeout=5s"],
    [90_000, "/version?timeout=1m30s"],
    [1_500, "/version?timeout=1.5s"],
  ])("%d ms is told to the server", async (time, wanted) => {
    expect(await timed(time, GET)).toEqual([wanted, wanted]);
  });

  test("is beside other fields", async () => {
    expect((await timed(1_000, { ...GET, query: { a: "b" } }))[0]).toBe("/version?a=b&timeout=1s");
  });

  test("ends a request that takes longer", async () => {
    const server = keep(await rawServer(() => undefined));
    const connection = keep(connected(server.url, {}, undefined, undefined, { requestTimeout: millis(50) }));
    expect(await outcome(connection, GET)).toBe("CONNECTION_TIMEOUT");
  });

  test("is nothing to a server when nobody asked for it", async () => {
    const urls: string[] = [];
    const server = keep(
      await plainServer((asked, response) => {
        urls.push(asked.url ?? "");
        json(response, 200, {});
      }),
    );
    await keep(connected(server.url)).request(GET);
    expect(urls).toEqual(["/version"]);
  });
});

describe("warnings (credentials.md §4.5)", () => {
  test("are printed, each once", async () => {
    const system = hurriedSystem();
    const server = keep(
      await plainServer((_request, response) => {
        response.setHeader("Warning", ['299 - "v1 Endpoints is deprecated"', '299 - "two"']);
        json(response, 200, {});
      }),
    );
    const connection = keep(connected(server.url, {}, undefined, system));
    for (let turn = 0; turn < 3; turn++) await connection.request(GET);
    for await (const line of connection.stream(GET)) expect(line).toEqual({});
    expect(system.said).toEqual(["Warning: v1 Endpoints is deprecated", "Warning: two"]);
  });
});
