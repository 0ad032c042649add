import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { values } from "../../../test/proxy/data-plane.ts";
import { siteAt } from "../../../test/proxy/fake-site.ts";
import type { Site } from "../types.ts";
import { requestHeads, treatmentOf, type OutgoingRequest } from "./request-head.ts";

const LABEL = "ui-0123456789abcdef0123.localhost";
const OWN = `${LABEL}:18000`;

const build = (over: Partial<OutgoingRequest> = {}, site: Partial<Site> = {}): string =>
  requestHeads(siteAt(LABEL, site))({
    method: "GET",
    target: "/",
    headers: [],
    body: "none",
    authorization: [["Authorization", "Bearer ours"]],
    ownOrigin: `http://${OWN}`,
    ownAuthority: OWN,
    upgrade: false,
    ...over,
  });

/** The values of a header, as the pod reads them, of a request that has these lines. */
const sent = (
  name: string,
  headers: readonly string[],
  over: Partial<OutgoingRequest> = {},
): readonly string[] => values(build({ ...over, headers }), name);

const spellings = (name: string): readonly string[] => [
  name,
  name.toUpperCase(),
  name.toLowerCase(),
  name.replaceAll("-", "_"),
];

describe("R-E1: headers are built from an empty list", () => {
  test.each([
    "Connection",
    "Keep-Alive",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
  ])("hop-by-hop %s stays here, in any spelling", (name) => {
    for (const spelled of spellings(name)) {
      expect(build({ headers: [spelled, "planted"] })).not.toContain("planted");
      expect(treatmentOf(spelled)).toBe(spelled.toLowerCase() === "connection" ? "connection" : "drop");
    }
  });

  test.each(["x-foo", "close, X-Foo", "keep-alive,x-foo", " X-FOO ,close"])(
    "Connection: %s takes X-Foo away",
    (value) => {
      expect(sent("x-foo", ["Connection", value, "X-Foo", "1", "x-foo", "2"])).toEqual([]);
      expect(sent("x-foo", ["X-Foo", "1", "CONNECTION", value])).toEqual([]);
    },
  );

  test.each(["Referer", "Origin", "Cookie"])(
    "Connection: %s takes it away, although we would rewrite it",
    (name) => expect(sent(name.toLowerCase(), [name, `http://${OWN}/`, "Connection", name])).toEqual([]),
  );

  test("two Connection lines are read as one list", () =>
    expect(
      build({ headers: ["Connection", "x-a", "X-A", "1", "Connection", "x-b", "X-B", "1"] }),
    ).not.toMatch(/x-[ab]/i));

  test.each(["keep-alive", "close", "Keep-Alive"])("Connection: %s takes nothing else away", (value) =>
    expect(sent("x-foo", ["Connection", value, "X-Foo", "1"])).toEqual(["1"]),
  );

  test("order and spelling of the rest are kept, repeated lines too", () =>
    expect(build({ headers: ["aCCept", "a", "X-B", "1", "x-b", "2", "__proto__", "p"] })).toContain(
      "\r\naCCept: a\r\nX-B: 1\r\nx-b: 2\r\n__proto__: p\r\n",
    ));
});

describe("R-E2: one Authorization, ours, last", () => {
  test("what the page sends goes, twice and in any case", () => {
    const head = build({
      headers: ["Authorization", "Bearer EVIL", "authorization", "Basic x", "AUTHORIZATION", "y"],
    });
    expect(values(head, "authorization")).toEqual(["Bearer ours"]);
    expect(head).toMatch(/\r\nAuthorization: Bearer ours\r\n\r\n$/);
  });

  test("an anonymous target gets none at all", () =>
    expect(sent("authorization", ["Authorization", "Bearer EVIL"], { authorization: [] })).toEqual([]));

  test.each(["abc\r\nX: y", "abc\ny", "a\0b", "a\u2028b"])(
    "R-E4: a credential like %j is sent to nobody",
    (value) =>
      expect(() => build({ authorization: [["Authorization", value]] })).toThrow(
        expect.objectContaining({ code: "TOKEN_INVALID" }),
      ),
  );
});

