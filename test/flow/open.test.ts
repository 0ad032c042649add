import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Demo } from "../../src/demo/index.ts";
import { testDemo } from "../demo.ts";
import { ask, follow } from "../http.ts";
import { startOpen } from "../program.ts";

let demo: Demo;
beforeAll(async () => {
  demo = await testDemo();
});
afterAll(async () => {
  await demo[Symbol.asyncDispose]();
});

const target = (name = "svc/ui"): string[] => [name, "--kubeconfig", demo.kubeconfig];

const pod = (text: string): string => (JSON.parse(text) as { podName: string }).podName;

describe("kauth open", () => {
  test("signs in with a plugin that ran once, and only through a session", async () => {
    const calls = await demo.pluginCalls();
    await using open = await startOpen(target());
    expect(open.ready).toMatchObject({ user: demo.user, namespace: "apps", target: "svc/ui" });
    const seen = demo.app.requests.length;
    expect((await ask(open.origin, { path: "/api/me" })).status).toBe(401);
    expect((await ask(open.origin, { path: "/api/me", headers: { host: "evil.test" } })).status).toBe(403);
    expect(demo.app.requests.length).toBe(seen);
    const browser = await follow(open.link);
    const me = await browser.get("/api/me");
    expect(JSON.parse(me.text)).toMatchObject({
      user: demo.user,
      authorizationHeaderCount: 1,
      host: "ui.apps.svc",
      scheme: "http",
      cookies: [],
    });
    expect((await demo.pluginCalls()) - calls).toBe(1);
    expect(await open.event("session")).toMatchObject({ state: "started" });
  });

  test("the app never sees the label, our cookie, or what a client says of itself", async () => {
    await using open = await startOpen(target());
    const browser = await follow(open.link);
    const echo = await browser.get("/echo?x=1", {
      authorization: "Bearer EVIL",
      "x-forwarded-user": "root",
      "impersonate-user": "root",
      cookie: `${browser.cookie}; token=stale; headlamp-auth-main.0=stale; mine=1`,
      referer: `${open.origin.origin}/page`,
    });
    const { line, headers } = JSON.parse(echo.text) as { line: string; headers: string[] };
    const text = headers.join("\n");
    expect(line).toBe("GET /echo?x=1 HTTP/1.1");
    for (const word of ["EVIL", "root", "kauth-", "stale", ".localhost"]) expect(text).not.toContain(word);
    expect(text).toContain("mine=1");
    expect(text).toContain("http://ui.apps.svc/page");
    expect(headers.filter((name) => name.toLowerCase() === "authorization")).toHaveLength(1);
  });

  test("an app's cookies come back without a Domain and cannot touch ours", async () => {
    await using open = await startOpen(target());
    const browser = await follow(open.link);
    const { headers } = await browser.get("/cookie");
    const cookies = headers["set-cookie"] ?? [];
    expect(cookies.some((line) => /domain/i.test(line))).toBe(false);
    expect(cookies.some((line) => line.includes("kauth"))).toBe(false);
    expect(cookies.some((line) => line.startsWith("wide=1"))).toBe(true);
  });

  test("a token that is refused is renewed once, and the page does not notice", async () => {
    await using open = await startOpen(target());
    const browser = await follow(open.link);
    expect((await browser.get("/api/me")).status).toBe(200);
    const calls = await demo.pluginCalls();
    await demo.rotate();
    const answers = await Promise.all(Array.from({ length: 24 }, async () => await browser.get("/api/me")));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    expect((await demo.pluginCalls()) - calls).toBe(1);
  });

  test("a 401 that another token does not mend reaches the page", async () => {
    await using open = await startOpen(target());
    const browser = await follow(open.link);
    expect((await browser.get("/expire?n=99&key=a")).status).toBe(401);
    const posted = await browser.post("/status/401", "body");
    expect(posted.status).toBe(401);
  });

  test("a pod that is deleted is left for another, and the process goes on", async () => {
    await using open = await startOpen(target());
    const browser = await follow(open.link);
    const first = pod((await browser.get("/api/me")).text);
    demo.deletePod(first);
    const second = pod((await browser.get("/api/me")).text);
    expect(second).not.toBe(first);
    demo.addPod(first, "ui");
    expect(open.child.exitCode).toBeNull();
  });

  test("an API server that drops everything is dialled again", async () => {
    await using open = await startOpen(target());
    const browser = await follow(open.link);
    demo.cluster.dropConnections();
    expect((await browser.get("/api/me")).status).toBe(200);
  });

  test("no byte with a token goes to another pod of the same name", async () => {
    await using open = await startOpen(target("pod/sts-0:8080"));
    const browser = await follow(open.link);
    await browser.get("/api/me");
    const before = demo.app.requests.length;
    demo.replacePod("sts-0", "sts");
    demo.app.reset("sts-0");
    const answer = await browser.get("/api/me");
    // The old uid's tunnel serves nobody; the new pod was looked up anew before anything was sent.
    expect(answer.status).toBe(200);
    expect(demo.app.requests.length - before).toBe(1);
  });

  test.each([
    { name: "a port where nothing listens", to: "pod/sts-0:9999", code: "PORT_REFUSED" },
    { name: "a port that speaks no TLS", to: "https://sts-0:8080", code: "UPSTREAM_TLS" },
  ])("$name: page, script and terminal say the code and the next step", async ({ to, code }) => {
    await using open = await startOpen(target(to));
    const browser = await follow(open.link);
    const page = await browser.get("/", { "sec-fetch-mode": "navigate" });
    expect(page.status).toBe(502);
    expect(page.text).toContain(`<code>${code}</code>`);
    expect(JSON.parse((await browser.get("/api/me")).text)).toMatchObject({ status: 502, code });
    const incident = await open.event("incident");
    expect(incident).toMatchObject({ code });
    expect(page.text).toContain(String(incident["incident"]));
    expect(page.text).not.toContain(String(incident["message"]));
  });

  test("HTTPS to the pod is pinned for one container start", async () => {
    await using open = await startOpen(target("https://ui.svc"));
    const browser = await follow(open.link);
    expect(JSON.parse((await browser.get("/api/me")).text)).toMatchObject({ scheme: "https" });
    demo.app.newCertificate();
    demo.app.reset();
    expect((await browser.get("/api/me")).status).toBe(502);
  });

  test.each([
    { name: "spdy is refused", spdy: "forbidden", websocket: "ok", verb: "get" },
    { name: "spdy is swallowed by a middle box", spdy: "swallow", websocket: "ok", verb: "get" },
    { name: "the WebSocket is refused", spdy: "ok", websocket: "forbidden", verb: "create" },
  ] as const)("the other carrier serves when $name", async ({ spdy, websocket, verb }) => {
    Object.assign(demo.carriers, { spdy, websocket });
    const from = demo.cluster.audit.length;
    try {
      await using open = await startOpen(target());
      const browser = await follow(open.link);
      expect((await browser.get("/api/me")).status).toBe(200);
      const used = demo.cluster.audit.slice(from).filter((entry) => entry.resource === "pods/portforward");
      expect(used.at(-1)).toMatchObject({ verb, status: 101 });
    } finally {
      Object.assign(demo.carriers, { spdy: "ok", websocket: "ok" });
    }
  });

  test("without a header with --anonymous, without a session with --no-session", async () => {
    await using anonymous = await startOpen([...target(), "--anonymous"]);
    const browser = await follow(anonymous.link);
    expect((await browser.get("/api/me")).status).toBe(401);
    await using bare = await startOpen([...target(), "--no-session"]);
    expect((await ask(bare.origin, { path: "/api/me" })).status).toBe(200);
    expect((await ask(bare.origin, { path: "/api/me", headers: { host: "evil.test" } })).status).toBe(403);
    expect(bare.stderr()).toContain("--no-session");
  });
});
