import { spawn } from "node:child_process";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { millis } from "../base/units.ts";
import {
  getRequest,
  NAVIGATION,
  raw,
  serveFake,
  sessionRequest,
  testSystem,
  type Served,
} from "../../test/proxy/fake-site.ts";

/** For what comes by timers or over sockets: a busy machine may take its time. */
const SOON = { timeout: 10_000, interval: 5 } as const;

let served: Served;
let host: string;

beforeEach(async () => {
  served = await serveFake();
  host = `${served.site.host}:${served.port}`;
});
afterEach(async () => {
  await served[Symbol.asyncDispose]();
});

const get = (path: string, headers: readonly string[] = [], at = host): string =>
  getRequest(at, path, headers);

describe("pages of our own", () => {
  test("a visit from another site stops at a page that names the target and the path", async () => {
    const cookie = await served.signIn();
    const answer = await served.raw(
      get('/x?a="><script>alert(1)</script>', [
        `Cookie: ${cookie}`,
        "Sec-Fetch-Site: cross-site",
        ...NAVIGATION,
      ]),
    );
    expect(answer.statuses).toEqual([200]);
    expect(answer.text).toContain("Continue to svc/ui in apps");
    expect(answer.text).toContain("&quot;&gt;&lt;script&gt;");
    expect(answer.text).not.toContain("<script>");
    expect(served.recorder.seen).toEqual([]);
  });

  test("a hostile title is inert", async () => {
    await using hostile = await serveFake({ site: { title: '"><script>alert(1)</script>' } });
    const at = `${hostile.site.host}:${hostile.port}`;
    for (const request of [
      get("/", NAVIGATION, at),
      get("/__kauth/launch", [], at),
      get("/", ["Sec-Fetch-Site: cross-site", ...NAVIGATION], at),
    ])
      expect((await hostile.raw(request)).text).not.toContain("<script>alert");
  });

  test("those of a target where nothing can be changed say so", async () => {
    await using reader = await serveFake({ site: { readOnly: true } });
    const at = `${reader.site.host}:${reader.port}`;
    for (const request of [
      get("/", NAVIGATION, at),
      get("/__kauth/launch", [], at),
      get("/", ["Sec-Fetch-Site: cross-site", ...NAVIGATION], at),
    ])
      expect((await reader.raw(request)).text).toMatch(
        /<title>[^<]*svc\/ui in apps \(read-only\)\??<\/title>/,
      );
    expect((await served.raw(get("/__kauth/launch"))).text).not.toContain("read-only");
  });

  test("health is empty, readable by no other origin, and answers a file's probe", async () => {
    for (const headers of [
      [],
      ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: empty"],
    ]) {
      const answer = await served.raw(get("/__kauth/health", headers));
      expect(answer.statuses).toEqual([204]);
      expect(answer.text).not.toMatch(/access-control|content-length/i);
      expect(answer.text).toMatch(/\r\n\r\n$/);
    }
  });

  test.each(["127.0.0.1", "localhost", "[::1]"])("%s shows a page that names no target", async (name) => {
    const answer = await served.raw(get("/", [], `${name}:${served.port}`));
    expect(answer.statuses).toEqual([200]);
    expect(answer.text).toContain("kauth is running here");
    expect(answer.text).not.toContain(served.site.title);
    expect(answer.text).not.toContain(served.site.host);
  });

  test("every service worker script is ours, session or not", async () => {
    const cookie = await served.signIn();
    for (const headers of [[], [`Cookie: ${cookie}`]]) {
      const answer = await served.raw(
        get("/sw.js", [
          ...headers,
          "Service-Worker: script",
          "Sec-Fetch-Site: same-origin",
          "Sec-Fetch-Dest: serviceworker",
        ]),
      );
      expect(answer.statuses).toEqual([200]);
      expect(answer.text).toContain("registration.unregister()");
      expect(answer.text).toContain("Content-Type: text/javascript");
    }
    expect(served.recorder.seen).toEqual([]);
  });

  test("after a process that died, the first session clears what may have been left, once", async () => {
    const under = await testSystem();
    const dead = await serveFake({ under });
    const { port } = dead;
    // It dies: the listener goes, nothing is closed in order.
    await dead.listener[Symbol.asyncDispose]();
    const plan = { addresses: [`127.0.0.1:${port}`], ip: undefined };
    await using next = await serveFake({ under, plan });
    const at = `${next.site.host}:${port}`;
    const spendNew = async (): Promise<string> => {
      const token = new URL(next.proxy.newLaunch(next.site, { printed: false }).url.reveal()).hash.slice(1);
      return (await next.raw(sessionRequest(at, token))).text;
    };
    expect(await spendNew()).toContain('Clear-Site-Data: "cache", "storage"');
    expect(await spendNew()).not.toContain("Clear-Site-Data");
    await next[Symbol.asyncDispose]();
    await using third = await serveFake({ under, plan });
    const token = new URL(third.proxy.newLaunch(third.site, { printed: false }).url.reveal()).hash.slice(1);
    expect((await third.raw(sessionRequest(at, token))).text).not.toContain("Clear-Site-Data");
    await under.remove();
  });
});

