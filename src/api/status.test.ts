import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBody } from "./body.ts";
import { isImpersonationRefused, statusError, type Asked } from "./status.ts";

const GET: Asked = { verb: "get", resource: "pods", name: "web-0", namespace: "apps" };
const LIST: Asked = { verb: "list", resource: "endpointslices", name: undefined, namespace: "apps" };
const FORWARD: Asked = { verb: "create", resource: "pods/portforward", name: "web-0", namespace: "apps" };
const REVIEW: Asked = {
  verb: "create",
  resource: "selfsubjectreviews",
  name: undefined,
  namespace: undefined,
};
const status = (message: unknown, more: object = {}): unknown => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  message,
  ...more,
});

test.each([
  [401, "UNAUTHORIZED", "does not accept your credential (401 Unauthorized)"],
  [403, "FORBIDDEN", "you lack the right (403): said"],
  [404, "NOT_FOUND", "said"],
  [409, "API_CONFLICT", "said"],
  [410, "API_EXPIRED", "said"],
  [429, "API_BUSY", "the API server is busy (429): said"],
  [301, "API_REDIRECT", "a redirect (301), which is never followed"],
  [302, "API_REDIRECT", "a redirect (302), which is never followed"],
  [307, "API_REDIRECT", "a redirect (307), which is never followed"],
  [308, "API_REDIRECT", "a redirect (308), which is never followed"],
  [400, "API_FAILED", "answered 400: said"],
  [500, "API_FAILED", "answered 500: said"],
  [503, "API_FAILED", "answered 503: said"],
  [204, "API_FAILED", "answered 204: said"],
  [0, "API_FAILED", "answered 0: said"],
])("%d is %s", (code, wanted, text) => {
  const error = statusError(code, status("said"), GET);
  expect(error.code).toBe(wanted);
  expect(error.exit).toBe(1);
  expect(error.message).toContain('Cannot get pods "web-0" in namespace "apps"');
  expect(error.message).toContain(text);
});

describe("a 403 names what is missing", () => {
  test("of whoever may not act as somebody else", () => {
    const said =
      'users "bob" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope';
    const body = status(said);
    expect(isImpersonationRefused(403, body)).toBe(true);
    expect(isImpersonationRefused(401, body)).toBe(false);
    expect(isImpersonationRefused(403, status("forbidden"))).toBe(false);
    const error = statusError(403, body, GET);
    expect(error.message).toBe(`Cannot act as somebody else: you lack the right (403): ${said}`);
    expect(error.hint).toContain("verb impersonate on users");
  });

  test.each([
    ["one object", GET, "verbs [get] on pods in namespace apps", "can-i get pods -n apps"],
    ["a list", LIST, "verbs [list] on endpointslices in namespace apps", "can-i list endpointslices -n apps"],
    [
      "a port-forward, which needs two verbs",
      FORWARD,
      "verbs [create, get] on pods/portforward in namespace apps",
      "can-i create pods/portforward -n apps",
    ],
    [
      "what belongs to no namespace",
      REVIEW,
      "verbs [create] on selfsubjectreviews;",
      "can-i create selfsubjectreviews tells",
    ],
  ])("%s", (_name, asked, role, command) => {
    const { code, hint } = statusError(403, status("forbidden"), asked);
    expect(code).toBe("FORBIDDEN");
    expect(hint).toContain(role);
    expect(hint).toContain(command);
  });

  // An aggregated API server or an authorizer of somebody's own may leave everything out.
  test.each([
    ["an empty reason", status("forbidden", { reason: "" })],
    ["no reason", status("forbidden")],
    ["an empty message and reason", status("", { reason: "" })],
    ["no body", ""],
    ["an empty object", {}],
  ])("with %s", (_name, body) => {
    const error = statusError(403, body, GET);
    expect(error.code).toBe("FORBIDDEN");
    expect(error.message).toContain('Cannot get pods "web-0" in namespace "apps": you lack the right (403)');
    expect(error.message).not.toMatch(/: $|undefined|null/);
    expect(error.hint).toContain("verbs [get] on pods in namespace apps");
  });
});

test("a 404 without a word says so itself", () => {
  expect(statusError(404, {}, GET).message).toBe('Cannot get pods "web-0" in namespace "apps": not found');
});

test("a 404 that only repeats what was asked is told once", () => {
  expect(statusError(404, status('pods "web-0" not found'), GET).message).toBe(
    'Cannot get pods "web-0" in namespace "apps": not found',
  );
});

test("nothing of a 401 is quoted: its body may repeat the credential", () => {
  expect(statusError(401, status("canary"), GET).message).not.toContain("canary");
});

describe("a body that means harm or nothing", () => {
  const said = (body: unknown): string => statusError(500, body, GET).message.replace(/^.*answered 500/, "");

  test.each([
    ["a page of a gateway", "<html>502 Bad Gateway</html>", ": <html>502 Bad Gateway</html>"],
    ["a number", 12, ""],
    ["null", null, ""],
    ["a list", [], ""],
    ["a message that is a number", status(12), ""],
    ["a message that is an object", status({ text: "x" }), ""],
    ["a message that is null", status(null), ""],
    ["a good message beside a code that is text", status("said", { code: "403" }), ": said"],
    ["a good message beside a reason that is a list", status("said", { reason: [] }), ": said"],
    ["a message of a prototype", parseBody('{"__proto__":{"message":"x"}}'), ""],
    ["an escape sequence", status("a\u001b]0;title\u0007b"), ": a\\u{1b}]0;title\\u{7}b"],
    ["an escape sequence in text", "a\u001b[2Jb", ": a\\u{1b}[2Jb"],
    ["a second line", status("a\r\nkauth: all is well"), ": a\\u{d}\\nkauth: all is well"],
    ["text that runs backwards", status("a\u202Eb"), ": a\\u{202e}b"],
  ])("%s", (_name, body, wanted) => {
    expect(said(body)).toBe(wanted);
  });

  test("a long message is cut", () => {
    expect(said(status("x".repeat(100_000))).length).toBeLessThan(700);
    expect(said("x".repeat(100_000)).length).toBeLessThan(700);
  });

  test("deep JSON is only JSON", () => {
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    expect(said(parseBody(`{"message":"said","details":${deep}}`))).toBe(": said");
    expect(said(parseBody("[".repeat(1_000_000))).length).toBeLessThan(700);
  });

  test("any JSON gives an error of one printable line", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 300, max: 599 }), (body, code) => {
        const error = statusError(code, body, GET);
        expect(error.message).toContain("Cannot get pods");
        expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });
});
