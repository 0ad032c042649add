import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { siteAt } from "../../../test/proxy/fake-site.ts";
import { pairs, valuesOf, type RawHeaders } from "../../base/headers.ts";
import type { Site } from "../types.ts";
import { responseHeads } from "./response-head.ts";

const LABEL = "ui-0123456789abcdef0123.localhost";
const OWN = `http://${LABEL}:18000`;

const returned = (headers: readonly string[], site: Partial<Site> = {}): RawHeaders =>
  pairs(
    responseHeads(siteAt(LABEL, site))({ status: 200, headers, length: undefined, reusable: true }, OWN)
      .headers,
  );

const got = (name: string, headers: readonly string[], site: Partial<Site> = {}): readonly string[] =>
  valuesOf(returned(headers, site), name);

const spellings = (name: string): readonly string[] => [name, name.toUpperCase(), name.toLowerCase()];

describe("what ends here", () => {
  test.each([
    ["R-F2", "Keep-Alive"],
    ["R-F2", "Proxy-Authenticate"],
    ["R-F2", "Proxy-Authorization"],
    ["R-F2", "Proxy-Connection"],
    ["R-F2", "TE"],
    ["R-F2", "Trailer"],
    ["R-F2", "Transfer-Encoding"],
    ["R-F2", "Upgrade"],
    ["R-F2", "HTTP2-Settings"],
    ["R-F2", "Connection"],
    ["R-D3", "Alt-Svc"],
    ["R-D3", "NEL"],
    ["R-D3", "Report-To"],
    ["R-D3", "Reporting-Endpoints"],
    ["R-D3", "Strict-Transport-Security"],
    ["R-D3", "Public-Key-Pins"],
    ["R-D3", "Public-Key-Pins-Report-Only"],
    ["R-D3", "Expect-CT"],
    ["R-N1", "Service-Worker-Allowed"],
    ["R-N1", "Clear-Site-Data"],
    ["R-N8", "X-Kauth-Token"],
    ["R-N8", "X-Kauth-Anything"],
  ])("%s: %s, in any case", (_rule, name) => {
    for (const spelled of spellings(name)) expect(got(name.toLowerCase(), [spelled, "planted"])).toEqual([]);
  });

  test("R-F2: what Connection names, also in a second line", () => {
    const list = ["X-A", "1", "Connection", "x-a, Keep-Alive", "connection", "X-B", "X-B", "2", "X-C", "3"];
    expect(got("x-a", list)).toEqual([]);
    expect(got("x-b", list)).toEqual([]);
    expect(got("x-c", list)).toEqual(["3"]);
  });

  test("but not Content-Length, which frames what we send", () =>
    expect(got("content-length", ["Connection", "content-length", "Content-Length", "5"])).toEqual(["5"]));

  test("a 204 has no length, whatever the app says", () => {
    const read = responseHeads(siteAt(LABEL));
    const head = { headers: ["Content-LENGTH", "5"], length: 5, reusable: true };
    expect(read({ ...head, status: 204 }, OWN).headers).not.toContain("5");
    expect(read({ ...head, status: 304 }, OWN).headers).toContain("5");
  });

  test("the rest passes in order and spelling, repeated lines and __proto__ too", () => {
    const list = ["X-b", "1", "x-B", "2", "__proto__", "p", "constructor", "c", "Link", "l"];
    expect(returned(list).slice(0, 5)).toEqual(pairs(list));
  });
});