describe("both families", () => {
  test("serve the same, at the same port", async () => {
    expect(served.listener.addresses).toEqual([`127.0.0.1:${served.port}`, `[::1]:${served.port}`]);
    const answer = await raw({ host: "::1", port: served.port }, get("/__kauth/health"));
    expect(answer.statuses).toEqual([204]);
  });

  test("--origin ip binds one address and serves its target there", async () => {
    await using ip = await serveFake({
      host: "127.77.1.2",
      plan: { addresses: ["127.77.1.2:0"], ip: "127.77.1.2" },
    });
    const at = `127.77.1.2:${ip.port}`;
    expect(ip.listener.addresses).toEqual([at]);
    const cookie = await ip.signIn();
    expect((await ip.raw(get("/", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"], at))).statuses).toEqual([
      200,
    ]);
    expect((await ip.raw(get("/", [], `localhost:${ip.port}`))).text).toContain("kauth is running here");
  });
});

describe("other users", () => {
  const stolen = (cookie: string, close: boolean): string => `
const socket = require("node:net").connect(${served.port}, "127.0.0.1", () => {
  socket.write(${JSON.stringify(get("/stolen", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]))}, () => { ${close ? "process.exit()" : ""} });
});
socket.on("data", (data) => process.stdout.write("data " + data));
socket.on("error", (error) => process.stdout.write("error " + error.code));`;

  const asRoot = process.getuid?.() === 0 && process.platform === "linux";

  test.runIf(asRoot)("with a stolen cookie are reset and reach nothing", async () => {
    const cookie = await served.signIn();
    const run = (code: string): Promise<string> =>
      new Promise((resolve) => {
        const child = spawn(
          "setpriv",
          ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, "-e", code],
          { cwd: "/" },
        );
        let out = "";
        child.stdout.on("data", (part: Buffer) => (out += part.toString()));
        child.once("close", () => resolve(out));
      });
    expect(await run(stolen(cookie, false))).toBe("error ECONNRESET");
    expect(served.events.at(-1)).toEqual({ kind: "stranger", uid: 65_534 });
    await run(stolen(cookie, true));
    expect(served.recorder.seen).toEqual([]);
    expect((await served.raw(get("/mine", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]))).statuses).toEqual([
      200,
    ]);
  });
});

describe("stalling clients", () => {
  // Node's own timers do it, 10 or 11 s after the connection was made; a busy machine may be late.
  test(
    "silent ones and slow heads are closed in time while others are served",
    { timeout: 60_000 },
    async () => {
      const cookie = await served.signIn();
      const started = performance.now();
      const ends: number[] = [];
      const stall = (first: string, drip: boolean): void => {
        const socket = connect(served.port, "127.0.0.1");
        socket.on("error", () => undefined);
        socket.on("data", () => undefined);
        const timer = drip ? setInterval(() => socket.write("X-A: b\r\n"), 900) : undefined;
        socket.once("close", () => {
          clearInterval(timer);
          ends.push(performance.now() - started);
        });
        socket.write(first);
      };
      for (let index = 0; index < 8; index += 1) {
        stall("", false);
        stall(`GET / HTTP/1.1\r\nHost: ${host}\r\n`, false);
        stall(`GET / HTTP/1.1\r\nHost: ${host}\r\n`, true);
        stall(`POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\n`, false);
        stall(
          `POST /__kauth/session HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nContent-Length: 43\r\n\r\nA`,
          false,
        );
      }
      await expect.poll(() => ends.length, { timeout: 50_000, interval: 200 }).toBe(40);
      expect(Math.max(...ends)).toBeLessThan(30_000);
      expect((await served.raw(get("/", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]))).statuses).toEqual([
        200,
      ]);
      expect(served.recorder.seen.length).toBe(1);
    },
  );
});

