import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { testSystem, type TestClock } from "../../test/proxy/fake-site.ts";
import { KnownError } from "../base/errors.ts";
import { millis } from "../base/units.ts";
import { createLazy, type LazyOptions } from "./lazy.ts";
import type { Forwarder, Incident } from "./types.ts";

const PATIENT = millis(60_000);
const AT_ONCE = millis(1);

const NAVIGATION = { accept: "text/html", "sec-fetch-mode": "navigate" };

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

interface Scene {
  readonly lazy: Forwarder;
  readonly clock: TestClock;
  readonly incidents: readonly Incident[];
  readonly port: number;
  /** How often the data plane was made. */
  readonly opens: () => number;
  readonly get: (headers?: Readonly<Record<string, string>>, method?: string) => Promise<Answer>;
}

const after: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of after.splice(0).toReversed()) await end();
});

/** A data plane that says which request it saw. */
const plane = (): Forwarder => ({
  active: 0,
  request: (request, response) => {
    request.resume();
    response.end(`seen ${request.method ?? ""} ${request.url ?? ""}`);
  },
  upgrade: (_request, socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\nhello"),
  forget: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

interface Later {
  readonly promise: Promise<Forwarder>;
  readonly resolve: (made: Forwarder) => void;
  readonly reject: (error: Error) => void;
}

const later = (): Later => {
  let resolve: Later["resolve"] = () => undefined;
  let reject: Later["reject"] = () => undefined;
  const promise = new Promise<Forwarder>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
};

const scene = async (options: Partial<LazyOptions> & Pick<LazyOptions, "open">): Promise<Scene> => {
  const under = await testSystem();
  after.push(async () => await under.remove());
  const incidents: Incident[] = [];
  let opens = 0;
  const lazy = createLazy({
    system: under.system,
    trouble: () => undefined,
    onIncident: (incident) => incidents.push(incident),
    ...options,
    open: async () => {
      opens += 1;
      return await options.open();
    },
  });
  const server = createServer((request, response) =>
    lazy.request(request, response, { session: "web-1", port: 1 }),
  );
  server.on("upgrade", (request, socket) => lazy.upgrade(request, socket, { session: "web-1", port: 1 }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    lazy,
    clock: under.clock,
    incidents,
    port,
    opens: () => opens,
    get: async (headers = {}, method = "GET") => {
      const asked = request({ host: "127.0.0.1", port, path: "/path?q=1", method, headers, agent: false });
      asked.end();
      const [answer] = (await once(asked, "response")) as [IncomingMessage];
      return { status: answer.statusCode, text: Buffer.concat(await answer.toArray()).toString("utf8") };
    },
  };
};

describe("a data plane that is made when somebody asks", () => {
  test("nobody asks, and nothing is made", async () => {
    const { opens, lazy } = await scene({ open: () => Promise.resolve(plane()) });
    expect(opens()).toBe(0);
    expect(lazy.active).toBe(0);
  });

  test("it is made once for all who wait, and all are answered by it", async () => {
    const made = later();
    const { get, opens, lazy } = await scene({ open: () => made.promise });
    const asked = [get(), get(NAVIGATION), get({}, "POST")];
    await expect.poll(() => lazy.active).toBe(3);
    made.resolve(plane());
    expect(await Promise.all(asked)).toEqual([
      { status: 200, text: "seen GET /path?q=1" },
      { status: 200, text: "seen GET /path?q=1" },
      { status: 200, text: "seen POST /path?q=1" },
    ]);
    expect((await get()).status).toBe(200);
    expect(opens()).toBe(1);
    expect(lazy.active).toBe(0);
  });

  test("what stands in the way is told, and whoever asks next tries again", async () => {
    let fails = true;
    const { get, opens, incidents, clock } = await scene({
      open: () => {
        const error = new KnownError("FORBIDDEN", "Cannot get svc/ui: secret text of the cluster");
        return fails ? Promise.reject(error) : Promise.resolve(plane());
      },
    });
    const script = await get();
    expect(script.status).toBe(504);
    expect(script.text).not.toContain("secret text");
    const page = await get(NAVIGATION);
    expect(page.status).toBe(503);
    expect(page.text).toContain("You lack a right in the cluster");
    expect(incidents).toHaveLength(2);
    // A page that is left open asks on and on.
    expect(opens()).toBe(1);
    fails = false;
    clock.advance(millis(500));
    expect((await get()).status).toBe(200);
    expect(opens()).toBe(2);
  });

  test("a person is told soon what is waited for, and the page goes on by itself", async () => {
    const { get, opens } = await scene({
      open: () => new Promise(() => undefined),
      trouble: () => new KnownError("NO_READY_POD", "Cannot open svc/ui: no pod is ready"),
      limits: { navigation: AT_ONCE, read: PATIENT, change: PATIENT },
    });
    const page = await get(NAVIGATION);
    expect(page.status).toBe(503);
    expect(page.text).toContain("No pod of the UI is ready");
    // It goes on to be made for the next one.
    expect((await get(NAVIGATION)).status).toBe(503);
    expect(opens()).toBe(1);
  });

  test("a change is not made long after it was asked for", async () => {
    const { get } = await scene({
      open: () => new Promise(() => undefined),
      limits: { navigation: PATIENT, read: PATIENT, change: AT_ONCE },
    });
    const answer = await get({}, "DELETE");
    expect(answer.status).toBe(504);
    expect(answer.text).toContain("This request was not sent");
  });

  test("R-N5: nor is a WebSocket opened, which may start something", async () => {
    const { port } = await scene({
      open: () => new Promise(() => undefined),
      limits: { navigation: PATIENT, read: PATIENT, change: AT_ONCE },
    });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const [part] = (await once(socket, "data")) as [Buffer];
    expect(part.toString("latin1")).toMatch(/^HTTP\/1\.1 504 /);
    socket.destroy();
  });

  test("a fault of a new data plane ends one request, and not the program", async () => {
    const fault = (): void => {
      throw new TypeError("a fault of ours");
    };
    const { get, incidents } = await scene({
      open: () => Promise.resolve({ ...plane(), request: fault, upgrade: fault }),
    });
    expect((await get()).status).toBe(504);
    const upgraded = await scene({
      open: () => Promise.resolve({ ...plane(), request: fault, upgrade: fault }),
    });
    const socket = connect(upgraded.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const [part] = (await once(socket, "data")) as [Buffer];
    expect(part.toString("latin1")).toMatch(/^HTTP\/1\.1 504 /);
    socket.destroy();
    expect([incidents.length, upgraded.incidents.length]).toEqual([1, 1]);
  });

  test("who leaves is not waited for", async () => {
    const made = later();
    const { lazy, port } = await scene({ open: () => made.promise });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await expect.poll(() => lazy.active).toBe(1);
    socket.destroy();
    await expect.poll(() => lazy.active).toBe(0);
    made.resolve(plane());
  });

  test.each(["an upgrade waits too", "an upgrade that cannot be made is told"])("%s", async (what) => {
    const made = later();
    const { lazy, port } = await scene({ open: () => made.promise });
    const socket = connect(port, "127.0.0.1");
    let got = "";
    socket.on("data", (part: Buffer) => (got += part.toString("latin1")));
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await expect.poll(() => lazy.active).toBe(1);
    if (what.endsWith("too")) made.resolve(plane());
    else made.reject(new KnownError("NOT_FOUND", "Cannot open svc/ui: there is none"));
    await once(socket, "close");
    expect(got).toMatch(what.endsWith("too") ? /^HTTP\/1\.1 101 .*hello$/s : /^HTTP\/1\.1 504 /);
  });

  test("an upgrade that is reset while it waits ends nothing else", async () => {
    const made = later();
    const { lazy, port, get } = await scene({ open: () => made.promise });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await expect.poll(() => lazy.active).toBe(1);
    socket.resetAndDestroy();
    const other = get();
    made.resolve(plane());
    expect((await other).status).toBe(200);
  });
});
