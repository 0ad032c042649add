import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AskedRequest } from "../proxy/index.ts";
import { directLeg } from "./direct-leg.ts";

const leg = directLeg({
  cluster: "main",
  origin: "https://api.example:6443",
  prefix: "/k8s/c-1",
  userAgent: "kauth/1",
  me: () => Promise.resolve({ username: "alice" }),
});

const asked = (target: string, more: Partial<AskedRequest> = {}): AskedRequest => ({
  method: "GET",
  headers: [],
  upgrade: false,
  target,
  ...more,
});
const kindOf = (target: string, more?: Partial<AskedRequest>): string => {
  const choice = leg.choose(asked(target, more));
  return choice.kind === "refused" ? `${choice.status}` : choice.kind;
};

describe("D.2: which way a request goes", () => {
  test.each([
    ["/clusters/main/api/v1/pods?limit=500", "direct"],
    ["/clusters/main/api", "direct"],
    ["/clusters/main/apis/apps/v1/deployments", "direct"],
    ["/clusters/main/version", "direct"],
    ["/clusters/main/healthz", "direct"],
    ["/clusters/main/livez", "direct"],
    ["/clusters/main/readyz?verbose", "direct"],
    ["/clusters/main/openapi/v3", "direct"],
    ["/clusters/mai%6e/api/v1/pods", "direct"],
    ["/clusters/main/me", "own"],
    ["/", "pod"],
    ["/config", "pod"],
    ["/plugins/@scope%2Fname", "pod"],
    ["/c/main/pods", "pod"],
    ["/clusters-of-stars", "pod"],
    ["/api/v1/pods", "pod"],
    ["/wsMultiplexer", "501"],
    ["/wsMultiplexer?x", "501"],
    ["/clusters/other/api/v1/pods", "404"],
    ["/clusters/MAIN/api/v1/pods", "404"],
    ["/clusters/", "404"],
    ["/clusters", "404"],
    ["/clusters/main", "501"],
    ["/clusters/main/", "501"],
    ["/clusters/main/helm/releases", "501"],
    ["/clusters/main/portforward", "501"],
    ["/clusters/main/apiary", "501"],
    ["/clusters/main/metrics", "501"],
    ["/clusters/main/debug/pprof", "501"],
    ["/clusters/main/api/../metrics", "400"],
    ["/clusters/main/api/%2e%2e/metrics", "400"],
    ["/clusters/main/api/.%2E/metrics", "400"],
    ["/clusters/main/api%2fv1", "400"],
    ["/clusters/main/api/v1\\..", "400"],
    ["/clusters%2fmain/api/v1/pods", "400"],
    ["/%63lusters/main/api/v1/pods", "400"],
    ["/x/../clusters/main/api/v1/pods", "400"],
    ["/clusters/main/%zz", "400"],
  ])("%s: %s", (target, kind) => expect(kindOf(target)).toBe(kind));

  test("a token that the page would keep is taken and dropped", async () => {
    const choice = leg.choose(asked("/clusters/main/set-token", { method: "POST" }));
    expect(choice.kind === "own" && (await choice.answer())).toBeUndefined();
    expect(kindOf("/clusters/main/set-token")).toBe("501");
  });

  test("who one is has no WebSocket", () =>
    expect(kindOf("/clusters/main/me", { upgrade: true })).toBe("501"));

  test("whatever is asked, only the API's paths go to the API server, below its prefix", () => {
    const piece = fc.constantFrom(
      "/",
      "clusters",
      "main",
      "api",
      "..",
      "%2e%2e",
      "%2f",
      "%5c",
      "?",
      "me",
      "//",
      "%63",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = `/${pieces.join("")}`;
        const { kind } = leg.choose(asked(target));
        if (kind !== "direct") {
          expect(() => leg.narrow.target(target)).toThrow("Cannot forward this request target");
          return;
        }
        const [path = ""] = leg.narrow.target(target).split("?");
        expect(path).toMatch(/^\/k8s\/c-1\/(?:api|apis|version|healthz|livez|readyz|openapi)(?:\/|$)/);
        const names = path.split("/").map((each) => decodeURIComponent(each));
        expect(names.some((each) => each === ".." || each === "." || /[/\\]/.test(each))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("D.2: what of a request and its answer passes", () => {
  test("the prefix is taken off, and the server's own is put on", () =>
    expect(leg.narrow.target("/clusters/main/api/v1/pods?watch=1&x=/clusters/main/")).toBe(
      "/k8s/c-1/api/v1/pods?watch=1&x=/clusters/main/",
    ));

  test.each([
    ["v4.channel.k8s.io", true],
    ["base64.binary.k8s.io", true],
    ["base64url.bearer.authorization.k8s.io.dG9rZW4", false],
    ["base64url.headlamp.authorization.k8s.io.dXNlcg", false],
  ])("the sub-protocol %s: %s", (name, passes) => expect(leg.narrow.protocol(name)).toBe(passes));

  test.each([
    ["/k8s/c-1/api/v1/x/proxy/", "/clusters/main/api/v1/x/proxy/"],
    ["https://api.example:6443/k8s/c-1/api/", "/clusters/main/api/"],
    ["https://elsewhere.example/", undefined],
    ["//elsewhere.example/k8s/c-1/", undefined],
    ["/other", undefined],
  ])("a redirect to %s leads to %s", (value, there) => expect(leg.narrow.location(value)).toBe(there));
});