describe("requests that are sent before earlier ones are answered", () => {
  const keep = (path: string, headers: readonly string[] = []): string =>
    get(path, headers).replace("Connection: close\r\n", "");

  test.each([
    ["without a session", "/__kauth/launch", false],
    ["with a session", "/", true],
  ])("a few are answered and the rest are not looked at, %s", async (_name, path, session) => {
    const headers = session ? [`Cookie: ${await served.signIn()}`, "Sec-Fetch-Site: none"] : [];
    const { statuses, end } = await served.raw(keep(path, headers).repeat(300));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(statuses.length).toBeGreaterThanOrEqual(5);
    expect(statuses.length).toBeLessThanOrEqual(10);
    expect(end).toBe("closed");
    expect(served.recorder.seen.length).toBe(session ? statuses.length : 0);
  });

  test("any number is answered of those that come one after another", async () => {
    const socket = connect(served.port, "127.0.0.1");
    let text = "";
    socket.on("data", (part: Buffer) => (text += part.toString("latin1")));
    for (let turn = 1; turn <= 20; turn += 1) {
      socket.write(keep("/__kauth/health").repeat(2));
      await expect.poll(() => text.match(/ 204 /g)?.length, SOON).toBe(turn * 2);
    }
    socket.destroy();
  });
});

describe("drain", () => {
  const upgrade = (cookie: string): string =>
    [
      "GET /ws HTTP/1.1",
      `Host: ${host}`,
      `Origin: http://${host}`,
      `Cookie: ${cookie}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "",
      "",
    ].join("\r\n");

  test("lets answers end, says 1001 to WebSockets and takes nobody new", { timeout: 60_000 }, async () => {
    const cookie = await served.signIn();
    const release = served.recorder.hold();
    const waiting = Array.from({ length: 50 }, () =>
      served.raw(
        get("/slow", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]).replace("Connection: close\r\n", ""),
        { limit: 50_000 },
      ),
    );
    const sockets = Array.from({ length: 50 }, () => served.raw(upgrade(cookie), { limit: 50_000 }));
    await expect.poll(() => served.recorder.active, { timeout: 30_000 }).toBe(100);
    expect(served.proxy.active).toEqual({ connections: 100, exchanges: 100 });
    const drained = served.proxy.drain({ limit: millis(60_000) });
    await expect
      .poll(() => raw({ host: "127.0.0.1", port: served.port }, "x").then(({ end }) => end), SOON)
      .toBe("reset");
    for (const { text, end } of await Promise.all(sockets)) {
      expect(end).toBe("closed");
      expect(text.endsWith("\u0088\u0002\u0003\u00e9")).toBe(true);
    }
    release();
    for (const answer of await Promise.all(waiting)) {
      expect(answer.statuses).toEqual([200]);
      expect(answer.text).toContain("seen\n");
      expect(answer.end).toBe("closed");
    }
    await drained;
    expect(served.proxy.active).toEqual({ connections: 0, exchanges: 0 });
  });

  test("cuts what is left at the limit, and at once when told so", async () => {
    const cookie = await served.signIn();
    served.recorder.hold();
    const page = get("/slow", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]);
    const stuck = served.raw(page);
    await expect.poll(() => served.recorder.active, SOON).toBe(1);
    const second = new AbortController();
    const started = performance.now();
    const drained = served.proxy.drain({ limit: millis(60_000), signal: second.signal });
    second.abort();
    await drained;
    expect((await stuck).statuses).toEqual([]);
    // Not after the minute that answers were given.
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

describe("nothing ends the process", () => {
  test("resets at every point of an exchange", async () => {
    const cookie = await served.signIn();
    const bytes = get("/", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]);
    for (let cut = 1; cut < bytes.length; cut += 7)
      await new Promise<void>((resolve) => {
        const socket = connect(served.port, "127.0.0.1", () => {
          socket.write(bytes.slice(0, cut), () => {
            socket.resetAndDestroy();
            resolve();
          });
        });
        socket.on("error", () => undefined);
      });
    expect((await served.raw(get("/__kauth/health"))).statuses).toEqual([204]);
  });

  test("a forwarder that throws is a 502 with an incident", async () => {
    const cookie = await served.signIn();
    Object.assign(served.recorder, {
      request: () => {
        throw new TypeError("planted");
      },
      upgrade: () => {
        throw new TypeError("planted");
      },
    });
    const answer = await served.raw(get("/", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]));
    expect(answer.statuses).toEqual([502]);
    expect(answer.text).toMatch(/"incident":"[0-9a-f]{8}"/);
    expect(answer.text).not.toContain("planted");
  });

  test("an expectation is met only after the gate", async () => {
    const cookie = await served.signIn();
    const answer = await served.raw(
      `POST /up HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nCookie: ${cookie}\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc`,
    );
    expect(answer.text.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")).toBe(true);
    const refused = await served.raw(
      `POST /up HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    );
    expect(refused.text).not.toContain("100 Continue");
    expect(refused.statuses).toEqual([403]);
  });

  test("what is refused is told at level 2, without the query", async () => {
    await using talking = await serveFake({ level: 2 });
    const at = `${talking.site.host}:${talking.port}`;
    await talking.raw(get("/page?secret=1", ["Origin: http://evil"], at));
    expect(talking.log.join("")).toBe("Refused GET /page: 403, origin\n");
  });
});
