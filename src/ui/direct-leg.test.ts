import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AskedRequest, LegChoice } from "../proxy/index.ts";
import { directLeg, type DirectLeg, type DirectLegOptions } from "./direct-leg.ts";
import type { ApiPlace } from "./direct-leg-path.ts";

const MAIN: ApiPlace = { cluster: "main", base: "" };
const made = (more: Partial<DirectLegOptions> = {}): DirectLeg =>
  directLeg({
    headlamp: true,
    place: () => MAIN,
    find: () => Promise.reject(new TypeError("it is known")),
    origin: "https://api.example:6443",
    prefix: "/k8s/c-1",
    me: () => Promise.resolve({ username: "alice" }),
    keptBack: "Not without the flag.",
    ...more,
  });
const leg = made();

const asked = (target: string, more: Partial<AskedRequest> = {}): AskedRequest => ({
  method: "GET",
  headers: [],
  upgrade: false,
  target,
  ...more,
});
const choiceOf = (target: string, more?: Partial<AskedRequest>, of = leg): LegChoice => {
  const choice = of.choose(asked(target, more));
  if (choice instanceof Promise) throw new TypeError("nothing has to be asked");
  return choice;
};
const kindOf = (target: string, more?: Partial<AskedRequest>, of?: DirectLeg): string => {
  const choice = choiceOf(target, more, of);
  if (choice.kind === "trusted") return `with a ${choice.as}`;
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
    ["/clusters/main/api%252fv1", "400"],
    ["/clusters/main/api/%252e%252e/metrics", "400"],
    ["/clusters/main/api/..;/metrics", "400"],
    ["/clusters/main/api/..;x=1/metrics", "400"],
    ["/clusters/main/api/.%2e;x/metrics", "400"],
    ["/clusters/main/api/v1/x%00y", "400"],
    ["/clusters/main/api/v1/x%0d%0aHost:y", "400"],
    ["//clusters/main/api/v1/pods", "400"],
    ["/clusters//main/api/v1/pods", "404"],
    ["/clusters/main//api/v1/pods", "400"],
    ["/clusters/main/api//v1/pods", "400"],
    ["/clusters;x/main/api/v1/pods", "400"],
    ["/clusters/main;x/api/v1/pods", "404"],
    ["/clusters/main/api;x/v1/pods", "501"],
    ["/clusters/main/api/v1/", "direct"],
    ["/clusters/main/api/v1/namespaces/a/pods/b;c", "direct"],
    ["/clusters/main/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node", "direct"],
    ["/clusters/main/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode", "direct"],
    ["/clusters/main/api/v1/pods?labelSelector=a%2Fb%3D..%2F", "direct"],
    ["/drain-node", "501"],
    ["/auth/set-token", "pod"],
  ])("%s: %s", (target, kind) => expect(kindOf(target)).toBe(kind));

  test("a token that the page would keep is taken and dropped", async () => {
    for (const path of ["/clusters/main/set-token", "/auth/set-token"]) {
      const choice = choiceOf(path, { method: "POST" });
      expect(choice.kind === "own" && (await choice.answer()), path).toBeUndefined();
    }
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
      ";",
      "%252e",
      ".",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const target = `/${pieces.join("")}`;
        if (kindOf(target) !== "direct") {
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

describe("D.2: what needs the UI's back end", () => {
  const TO_IT = [
    ["/clusters/main/helm/releases/list", "with a header"],
    ["/clusters/main/serviceproxy/apps/ui", "with a header"],
    ["/clusters/main/portforward", "with a cookie"],
    ["/clusters/main/portforward/list", "with a cookie"],
    ["/clusters/main/portforwarding", "with a header"],
    ["/wsMultiplexer", "with a cookie"],
  ] as const;
  test.each(TO_IT)("%s goes there %s where that was said", (target, kind) => {
    expect(kindOf(target, {}, made({ keptBack: undefined }))).toBe(kind);
    expect(choiceOf(target)).toMatchObject({ status: 501, detail: "Not without the flag." });
  });

  test.each([
    "/clusters/other/helm/releases/list",
    "/clusters/other/portforward",
    "/clusters/main/helm/%2e%2e/x",
    "//clusters/main/helm/releases",
    "/drain-node",
    "/externalproxy",
    "/config",
    "/",
  ])("%s never goes there with a credential", (target) =>
    expect(kindOf(target, { method: "POST" }, made({ keptBack: undefined }))).not.toMatch(/^with/),
  );

  test("an app that is not Headlamp has these paths for itself", () => {
    const other = made({ headlamp: false, keptBack: undefined });
    for (const path of ["/wsMultiplexer", "/drain-node", "/auth/set-token"])
      expect(kindOf(path, { method: "POST" }, other)).toBe("pod");
    expect(kindOf("/clusters/main/portforward", {}, other)).toBe("with a header");
    expect(kindOf("/clusters/main/api/v1/pods", {}, other)).toBe("direct");
  });
});

describe("D.2: where the UI has its clusters", () => {
  const based = made({ place: () => ({ cluster: "c 1", base: "/head/lamp" }) });
  test.each([
    ["/head/lamp/clusters/c%201/api/v1/pods", "direct"],
    ["/head/lamp/clusters/main/api/v1/pods", "404"],
    ["/clusters/c%201/api/v1/pods", "pod"],
    ["/head/lamp/head/lamp/clusters/c%201/api", "pod"],
    ["/head%2flamp/clusters/c%201/api", "400"],
    ["//head/lamp/clusters/c%201/api", "400"],
    ["/head/%6camp/clusters/c%201/api", "400"],
    ["/head/lamp/wsMultiplexer", "501"],
    ["/wsMultiplexer", "pod"],
  ])("below a base, %s: %s", (target, kind) => expect(kindOf(target, {}, based)).toBe(kind));

  test("the base is no part of what is asked of the API server", () => {
    expect(based.narrow.target("/head/lamp/clusters/c%201/api/v1?x=1")).toBe("/k8s/c-1/api/v1?x=1");
    expect(based.narrow.location("/k8s/c-1/api/")).toBe("/head/lamp/clusters/c%201/api/");
    expect(based.below("/head/lamp/clusters/c%201/healthz")).toBe("/clusters/c%201/healthz");
    expect(based.below("/healthz")).toBe("/healthz");
  });

  test("is asked when it has to be known, and not for anything else", async () => {
    let known: ApiPlace | undefined;
    let looks = 0;
    const lazy = made({
      place: () => known,
      find: () => {
        looks += 1;
        known = { cluster: "prod", base: "" };
        return Promise.resolve(known);
      },
    });
    for (const path of ["/", "/config", "/static/app.js", "/c/prod/pods"])
      expect(kindOf(path, {}, lazy)).toBe("pod");
    expect(() => lazy.narrow.target("/clusters/prod/api")).toThrow("Cannot forward");
    expect(lazy.narrow.location("/k8s/c-1/api")).toBeUndefined();
    expect(looks).toBe(0);
    expect(await lazy.choose(asked("/clusters/main/api/v1/pods"))).toMatchObject({ status: 404 });
    expect(kindOf("/clusters/prod/api/v1/pods", {}, lazy)).toBe("direct");
    expect(looks).toBe(1);
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
    ["BASE64URL.Bearer.Authorization.k8s.io.dG9rZW4", false],
    ["base64url.bearer.authorization.k8s.io.", false],
  ])("the sub-protocol %s: %s", (name, passes) => expect(leg.narrow.protocol(name)).toBe(passes));

  test.each([
    ["/k8s/c-1/api/v1/x/proxy/", "/clusters/main/api/v1/x/proxy/"],
    ["https://api.example:6443/k8s/c-1/api/", "/clusters/main/api/"],
    ["https://elsewhere.example/", undefined],
    ["//elsewhere.example/k8s/c-1/", undefined],
    ["/other", undefined],
  ])("a redirect to %s leads to %s", (value, there) => expect(leg.narrow.location(value)).toBe(there));
});
