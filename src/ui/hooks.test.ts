import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import type { AnsweredHead, AskedRequest, SiteHooks } from "../proxy/index.ts";
import type { RawHeaders } from "../base/headers.ts";
import { presetOf } from "../../test/preset.ts";
import { hooksFor } from "./hooks.ts";

const asked = (target: string, method = "GET"): AskedRequest => ({
  method,
  target,
  headers: [],
  upgrade: false,
});
const head = (
  status: number,
  headers: readonly string[] = ["Content-Type", "application/json"],
): AnsweredHead => ({
  status,
  headers,
});
const of = (kind: "headlamp" | "dashboard" | "dashboard-2", now = (): number => 0): SiteHooks =>
  hooksFor(presetOf(kind), now);

test("an unknown UI has watches and nothing else", () => {
  const hooks = hooksFor(undefined, () => 0);
  expect(Object.keys(hooks)).toEqual(["resumable"]);
  expect(hooks.resumable?.(asked("/api/v1/pods?watch=1"))).toBeDefined();
});

test("R-N11: a UI that gets no credential refuses none, and no plugin runs for its 401", () => {
  for (const id of ["grafana", "prometheus", "alertmanager"])
    expect(hooksFor(presetOf(id), () => 0).refused?.(asked("/api/search"), head(401))).toBe("no");
});

test("Kiali's 401 may be about the session that it keeps: the API server is asked first", () => {
  const { refused } = hooksFor(presetOf("kiali"), () => 0);
  expect(refused?.(asked("/kiali/api/namespaces"), head(401))).toBe("perhaps");
  expect(refused?.(asked("/kiali/api/namespaces"), head(403))).toBe("no");
});

test.each(["argo-workflows", "kubetail", "kube-rbac-proxy"])("%s: a 401 is a 401", (id) => {
  const hooks = hooksFor(presetOf(id), () => 0);
  expect(hooks.refused?.(asked("/api/v1/workflows/argo"), head(401))).toBe("yes");
  expect(hooks.refused?.(asked("/api/v1/workflows/argo"), head(403))).toBe("no");
  expect(hooks.added).toBeUndefined();
});

test("U3: what a preset expires is taken out of the browser where it is there, at a name of its own only", () => {
  const { added } = hooksFor({ ...presetOf("kubetail"), expire: ["sid", "token"] }, () => 0);
  const carrying = (host: string, cookie: string): RawHeaders | undefined =>
    added?.({ ...asked("/"), headers: ["Host", host, "Cookie", cookie] }, head(200), "web-1");
  expect(carrying("ui-0.localhost:18000", "a=1; token=x; tokens=y")).toEqual([
    ["Set-Cookie", "token=; Max-Age=0; Path=/"],
  ]);
  expect(carrying("ui-0.localhost:18000", "sid=1;token")).toHaveLength(2);
  expect(carrying("ui-0.localhost:18000", "a=1")).toEqual([]);
  expect(carrying("127.0.0.1:18000", "token=x")).toEqual([]);
});

