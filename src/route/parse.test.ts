import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KnownError } from "../base/errors.ts";
import { parseTarget, targetText } from "./parse.ts";
import type { TargetReference } from "./types.ts";

const NONE = { namespace: undefined, port: undefined, scheme: undefined, path: "/" } as const;
const service = (name: string, more: Partial<TargetReference> = {}): TargetReference => ({
  kind: "service",
  name,
  ...NONE,
  ...more,
});
const pod = (name: string, more: Partial<TargetReference> = {}): TargetReference => ({
  ...service(name, more),
  kind: "pod",
});

describe("words", () => {
  test.each([
    ["headlamp", service("headlamp")],
    ["headlamp:80", service("headlamp", { port: "80" })],
    ["headlamp:http", service("headlamp", { port: "http" })],
    ["svc/headlamp", service("headlamp")],
    ["service/headlamp:8443", service("headlamp", { port: "8443" })],
    ["services/headlamp:https", service("headlamp", { port: "https" })],
    ["SVC/headlamp", service("headlamp")],
    ["svc", service("svc")],
    ["deploy", service("deploy")],
    ["svc/a:1", service("a", { port: "1" })],
    ["svc/a:65535", service("a", { port: "65535" })],
    ["svc/a:0080", service("a", { port: "80" })],
    ["pod/web-0", pod("web-0")],
    ["po/web-0:8080", pod("web-0", { port: "8080" })],
    ["pods/web-0:http", pod("web-0", { port: "http" })],
    ["pod/web.with.dots", pod("web.with.dots")],
    [`svc/${"a".repeat(63)}`, service("a".repeat(63))],
  ])("%s", (text, wanted) => {
    expect(parseTarget(text)).toEqual(wanted);
  });
});

describe("kauthproxy's URLs", () => {
  test.each([
    ["https://kubernetes-dashboard.svc", service("kubernetes-dashboard", { scheme: "https" })],
    ["http://headlamp.svc", service("headlamp", { scheme: "http" })],
    ["http://headlamp.svc/", service("headlamp", { scheme: "http" })],
    ["HTTPS://Headlamp.SVC", service("headlamp", { scheme: "https" })],
    ["http://ui.apps.svc", service("ui", { scheme: "http", namespace: "apps" })],
    ["http://ui.apps.svc.cluster.local", service("ui", { scheme: "http", namespace: "apps" })],
    [
      "http://ui.apps.svc:8080/a/b?c=d&e#f",
      service("ui", { scheme: "http", namespace: "apps", port: "8080", path: "/a/b?c=d&e" }),
    ],
    ["http://ui.svc?x", service("ui", { scheme: "http", path: "/?x" })],
    ["https://ui.svc:443", service("ui", { scheme: "https", port: "443" })],
    ["http://ui.svc:80/", service("ui", { scheme: "http", port: "80" })],
    ["https://ui.svc:80", service("ui", { scheme: "https", port: "80" })],
    ["http://ui.svc:00080", service("ui", { scheme: "http", port: "80" })],
    [String.raw`http://ui.svc:8080\a`, service("ui", { scheme: "http", port: "8080", path: "/a" })],
    [String.raw`http://ui.svc:80\a`, service("ui", { scheme: "http", port: "80", path: "/a" })],
    ["http://ui.svc/a:99/b", service("ui", { scheme: "http", path: "/a:99/b" })],
    ["http://ui.svc/?x=:99", service("ui", { scheme: "http", path: "/?x=:99" })],
    ["http://web-0", pod("web-0", { scheme: "http" })],
    ["https://web-0:8443/x", pod("web-0", { scheme: "https", port: "8443", path: "/x" })],
    ["http://svc", pod("svc", { scheme: "http" })],
    ["http://web.with.dots", pod("web.with.dots", { scheme: "http" })],
  ])("%s", (text, wanted) => {
    expect(parseTarget(text)).toEqual(wanted);
  });
});

describe("what makes pods", () => {
  test.each([
    ["deploy/a", "deployment", undefined],
    ["deployment/a", "deployment", undefined],
    ["Deployments/a:8080", "deployment", "8080"],
    ["deployment.apps/a:http", "deployment", "http"],
    ["sts/a:80", "statefulset", "80"],
    ["StatefulSet/a.b", "statefulset", undefined],
    ["statefulsets.apps/a", "statefulset", undefined],
    ["rs/a-6d4cf56db6", "replicaset", undefined],
    ["replicasets.apps/a", "replicaset", undefined],
  ])("%s", (text, kind, port) => {
    expect(parseTarget(text)).toMatchObject({ kind, port, scheme: undefined, path: "/" });
  });

  test.each(["svc/a", "pod/a", "deploy/a", "sts/a", "rs/a"])("%s is written as it was read", (text) => {
    expect(targetText(parseTarget(text))).toBe(text);
  });
});