describe("R-E3: what would say who asks, or for what, is dropped", () => {
  test.each([
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-User",
    "X-Forwarded-Uri",
    "X-Forwarded-Prefix",
    "Forwarded",
    "X-Real-IP",
    "X-Original-URL",
    "X-Original-Host",
    "X-Rewrite-URL",
    "X-HTTP-Method",
    "X-HTTP-Method-Override",
    "Impersonate-User",
    "Impersonate-Group",
    "Impersonate-Extra-Scopes",
    "X-Remote-User",
    "X-Remote-Group",
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-WEBAUTH-ROLE",
    "X-WEBAUTH-GROUPS",
    "Remote-User",
    "Via",
    "Max-Forwards",
  ])("%s, in any spelling", (name) => {
    for (const spelled of spellings(name))
      expect(build({ headers: [spelled, "planted"] })).not.toContain("planted");
  });

  test("X-Forwarded-Host and -Proto are made anew", () => {
    expect(sent("x-forwarded-host", [])).toEqual(["ui.apps.svc"]);
    expect(sent("x-forwarded-proto", [])).toEqual(["http"]);
    expect(values(build({}, { scheme: "https" }), "x-forwarded-proto")).toEqual(["https"]);
  });

  test.each(["X-Kauth-Token", "X-Kauth-Anything"])("R-N8: %s stays here", (name) => {
    for (const spelled of spellings(name))
      expect(build({ headers: [spelled, "planted"] })).not.toContain("planted");
  });

  test("R-E8: Expect stays here: it was answered by us", () =>
    expect(sent("expect", ["Expect", "100-continue"])).toEqual([]));
});

describe("R-E5: the app sees its own name", () => {
  const page = ["Host", OWN, "Origin", `http://${OWN}`, "Referer", `http://${OWN}/a?b`];

  test("Host, Origin and Referer are the upstream's", () => {
    const head = build({ headers: page });
    expect(head.startsWith("GET / HTTP/1.1\r\nHost: ui.apps.svc\r\n")).toBe(true);
    expect(values(head, "host")).toEqual(["ui.apps.svc"]);
    expect(values(head, "origin")).toEqual(["http://ui.apps.svc"]);
    expect(values(head, "referer")).toEqual(["http://ui.apps.svc/a?b"]);
  });

  test("R-N2: the label reaches nobody", () => {
    for (const upgrade of [false, true]) expect(build({ headers: page, upgrade })).not.toContain(LABEL);
    expect(build({ headers: ["Referer", `http://${OWN}`] })).not.toContain(LABEL);
  });

  test.each([
    ["Destination", `http://${OWN}/dav/a`, "http://ui.apps.svc/dav/a"],
    ["X-Page", `${OWN}/a`, "ui.apps.svc/a"],
    ["X-Page", `see ${LABEL}, and http://${OWN}`, "see ui.apps.svc, and http://ui.apps.svc"],
    ["Cookie", `from=http%3A%2F%2F${LABEL}%3A18000`, "from=http%3A%2F%2Fui.apps.svc%3A18000"],
  ])("R-N2: nor in %s: %s", (name, value, shown) =>
    expect(sent(name.toLowerCase(), [name, value])).toEqual([shown]),
  );

  test("R-N2: the app's own way to a page stays as it is, and so does an address that is no label", () => {
    expect(build({ target: `/to?page=${LABEL}`, headers: [] })).toContain(`/to?page=${LABEL} HTTP/1.1`);
    const ip = { host: "127.0.0.1" };
    expect(values(build({ headers: ["X-Target", "127.0.0.1"] }, ip), "x-target")).toEqual(["127.0.0.1"]);
  });

  test.each([
    ["another origin", "http://evil/"],
    ["a longer port", `http://${OWN}0/`],
    ["a longer name", `http://${OWN}.evil/`],
    ["user information", `http://${OWN}@evil/`],
    ["another scheme", `https://${OWN}/`],
  ])("a Referer of %s is nothing that the app has to know", (_name, value) =>
    expect(sent("referer", ["Referer", value])).toEqual([]),
  );

  test("--preserve-origin keeps Host, Origin and Referer, so that they agree (R-N2's one exception)", () => {
    const head = build({ headers: page }, { preserveOrigin: true, scheme: "https" });
    expect(values(head, "host")).toEqual([OWN]);
    expect(values(head, "origin")).toEqual([`http://${OWN}`]);
    expect(values(head, "referer")).toEqual([`http://${OWN}/a?b`]);
    expect(values(head, "x-forwarded-host")).toEqual([OWN]);
    expect(values(head, "x-forwarded-proto")).toEqual(["http"]);
  });
});