describe("Headlamp", () => {
  test.each([
    ["U18", "/clusters/main/me", 401, "no"],
    ["U16", "/clusters/main/api/v1/pods", 401, "yes"],
    ["U19", "/clusters/main/apis/metrics.k8s.io/v1beta1/pods", 404, "no"],
    ["U17", "/clusters/main/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", 502, "perhaps"],
    ["U17", "/clusters/main/api/v1/pods", 502, "perhaps"],
    ["U17", "/clusters/main/api/v1/pods", 503, "no"],
    ["a 502 that is none of the API server's", "/config", 502, "no"],
    ["U18", "/clusters/main/me", 502, "no"],
  ])("%s: %s with %i: %s", (_id, target, status, wanted) =>
    expect(of("headlamp").refused?.(asked(target), head(status))).toBe(wanted),
  );

  test("polls may fail first, pages and lists may not", () => {
    const { expendable } = of("headlamp");
    expect(
      ["/clusters/main/healthz", "/clusters/main/apis/metrics.k8s.io/v1beta1/pods"].map((at) =>
        expendable?.(asked(at)),
      ),
    ).toEqual([true, true]);
    expect(
      ["/config", "/", "/clusters/main/api/v1/pods", "/clusters/main/me"].map((at) =>
        expendable?.(asked(at)),
      ),
    ).toEqual([false, false, false, false]);
  });

  test("R-N3: reviews of oneself may be repeated, nothing else that is posted", () => {
    const { repeatable } = of("headlamp");
    const posts = [
      "/clusters/main/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      "/clusters/main/apis/authentication.k8s.io/v1/selfsubjectreviews",
      "/clusters/main/apis/authorization.k8s.io/v1/subjectaccessreviews",
      "/clusters/main/api/v1/namespaces/a/pods",
    ];
    expect(posts.map((target) => repeatable?.(asked(target, "POST")))).toEqual([true, true, false, false]);
    expect(repeatable?.(asked(posts[0] ?? "", "DELETE"))).toBe(false);
  });

  describe("§5.1: what reads the cookie alone gets it, and nothing else does", () => {
    const bearer = (token: string): RawHeaders => [["Authorization", `Bearer ${token}`]];
    const long = "x".repeat(3_801);

    test.each<[string, string, string, RawHeaders, readonly string[]]>([
      ["port-forward", "POST", "/clusters/main/portforward", bearer("t"), ["headlamp-auth-main.0=t"]],
      [
        "its list",
        "GET",
        "/clusters/main/portforward/list?cluster=main",
        bearer("t"),
        ["headlamp-auth-main.0=t"],
      ],
      [
        "a name that no cookie has",
        "POST",
        "/clusters/a.b%20c/portforward",
        bearer("t"),
        ["headlamp-auth-abc.0=t"],
      ],
      [
        "a long token",
        "POST",
        "/clusters/main/portforward",
        bearer(long),
        [`headlamp-auth-main.0=${"x".repeat(3_800)}`, "headlamp-auth-main.1=x"],
      ],
      ["a token that no cookie holds", "POST", "/clusters/main/portforward", bearer("a;b"), []],
      ["nobody", "POST", "/clusters/main/portforward", [], []],
      ["the API", "GET", "/clusters/main/api/v1/pods", bearer("t"), []],
      ["a page", "GET", "/", bearer("t"), []],
      ["what only looks like it", "GET", "/clusters/main/portforwards", bearer("t"), []],
      ["no cluster", "GET", "/portforward", bearer("t"), []],
    ])("%s", (_what, method, target, authorization, wanted) =>
      expect(of("headlamp").cookies?.(asked(target, method), authorization)).toEqual(wanted),
    );

    test("the multiplexer gets it for the clusters that the page asks for", () => {
      const { cookies } = of("headlamp");
      const multiplexer = asked("/wsMultiplexer?x=1");
      expect(cookies?.(multiplexer, bearer("t"))).toEqual([]);
      for (let at = 0; at < 20; at += 1) cookies?.(asked(`/clusters/c${at}/version`), bearer("t"));
      expect(cookies?.(multiplexer, bearer("t"))).toEqual(
        Array.from({ length: 8 }, (_value, at) => `headlamp-auth-c${at}.0=t`),
      );
    });
  });

  test("U12, R-N16: a lost watch is one reload, by a health answer of that session, once an outage", () => {
    let now = 0;
    const { lost, added } = of("headlamp", () => now);
    const health = asked("/clusters/main/healthz");
    const reload = [["X-Reload", "reload"]];
    expect(added?.(health, head(200), "web-1")).toEqual([]);
    lost?.("web-1");
    lost?.("web-1");
    expect(added?.(asked("/config"), head(200), "web-1")).toEqual([]);
    expect(added?.(health, head(502), "web-1")).toEqual([]);
    expect(added?.(health, head(200), "web-2")).toEqual([]);
    expect(added?.(health, head(200), "web-1")).toEqual(reload);
    expect(added?.(health, head(200), "web-1")).toEqual([]);
    now = 200_000;
    lost?.("web-1");
    now = 230_000;
    expect(added?.(health, head(200), "web-1")).toEqual([]);
  });

  test("R-N16: a loss that nobody came for does not swallow a later one", () => {
    let now = 0;
    const { lost, added } = of("headlamp", () => now);
    const health = asked("/clusters/main/healthz");
    lost?.("web-1");
    now = 600_000;
    lost?.("web-1");
    expect(added?.(health, head(200), "web-1")).toEqual([["X-Reload", "reload"]]);
  });

  test("R-N16: where every watch is lost at once, a page reloads once a minute and not with each poll", () => {
    let now = 0;
    const { lost, added } = of("headlamp", () => now);
    const health = asked("/clusters/main/healthz");
    let reloads = 0;
    for (; now <= 600_000; now += 5_000) {
      lost?.("web-1");
      reloads += added?.(health, head(200), "web-1").length ?? 0;
    }
    expect(reloads).toBe(11);
  });

  test("and a loss soon after a reload is told when its time has come", () => {
    let now = 0;
    const { lost, added } = of("headlamp", () => now);
    const health = asked("/clusters/main/healthz");
    lost?.("web-1");
    added?.(health, head(200), "web-1");
    now = 10_000;
    lost?.("web-1");
    now = 59_000;
    expect(added?.(health, head(200), "web-1")).toEqual([]);
    now = 61_000;
    expect(added?.(health, head(200), "web-1")).toEqual([["X-Reload", "reload"]]);
  });
});