describe("R-D4: nobody else frames or reads it", () => {
  const added: RawHeaders = [
    ["Content-Security-Policy", "frame-ancestors 'self'"],
    ["X-Frame-Options", "SAMEORIGIN"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
    ["Referrer-Policy", "same-origin"],
    ["Origin-Agent-Cluster", "?1"],
  ];

  test("an app that says nothing gets all of it", () => expect(returned([])).toEqual(added));

  test("the app's own policy stays beside ours, and both hold", () =>
    expect(
      got("content-security-policy", ["content-security-policy", "default-src 'self'; frame-ancestors *"]),
    ).toEqual(["default-src 'self'; frame-ancestors *", "frame-ancestors 'self'"]));

  test.each([
    ["x-frame-options", "DENY"],
    ["cross-origin-resource-policy", "same-site"],
    ["referrer-policy", "no-referrer"],
    ["origin-agent-cluster", "?0"],
  ])("the app's own %s is kept and none is added", (name, value) => {
    for (const spelled of spellings(name)) expect(got(name, [spelled, value])).toEqual([value]);
  });

  test("one that Connection takes away is made up for", () =>
    expect(got("x-frame-options", ["Connection", "x-frame-options", "X-Frame-Options", "ALLOWALL"])).toEqual([
      "SAMEORIGIN",
    ]));

  test("R-B8: no CORS header is made", () =>
    expect(JSON.stringify(returned([]))).not.toMatch(/access-control/i));
});

describe("R-F4: Location", () => {
  test.each([
    ["the app's own origin becomes ours", "http://ui.apps.svc/a?b#c", `${OWN}/a?b#c`],
    ["without a path", "http://ui.apps.svc", OWN],
    ["with a query at once", "http://ui.apps.svc?x", `${OWN}?x`],
    ["in other capitals", "HTTP://UI.apps.svc/a", `${OWN}/a`],
    ["a path stays", "/a", "/a"],
    ["a relative one stays", "../a", "../a"],
    ["another origin passes unchanged", "http://evil/", "http://evil/"],
    ["a longer name is another origin", "http://ui.apps.svc.evil/", "http://ui.apps.svc.evil/"],
    ["a name behind user information is another", "http://ui.apps.svc@evil/", "http://ui.apps.svc@evil/"],
    ["another port is another origin", "http://ui.apps.svc:81/", "http://ui.apps.svc:81/"],
    ["another scheme is another origin", "https://ui.apps.svc/", "https://ui.apps.svc/"],
    ["a backslash is no path", "http://ui.apps.svc\\@evil", "http://ui.apps.svc\\@evil"],
    ["our name in a query is not touched", "/x?r=http://ui.apps.svc/", "/x?r=http://ui.apps.svc/"],
  ])("%s", (_name, value, wanted) => expect(got("location", ["Location", value])).toEqual([wanted]));

  test("an app on https is on https", () =>
    expect(got("location", ["location", "https://ui.apps.svc/a"], { scheme: "https" })).toEqual([
      `${OWN}/a`,
    ]));

  test("with a port", () =>
    expect(got("location", ["Location", "http://10.0.0.7:8080/a"], { authority: "10.0.0.7:8080" })).toEqual([
      `${OWN}/a`,
    ]));
});

describe("Set-Cookie", () => {
  test("R-C3: ours is gone and the app's two stay two lines", () =>
    expect(
      got("set-cookie", ["Set-Cookie", "a=1", "set-cookie", "__Host-kauth-x=1; Path=/", "SET-COOKIE", "b=2"]),
    ).toEqual(["a=1", "b=2"]));

  test("R-D2: Domain is dropped", () =>
    expect(got("set-cookie", ["Set-Cookie", "a=1; Domain=localhost; Path=/"])).toEqual(["a=1; Path=/"]));
});

test("a Date of the app is told, so that none is made", () => {
  const read = responseHeads(siteAt(LABEL));
  const head = { status: 200, length: undefined, reusable: true };
  expect(read({ ...head, headers: ["dAte", "x"] }, OWN).dated).toBe(true);
  expect(read({ ...head, headers: ["Connection", "date", "Date", "x"] }, OWN).dated).toBe(false);
});

test("property: whatever the app sends, ours are there once and what must end here has ended", () => {
  const name = fc.oneof(
    fc.constantFrom(
      "Connection",
      "Set-Cookie",
      "NEL",
      "X-Kauth-A",
      "X-Frame-Options",
      "Trailer",
      "Location",
      "__proto__",
    ),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/),
  );
  const value = fc.oneof(
    fc.constantFrom("x-frame-options", "content-security-policy", "kauth-x=1", "a=1; domain=a"),
    fc.stringMatching(/^[!-~]{0,12}$/),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 10 }), (lines) => {
      const out = returned(lines.flat());
      const names = out.map(([name]) => name.toLowerCase());
      expect(names.filter((one) => /^(?:connection|nel|trailer|x-kauth-.*)$/.test(one))).toEqual([]);
      expect(
        valuesOf(out, "content-security-policy").filter((one) => one === "frame-ancestors 'self'"),
      ).toHaveLength(1);
      expect(names).toContain("x-frame-options");
      for (const cookie of valuesOf(out, "set-cookie")) expect(cookie).not.toMatch(/^kauth-|;\s*domain/i);
    }),
  );
});