describe("R-E6: one framing, made anew", () => {
  const inbound = [
    "Content-Length",
    "99",
    "Transfer-Encoding",
    "chunked",
    "Content_Length",
    "98",
    "transfer_encoding",
    "x",
  ];

  test.each([
    ["no body", "none", [], []],
    ["a length", { length: 7 }, ["7"], []],
    ["an empty body", { length: 0 }, ["0"], []],
    ["chunks", "chunked", [], ["chunked"]],
  ] as const)("%s", (_name, body, length, coding) => {
    const head = build({ body, headers: inbound });
    expect(values(head, "content-length")).toEqual(length);
    expect(values(head, "transfer-encoding")).toEqual(coding);
    expect(head).not.toMatch(/9[89]/);
  });
});

describe("upgrades", () => {
  const handshake = [
    "Connection",
    "keep-alive, Upgrade",
    "Upgrade",
    "h2c",
    "Sec-WebSocket-Key",
    "k",
    "Sec-WebSocket-Protocol",
    "a, b",
  ];

  test("ask for a WebSocket only, and sub-protocols pass unchanged (U14)", () => {
    const head = build({ upgrade: true, headers: handshake });
    expect(values(head, "connection")).toEqual(["Upgrade"]);
    expect(values(head, "upgrade")).toEqual(["websocket"]);
    expect(values(head, "sec-websocket-protocol")).toEqual(["a, b"]);
    expect(values(head, "authorization")).toEqual(["Bearer ours"]);
  });

  test("a request that is none brings no handshake", () => {
    const head = build({ headers: handshake });
    expect(head).not.toMatch(/upgrade|sec-websocket/i);
    expect(values(head, "connection")).toEqual([]);
  });
});

describe("R-C3: cookies", () => {
  test("our session stays here", () =>
    expect(sent("cookie", ["Cookie", "a=1; __Host-kauth-0a1b2c3d=secret"])).toEqual(["a=1"]));
  test("a line that held nothing else is left out", () =>
    expect(build({ headers: ["Cookie", "__Host-kauth-0a1b2c3d=secret"] })).not.toMatch(/cookie/i));
});

describe("what no header may carry is refused", () => {
  test.each(["/a b", "/a\r\nX: y", "x", "*", "http://evil/", "/\u00e9", ""])("target %j", (target) =>
    expect(() => build({ target })).toThrow(expect.objectContaining({ code: "REQUEST_INVALID" })),
  );
  test.each([
    ["X-A", "a\r\nb"],
    ["X-A", "a\0b"],
    ["X A", "b"],
    ["X-A\r\nY", "b"],
    ["", "b"],
    ["Cookie", "a=\r\nb"],
    ["Referer", `http://${OWN}/\nX: y`],
  ])("header %j: %j", (name, value) =>
    expect(() => build({ headers: [name, value] })).toThrow(
      expect.objectContaining({ code: "REQUEST_INVALID" }),
    ),
  );
});