describe("Dashboard", () => {
  const csrf = Buffer.from("MSG_CSRF_VALIDATION_ERROR");
  test.each([
    ["ui-0f.localhost:18000", "a=b; token=x", true],
    ["ui-0f.localhost", "token=x", true],
    ["ui-0f.localhost:18000", "mytoken=x; tokens=y; a=token=x", false],
    ["ui-0f.localhost:18000", "", false],
    ["127.0.0.1:18000", "token=x", false],
  ])("U3: at %s, a browser that sends the cookies %j forgets its token: %s", (host, cookie, forgets) => {
    const request = { ...asked("/"), headers: ["Host", host, "Cookie", cookie] };
    expect(of("dashboard").added?.(request, head(200), "a")).toEqual(
      forgets ? [["Set-Cookie", "token=; Max-Age=0; Path=/"]] : [],
    );
  });

  test.each(["dashboard", "dashboard-2"] as const)(
    "U9: what %s reads comes back, nothing else does",
    (kind) => {
      const { comesBack } = of(kind);
      expect(comesBack?.(asked("/api/v1/pod/demo?page=1"))).toBe(true);
      expect(comesBack?.(asked("/api/v1/appdeployment", "POST"))).toBe(false);
      expect(["/", "//elsewhere.test/api/v1/a"].map((target) => comesBack?.(asked(target)))).toEqual([
        false,
        false,
      ]);
    },
  );

  test.each(["dashboard", "dashboard-2"] as const)(
    "U21: %s: a 401 for want of a CSRF token is no refusal",
    (kind) => {
      const { refused, refusedIn } = of(kind);
      const post = asked("/api/v1/appdeployment", "POST");
      expect(refused?.(post, head(401))).toBe("look");
      expect(refusedIn?.(post, head(401), csrf)).toBe(false);
      expect(refusedIn?.(post, head(401), Buffer.from("Unauthorized"))).toBe(true);
      expect(refused?.(asked("/api/v1/me"), head(401))).toBe("yes");
      expect(refused?.(asked("/api/v1/me"), head(403))).toBe("no");
    },
  );

  const inside = JSON.stringify({ errors: [{ ErrStatus: { code: 401 } }], pods: [] });
  test.each([
    [inside, [], true],
    [JSON.stringify({ errors: [{ ErrStatus: { code: 403 } }] }), [], false],
    [JSON.stringify({ errors: [], ErrStatus: 1 }), [], false],
    ['{"ErrStatus"', [], false],
    ["", [], false],
    [gzipSync(inside), ["Content-Encoding", "gzip"], true],
    [inside, ["Content-Encoding", "gzip"], false],
    [inside, ["Content-Encoding", "br"], false],
  ] as const)("U20: Dashboard 2 says it inside a 200", (body, headers, wanted) => {
    const { refused, refusedIn } = of("dashboard-2");
    const answer = head(200, ["Content-Type", "application/json", ...headers]);
    expect(refused?.(asked("/api/v1/pod"), answer)).toBe("look");
    expect(refusedIn?.(asked("/api/v1/pod"), answer, Buffer.from(body))).toBe(wanted);
  });

  test("and pages are not looked into", () => {
    expect(of("dashboard-2").refused?.(asked("/"), head(200, ["Content-Type", "text/html"]))).toBe("no");
    expect(of("dashboard").refused?.(asked("/api/v1/pod"), head(200))).toBe("no");
  });
});