describe("what is not understood", () => {
  test.each([
    ["nothing", ""],
    ["only a kind", "svc/"],
    ["only a port", ":80"],
    ["an unknown kind", "ingress/a"],
    ["a kind of a prototype", "constructor/a"],
    ["no kind", "/a"],
    ["a name with capitals", "svc/Headlamp"],
    ["a name with an underscore", "svc/a_b"],
    ["a name that begins with -", "svc/-a"],
    ["a name that ends with -", "svc/a-"],
    ["a name with a slash", "svc/a/b"],
    ["a way out of the namespace", "pod/../secrets"],
    ["a name with a query", "pod/a?x"],
    ["a name with %2f", "pod/a%2fb"],
    ["a Service with a dot", "svc/a.b"],
    ["a long name", `svc/${"a".repeat(64)}`],
    ["a space", "svc/a b"],
    ["a line break", "svc/a\nb"],
    ["a last line break", "svc/a\n"],
    ["an empty port", "svc/a:"],
    ["port 0", "svc/a:0"],
    ["port 65536", "svc/a:65536"],
    ["a negative port", "svc/a:-1"],
    ["a port with a sign", "svc/a:+80"],
    ["a port with a point", "svc/a:80.5"],
    ["two ports", "svc/a:80:81"],
    ["a port name with capitals", "svc/a:HTTP"],
    ["a URL without a host", "https://"],
    ["a URL of a Service without a name", "http://.svc"],
    ["a URL with an underscore", "http://a_b.svc"],
    ["a URL with too many names", "http://a.b.c.svc"],
    ["a URL with an empty namespace", "http://a..svc"],
    ["a URL with a namespace that is none", "http://a.-b.svc"],
    ["a URL with port 0", "http://a.svc:0"],
    ["a URL with port 99999", "http://a.svc:99999"],
    ["a URL with a dot at the end", "http://a.svc."],
    ["another protocol", "ftp://a.svc"],
    ["an address of IPv6", "http://[::1]:80"],
  ])("%s is refused with examples", (_name, text) => {
    expect(() => parseTarget(text)).toThrow(KnownError);
    try {
      parseTarget(text);
    } catch (error) {
      expect(error).toMatchObject({
        code: "TARGET_INVALID",
        exit: 2,
        message: expect.stringContaining(`Cannot open "${text}"`) as string,
        hint: expect.stringContaining("svc/headlamp") as string,
      });
    }
  });

  test.each([
    ["http://me:canary@ui.svc", "http://…@ui.svc"],
    ["http://me:ca@nary@ui.svc/x", "http://…@ui.svc/x"],
    ["http://canary@ui.svc", "http://…@ui.svc"],
    ["http://me:canary@", "http://…@"],
    ["http://me:ca/nary@ui.svc", "http://…@ui.svc"],
    ["http://me:canary@ui.svc:99999", "http://…@ui.svc:99999"],
    [String.raw`http://me:canary@a\b`, "http://…@"],
  ])("a password in %s is not repeated", (text, shown) => {
    expect(() => parseTarget(text)).toThrow(shown);
    expect(() => parseTarget(text)).not.toThrow(/canary|nary/);
  });
});

test("anything is a reference that is safe in a path, or a known error", () => {
  const word = fc.oneof(
    fc.constantFrom("svc", "pod", "http:", "https:", "", "a", "a-1", "80", "0", "..", ".svc", "a.svc"),
    fc.string({ maxLength: 6 }),
  );
  const text = fc
    .array(fc.tuple(word, fc.constantFrom("/", ":", "//", ".", "@", "?", "", "\\")), { maxLength: 6 })
    .map((parts) => parts.flat().join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.webUrl(), fc.string()), (tried) => {
      let found: TargetReference;
      try {
        found = parseTarget(tried);
      } catch (error) {
        expect(error).toBeInstanceOf(KnownError);
        return;
      }
      expect(found.name).toMatch(/^[a-z0-9][-a-z0-9.]*$/);
      expect(found.path).toMatch(/^\/[^\s]*$/);
      expect(found.namespace ?? "a").toMatch(/^[a-z0-9-]+$/);
      expect(found.port ?? "1").toMatch(/^[a-z0-9-]+$/);
    }),
    { numRuns: 1000 },
  );
});
