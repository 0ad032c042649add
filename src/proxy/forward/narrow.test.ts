import { describe, expect, test } from "vitest";
import type { Narrow } from "../types.ts";
import { narrowHeads, narrowReturned } from "./narrow.ts";
import type { OutgoingRequest } from "./request-head.ts";

const NARROW: Narrow = {
  origin: "https://api.example",
  passes: new Set(["accept", "content-type"]),
  target: (target) => target.replace("/clusters/main", ""),
  protocol: (name) => !name.startsWith("secret."),
  location: (value) => (value.startsWith("/") ? `/clusters/main${value}` : undefined),
};

const asked = (headers: readonly string[], more: Partial<OutgoingRequest> = {}): OutgoingRequest => ({
  method: "GET",
  target: "/clusters/main/api/v1/pods",
  headers,
  body: "none",
  authorization: [["Authorization", "Bearer ours"]],
  ownOrigin: "http://ui.localhost",
  ownAuthority: "ui.localhost",
  upgrade: false,
  ...more,
});
const head = narrowHeads("api.example:6443", NARROW);

describe("what goes to an upstream that is no web app", () => {
  test("is what it needs, and who the person is", () =>
    expect(
      head(
        asked([
          "Host",
          "ui.localhost",
          "Accept",
          "application/json",
          "Cookie",
          "__Host-kauth=session",
          "Authorization",
          "Bearer theirs",
          "Impersonate-User",
          "root",
          "X-Remote-User",
          "root",
          "X-Forwarded-For",
          "1.2.3.4",
          "User-Agent",
          "browser",
          "Origin",
          "http://ui.localhost",
          "Referer",
          "http://ui.localhost/secret",
          "Connection",
          "accept",
        ]),
      ),
    ).toBe(
      [
        "GET /api/v1/pods HTTP/1.1",
        "Host: api.example:6443",
        "Accept: application/json",
        "Authorization: Bearer ours",
        "",
        "",
      ].join("\r\n"),
    ));

  test("by WebSocket has its own origin, and no protocol that carries something", () =>
    expect(
      head(
        asked(
          [
            "Sec-WebSocket-Key",
            "abc=",
            "Sec-WebSocket-Version",
            "13",
            "Sec-WebSocket-Extensions",
            "permessage-deflate",
            "Sec-WebSocket-Protocol",
            "base64.binary.k8s.io, secret.token",
            "Sec-WebSocket-Protocol",
            "v4.channel.k8s.io",
            "Origin",
            "http://ui.localhost",
          ],
          { upgrade: true, authorization: [] },
        ),
      ),
    ).toBe(
      [
        "GET /api/v1/pods HTTP/1.1",
        "Host: api.example:6443",
        "Sec-WebSocket-Key: abc=",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: base64.binary.k8s.io, v4.channel.k8s.io",
        "Origin: https://api.example",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "",
        "",
      ].join("\r\n"),
    ));

  test.each([["a b"], ["a\r\nX-Evil: 1"], ["a\u0000"]])("never a protocol that is no token: %j", (name) =>
    expect(() => head(asked(["Sec-WebSocket-Protocol", name], { upgrade: true }))).toThrow("sub-protocols"),
  );

  test.each(["/api/v1/a b", "/api\r\nX-Evil: 1", "/api/\u00e9", "api"])("never to %j", (target) =>
    expect(() => head(asked([], { target }))).toThrow("Cannot forward this request target"),
  );

  test("a body has its own framing", () => {
    expect(head(asked(["Content-Length", "7"], { method: "POST", body: { length: 5 } }))).toContain(
      "\r\nContent-Length: 5\r\n",
    );
    expect(head(asked([], { method: "POST", body: "chunked" }))).toContain("Transfer-Encoding: chunked");
  });
});

describe("what comes back of it", () => {
  const back = (headers: string[], status = 200): Record<string, string> => {
    const flat = narrowReturned(NARROW)({ status, headers, length: undefined, reusable: true }).headers;
    return Object.fromEntries(
      Array.from({ length: flat.length / 2 }, (_none, at) => [flat[at * 2] ?? "", flat[at * 2 + 1] ?? ""]),
    );
  };

  test("is no page and no cookie, and is not kept", () =>
    expect(
      back([
        "Content-Type",
        "text/html",
        "Set-Cookie",
        "a=b",
        "Cache-Control",
        "public",
        "Clear-Site-Data",
        "*",
        "X-Kauth-Incident",
        "1",
        "Service-Worker-Allowed",
        "/",
      ]),
    ).toEqual({
      "Content-Type": "text/html",
      "Content-Security-Policy": "sandbox; frame-ancestors 'self'",
      "X-Content-Type-Options": "nosniff",
      "Cache-Control": "no-store",
      "Cross-Origin-Resource-Policy": "same-origin",
      "Referrer-Policy": "same-origin",
    }));

  test("leads nowhere else", () => {
    expect(back(["Location", "/api/v1/x"], 307)["Location"]).toBe("/clusters/main/api/v1/x");
    expect(back(["Location", "https://elsewhere.example/"], 307)["Location"]).toBeUndefined();
  });
});
