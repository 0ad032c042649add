import { createServer, type IncomingMessage } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { settle, stillSystem } from "../../test/proxy/data-plane.ts";
import { KnownError } from "../base/errors.ts";
import { createLegs, type LegChoice } from "./legs.ts";
import type { Forwarder, Incident } from "./types.ts";

/** A data plane that says its name. */
const named = (name: string, ended: string[]): Forwarder => ({
  active: 1,
  request: (_request, response) => void response.end(name),
  upgrade: (_request, socket) => void socket.end(`HTTP/1.1 101 ${name}\r\n\r\n`),
  forget: (session) => void ended.push(`${name} ${session}`),
  [Symbol.asyncDispose]: () => Promise.resolve(void ended.push(name)),
});

interface Scene {
  readonly legs: Forwarder;
  readonly incidents: readonly Incident[];
  readonly ended: readonly string[];
  ask(head?: string): Promise<string>;
  client(head: string): Duplex;
  advance(time: number): void;
}

const scene = (choice: LegChoice | Promise<LegChoice>): Scene => {
  const incidents: Incident[] = [];
  const ended: string[] = [];
  const still = stillSystem();
  const legs = createLegs({
    system: still.system,
    choose: () => choice,
    mayWait: ({ method, upgrade }) => method === "GET" && !upgrade,
    start: "http://kauth.localhost/",
    onIncident: (incident) => incidents.push(incident),
    legs: {
      pod: named("pod", ended),
      direct: named("direct", ended),
      header: named("header", ended),
      cookie: named("cookie", ended),
    },
  });
  const server = createServer();
  const admitted = { session: "web-1", port: 18_000 };
  server.on("request", (request, response) => legs.request(request, response, admitted));
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => legs.upgrade(request, socket, admitted));
  const client = (head: string): Duplex => {
    const [near, far] = duplexPair();
    near.on("error", () => undefined);
    server.emit("connection", far);
    near.write(head);
    return near;
  };
  return {
    legs,
    incidents,
    ended,
    client,
    advance: (time) => still.advance(time),
    ask: async (head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n") => {
      let text = "";
      client(head).on("data", (part: Buffer) => (text += part.toString()));
      await settle();
      return text;
    },
  };
};

const UPGRADE = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const REFUSED: LegChoice = { kind: "refused", status: 501, title: "Not here", detail: "A sentence." };

describe("D.2: one data plane of several", () => {
  test.each<readonly [LegChoice, string]>([
    [{ kind: "pod" }, "pod"],
    [{ kind: "direct" }, "direct"],
    [{ kind: "trusted", as: "header" }, "header"],
    [{ kind: "trusted", as: "cookie" }, "cookie"],
  ])("%j", async (choice, name) => {
    for (const made of [choice, Promise.resolve(choice)]) {
      expect(await scene(made).ask()).toMatch(new RegExp(`\r\n\r\n${name}$`));
      expect(await scene(made).ask(UPGRADE)).toContain(`101 ${name}`);
    }
  });

  test("what is refused says so, and whoever runs kauth can find it", async () => {
    const made = scene(REFUSED);
    for (const head of [undefined, UPGRADE]) {
      const text = await made.ask(head);
      expect(text).toMatch(/^HTTP\/1.1 501 /);
      expect(text).toContain("A sentence.");
      expect(text).toContain(made.incidents.at(-1)?.id);
    }
  });

  test("what is answered here is JSON that nobody keeps, and has no WebSocket", async () => {
    const made = scene({ kind: "own", answer: () => Promise.resolve({ username: "</script>" }) });
    const text = await made.ask();
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text).toMatch(/cache-control: no-store/i);
    expect(text).toMatch(/x-content-type-options: nosniff/i);
    expect(text).toContain('{"username":"</script>"}');
    expect(await made.ask(UPGRADE)).toMatch(/^HTTP\/1.1 400 /);
  });

  test("R-F6: what fails here has a fixed text, is no 503, and counts while it lasts", async () => {
    let fail = (_error: Error): void => undefined;
    const pending = new Promise<never>((_resolve, reject) => (fail = reject));
    for (const made of [scene({ kind: "own", answer: () => pending }), scene(pending)]) {
      const asked = made.ask();
      await settle();
      expect(made.legs.active).toBe(5);
      void asked;
    }
    const own = scene({ kind: "own", answer: () => pending });
    const choosing = scene(pending);
    const texts = [own.ask(), choosing.ask(), choosing.ask(UPGRADE)];
    fail(new KnownError("IDENTITY_CHANGED", "canary"));
    for (const text of await Promise.all(texts)) {
      expect(text).toMatch(/^HTTP\/1.1 504 /);
      expect(text).not.toContain("canary");
      expect(text).toContain("IDENTITY_CHANGED");
    }
    expect([own.legs.active, choosing.legs.active]).toEqual([4, 4]);
    expect(choosing.incidents.map(({ error }) => error)).toMatchObject([
      { code: "IDENTITY_CHANGED" },
      { code: "IDENTITY_CHANGED" },
    ]);
  });

  test("whoever leaves while it is asked is not sent on", async () => {
    let give = (_choice: LegChoice): void => undefined;
    const made = scene(new Promise<LegChoice>((resolve) => (give = resolve)));
    for (const head of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", UPGRADE]) {
      const client = made.client(head);
      await settle();
      client.destroy(new Error("the client left"));
    }
    await settle();
    expect(made.legs.active).toBe(6);
    give(REFUSED);
    await settle();
    expect(made.legs.active).toBe(4);
    expect(made.incidents).toEqual([]);
  });

  test.each<readonly [string, string, RegExp]>([
    ["a read", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", /pod$/],
    ["a change", "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1.1 504 [^]*UPSTREAM_LATE/],
    ["a WebSocket", UPGRADE, /^HTTP\/1.1 504 [^]*UPSTREAM_LATE/],
  ])("R-N5: %s, when the choice took longer than 5 s", async (_what, head, wanted) => {
    let give = (_choice: LegChoice): void => undefined;
    const made = scene(new Promise<LegChoice>((resolve) => (give = resolve)));
    let text = "";
    made.client(head).on("data", (part: Buffer) => (text += part.toString()));
    await settle();
    made.advance(5_001);
    give({ kind: "pod" });
    await settle();
    expect(text).toMatch(wanted);
    expect(made.legs.active).toBe(4);
  });

  test("all of them forget a session, and end", async () => {
    const made = scene({ kind: "pod" });
    made.legs.forget("web-1");
    await made.legs[Symbol.asyncDispose]();
    expect(made.ended).toEqual([
      "pod web-1",
      "direct web-1",
      "header web-1",
      "cookie web-1",
      "pod",
      "direct",
      "header",
      "cookie",
    ]);
  });
});
