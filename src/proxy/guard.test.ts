import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findCookie } from "./cookie.ts";
import { guard, type GatePolicy, type OwnHost, type Verdict } from "./guard.ts";

const PORT = 18_000;
const NAME = "ui-0123456789abcdef0123.localhost";
const HOST = `${NAME}:${PORT}`;
const COOKIE = "__Host-kauth-01234567";

const own = (authority: string, kind: OwnHost["kind"]): OwnHost => ({
  kind,
  origin: `http://${authority}`,
  cookie: (header) => findCookie(header, COOKIE),
  session: (value) => (value === "live" ? "web-1" : undefined),
});

const BARE = [`127.0.0.1:${PORT}`, `localhost:${PORT}`, `[::1]:${PORT}`];

const policy: GatePolicy = {
  hosts: new Map([[HOST, own(HOST, "site")], ...BARE.map((name) => [name, own(name, "bare")] as const)]),
  apiToken: (value) => value === "api-token",
  sessions: true,
};

const judge = (
  headers: readonly string[],
  over: { method?: string; target?: string; version?: string } = {},
): Verdict =>
  guard({ method: "GET", target: "/x", version: "1.1", upgrade: false, glued: 0, ...over, headers }, policy);

const API = ["X-Kauth-Token", "api-token"];

/** Text that is made of pieces of good hosts, so that near misses are common. */
const nearHost = fc
  .array(
    fc.constantFrom(
      NAME,
      HOST,
      "localhost",
      "127.0.0.1",
      "[::1]",
      ":",
      String(PORT),
      "18001",
      ".",
      "@",
      "/",
      "evil",
      "",
      " ",
      "#",
      "\u00e4",
      "A",
      "%00",
      "[",
      "]",
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join(""));

/** The rule in its simplest form: what is in the list is ours, nothing else is. */
const reference = (host: string): boolean => {
  const lower = host.replace(/[A-Z]/g, (one) => one.toLowerCase());
  return [HOST, ...BARE].includes(lower);
};

describe("properties", () => {
  test("the host rule agrees with the reference", () => {
    fc.assert(
      fc.property(fc.oneof(nearHost, fc.string(), fc.mixedCase(fc.constant(HOST))), (host) => {
        const verdict = judge(["Host", host, ...API]);
        const refused = verdict.kind === "refuse" && verdict.reason === "host";
        expect(refused).toBe(!reference(host));
      }),
      { numRuns: 3_000 },
    );
  });

  test("nothing is forwarded without the API token or a live session, whatever is sent", () => {
    const name = fc.constantFrom(
      "Host",
      "Origin",
      "Cookie",
      "Sec-Fetch-Site",
      "Connection",
      "Upgrade",
      "X-Kauth-Token",
      "Authorization",
      "X-Original-URL",
      "a",
    );
    const value = fc.oneof(
      fc.constantFrom(
        HOST,
        `http://${HOST}`,
        "same-origin",
        "none",
        `${COOKIE}=dead`,
        `${COOKIE}=`,
        "x",
        "/__kauth/health",
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 8 }),
        fc.constantFrom("GET", "POST", "OPTIONS", "HEAD"),
        fc.oneof(fc.constantFrom("/", "/__kauth/x", "/__kauth/health"), fc.string()),
        fc.boolean(),
        (lines, method, target, upgrade) => {
          const verdict = guard(
            { method, target, version: "1.1", upgrade, glued: 0, headers: ["Host", HOST, ...lines.flat()] },
            policy,
          );
          expect(verdict.kind).not.toBe("forward");
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test("a live session passes only where the browser says that the page asks itself", () => {
    const origin = fc.constantFrom(
      undefined,
      `http://${HOST}`,
      "null",
      "http://evil",
      `http://${NAME}:18001`,
      `HTTP://${HOST}`,
    );
    const site = fc.constantFrom(undefined, "same-origin", "none", "same-site", "cross-site", "odd");
    const method = fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
    fc.assert(
      fc.property(origin, site, method, (from, where, verb) => {
        const headers = [
          "Host",
          HOST,
          "Cookie",
          `${COOKIE}=live`,
          ...(from === undefined ? [] : ["Origin", from]),
          ...(where === undefined ? [] : ["Sec-Fetch-Site", where]),
        ];
        const reading = verb === "GET" || verb === "HEAD";
        const kind = where === undefined || where === "same-origin" || where === "none";
        const good =
          kind && (from === `http://${HOST}` || (from === undefined && reading && where !== undefined));
        expect(judge(headers, { method: verb }).kind).toBe(good ? "forward" : "refuse");
      }),
      { numRuns: 500 },
    );
  });

  test("of a Cookie header only whole pairs of that very name count", () => {
    const pair = fc.tuple(
      fc.constantFrom(COOKIE, `x${COOKIE}`, `${COOKIE}x`, "a", COOKIE.toUpperCase()),
      fc.stringMatching(/^[\w=-]{0,8}$/),
    );
    fc.assert(
      fc.property(
        fc.array(pair, { maxLength: 5 }),
        fc.constantFrom("; ", ";", " ; ", ";\t"),
        (pairs, between) => {
          const header = pairs.map(([name, value]) => `${name}=${value}`).join(between);
          const values = pairs.filter(([name]) => name === COOKIE).map(([, value]) => value);
          const expected =
            values.length === 0
              ? { kind: "none" }
              : values.length > 1
                ? { kind: "several" }
                : { kind: "one", value: values[0] };
          expect(findCookie(header, COOKIE)).toEqual(expected);
        },
      ),
    );
  });
});

describe("rules that the parser would enforce too", () => {
  test.each([
    ["two equal lengths", ["Content-Length", "3", "content-length", "3"], "duplicate"],
    ["two codings", ["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"], "duplicate"],
    ["length and coding", ["Content-Length", "3", "Transfer-Encoding", "chunked"], "framing"],
    ["signed length", ["Content-Length", "+3"], "framing"],
    ["empty length", ["Content-Length", ""], "framing"],
    ["endless length", ["Content-Length", "9".repeat(16)], "framing"],
    ["two codings in a line", ["Transfer-Encoding", "gzip, chunked"], "coding"],
    ["coding in capitals", ["Transfer-Encoding", "Chunked"], "coding"],
    ["empty name", ["", "x"], "name"],
  ])("%s", (_, lines, reason) => {
    expect(judge(["Host", HOST, ...API, ...lines])).toMatchObject({ kind: "refuse", reason });
  });

  test.each(["", "*", "x", "//x", "/\\x", "http://evil/", "/a b", "/a\u00e9", "/a#b", "/\u007f", "/\u0000"])(
    "target %j",
    (target) => {
      expect(judge(["Host", HOST, ...API], { target })).toMatchObject({
        kind: "refuse",
        reason: "target",
        status: 400,
      });
    },
  );

  test.each(["0.9", "1.0", "1.2", "2.0", "3.0", ""])("version %j", (version) => {
    expect(judge(["Host", HOST, ...API], { version })).toMatchObject({ reason: "version", status: 505 });
  });

  test.each(["/__kauth/launch", "/__kauth/session", "/__kauth/health", "/__kauth/x"])(
    "no upgrade of %s",
    (target) => {
      const socket = ["Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13"];
      const headers = ["Host", HOST, ...API, ...socket, "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="];
      const up = (path: string): Verdict =>
        guard({ method: "GET", target: path, version: "1.1", upgrade: true, glued: 0, headers }, policy);
      expect(up("/ws").kind).toBe("forward");
      expect(up(target)).toMatchObject({ kind: "refuse", reason: "upgrade" });
    },
  );
});