describe("properties", () => {
  const CONTROLLED = [
    "Host",
    "Connection",
    "Upgrade",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "Content-Length",
    "Transfer-Encoding",
    "Authorization",
  ];
  const name = fc.oneof(
    fc.constantFrom(...CONTROLLED, "X-Forwarded-For", "X-Kauth-Token", "Expect", "TE", "Accept", "__proto__"),
    fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/),
  );
  const spelled = fc.tuple(name, fc.func(fc.nat(2))).map(([text, at]) =>
    text
      .split("")
      .map(
        (letter, index) =>
          [letter, letter.toUpperCase(), letter === "-" ? "_" : letter.toLowerCase()][at(index)],
      )
      .join(""),
  );
  const value = fc.oneof(
    { arbitrary: fc.constantFrom("close", "x-a, upgrade", "chunked"), weight: 5 },
    { arbitrary: fc.stringMatching(/^[ -~]{0,20}$/), weight: 20 },
    { arbitrary: fc.string({ unit: "binary", maxLength: 20 }), weight: 1 },
  );
  const outgoing = fc.record({
    headers: fc.array(fc.tuple(spelled, value), { maxLength: 12 }).map((lines) => lines.flat()),
    body: fc.oneof(fc.constantFrom("none" as const, "chunked" as const), fc.record({ length: fc.nat() })),
    upgrade: fc.boolean(),
  });

  const attempt = (over: Partial<OutgoingRequest>): string | undefined => {
    try {
      return build(over);
    } catch (error) {
      expect(error).toMatchObject({ code: "REQUEST_INVALID" });
      return undefined;
    }
  };

  test("no controlled name twice, no line that was not built, whatever the client sends", () => {
    fc.assert(
      fc.property(outgoing, (over) => {
        const head = attempt(over);
        if (head === undefined) return;
        expect(head.endsWith("\r\n\r\n")).toBe(true);
        const [start, ...lines] = head.slice(0, -4).split("\r\n");
        expect(start).toBe("GET / HTTP/1.1");
        for (const line of lines)
          expect(line).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e\x80-\xff]*$/);
        const names = lines.map((line) =>
          line.slice(0, line.indexOf(":")).toLowerCase().replaceAll("_", "-"),
        );
        for (const controlled of CONTROLLED)
          expect(names.filter((one) => one === controlled.toLowerCase()).length).toBeLessThanOrEqual(1);
        expect(names.filter((one) => one === "authorization")).toHaveLength(1);
        expect(names.filter((one) => one === "content-length" || one === "transfer-encoding")).toHaveLength(
          over.body === "none" ? 0 : 1,
        );
        expect(names.filter((one) => one.startsWith("x-kauth-") || one === "te" || one === "expect")).toEqual(
          [],
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe("what is ours alone", () => {
  const SITE = { ownHeaders: ["X-Forwarded-User", "X-Team-User"] };
  const recipe: OutgoingRequest["authorization"] = [["X-Team-User", "amy"]];

  test.each(["X-Team-User", "x-team-user", "X_Team_User"])("D.1: a client's %s is dropped", (name) => {
    const head = build({ headers: [name, "admin", "X-Other", "1"], authorization: recipe }, SITE);
    expect(values(head, "x-team-user")).toEqual(["amy"]);
    expect(head).not.toContain("admin");
    expect(values(head, "x-other")).toEqual(["1"]);
  });

  test("D.1: also where we send none of that name, and in upgrades", () => {
    const over = { headers: ["X-Team-User", "admin"], authorization: [], upgrade: true } as const;
    expect(build(over, SITE)).not.toContain("admin");
    expect(build(over, {})).toContain("admin");
  });

  test("D.1: also where the client calls it hop-by-hop", () => {
    const headers = ["Connection", "X-Team-User", "X-Team-User", "admin"];
    expect(values(build({ headers, authorization: recipe }, SITE), "x-team-user")).toEqual(["amy"]);
  });

  test("cookies of ours stand beside the client's, in one line", () => {
    const headers = ["Cookie", "a=1; token=planted", "Cookie", "b=2"];
    const head = build({ headers, cookies: ["c=3", "d=4"] }, { stripCookies: ["token"] });
    expect(values(head, "cookie")).toEqual(["a=1; b=2; c=3; d=4"]);
    expect(values(build({ cookies: ["c=3"] }), "cookie")).toEqual(["c=3"]);
    expect(values(build(), "cookie")).toEqual([]);
  });

  test("a cookie of ours is one line, and is left as it is", () => {
    expect(() => build({ cookies: ["a=1\r\nHost: evil"] })).toThrow(/Cannot forward header/);
    expect(values(build({ headers: ["Cookie", `a=${LABEL}`], cookies: [`c=${LABEL}`] }), "cookie")).toEqual([
      `a=ui.apps.svc; c=${LABEL}`,
    ]);
  });
});
