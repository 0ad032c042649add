import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { raw, testSystem, type RawAnswer, type TestSystem } from "../../test/proxy/fake-site.ts";
import { createPermitted } from "./permits.ts";
import type { AskedRequest, Forwarder, Incident } from "./types.ts";

let under: TestSystem;
let ask: (bytes: string) => Promise<RawAnswer>;
let close: () => void;
let reached: string[];
let asked: AskedRequest[];
let incidents: Incident[];

beforeEach(async () => {
  under = await testSystem();
  reached = [];
  asked = [];
  incidents = [];
  const inner: Forwarder = {
    active: 3,
    request: (request, response) => {
      reached.push(`${request.method} ${request.url}`);
      response.end("inside");
    },
    upgrade: (request, socket) => {
      reached.push(`socket ${request.url}`);
      socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    },
    forget: (session) => void reached.push(`forget ${session}`),
    [Symbol.asyncDispose]: () => {
      reached.push("disposed");
      return Promise.resolve();
    },
  };
  const permitted = createPermitted({
    system: under.system,
    inner,
    permits: (each) => {
      asked.push(each);
      return each.target.startsWith("/yes");
    },
    onIncident: (incident) => incidents.push(incident),
  });
  const server = createServer();
  const admitted = { session: "web-1", port: 1 };
  server.on("request", (request, response) => permitted.request(request, response, admitted));
  server.on("upgrade", (request, socket) => permitted.upgrade(request, socket, admitted));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  ask = async (bytes) => await raw({ host: "127.0.0.1", port }, bytes);
  close = () => {
    server.close();
    permitted.forget("web-1");
    void permitted[Symbol.asyncDispose]();
    expect(permitted.active).toBe(3);
  };
});
afterEach(async () => {
  close();
  expect(reached.slice(-2)).toEqual(["forget web-1", "disposed"]);
  await under.remove();
});

const head = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, "Host: a", ...headers, "", ""].join("\r\n");
const CLOSE = "Connection: close";
const SOCKET = ["Connection: Upgrade", "Upgrade: websocket"];

test("what is permitted goes on as it is", async () => {
  expect((await ask(head("POST /yes?a=b", "X-A: b", CLOSE))).text).toContain("inside");
  expect((await ask(head("GET /yes", ...SOCKET))).statuses).toEqual([101]);
  expect(reached).toEqual(["POST /yes?a=b", "socket /yes"]);
  expect(asked[0]).toEqual({
    method: "POST",
    target: "/yes?a=b",
    headers: ["Host", "a", "X-A", "b", "Connection", "close"],
    upgrade: false,
  });
  expect(asked[1]?.upgrade).toBe(true);
  expect(incidents).toEqual([]);
});

test("a script is told by JSON, a person by a page, and nobody else hears of it", async () => {
  const script = await ask(head("DELETE /no/secret?token=x", CLOSE));
  const body: unknown = JSON.parse(script.text.slice(script.text.indexOf("\r\n\r\n")));
  expect(script.statuses).toEqual([403]);
  expect(body).toMatchObject({ status: 403, title: "Read-only", code: "READ_ONLY" });
  const page = await ask(head("POST /no", "Sec-Fetch-Mode: navigate", "Content-Length: 5", CLOSE));
  expect(page.statuses).toEqual([403]);
  expect(page.text).toMatch(/<h1>Read-only<\/h1>[^]*READ_ONLY/);
  const socket = await ask(head("GET /no", ...SOCKET));
  expect(socket.statuses).toEqual([403]);
  expect(reached).toEqual([]);
  expect(incidents.map(({ error }) => (error as Error).message)).toEqual([
    "Refused a DELETE request: kauth runs with --read-only",
    "Refused a POST request: kauth runs with --read-only",
    "Refused a WebSocket: kauth runs with --read-only",
  ]);
  expect(script.text + page.text).not.toMatch(/secret|token=x/);
});
