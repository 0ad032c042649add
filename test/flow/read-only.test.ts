import { WebSocket } from "ws";
import { expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { open, type Opened } from "../opened.ts";

const NS = "/api/v1/namespaces/apps";
const REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

/** Status of an upgrade that is refused, or 101. */
const upgrade = async (ui: Opened, path: string): Promise<number> => {
  const socket = new WebSocket(`ws://127.0.0.1:${ui.port}${path}`, {
    headers: { host: ui.origin.host, origin: ui.origin.origin, "x-kauth-token": ui.token },
  });
  return await new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("open", () => {
      resolve(101);
      socket.terminate();
    });
    socket.once("unexpected-response", (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
  });
};

test.each([
  ["pod", ""],
  ["direct", "/clusters/main"],
])("D.5: --read-only with --leg %s: reads pass, and nothing else reaches anybody", async (leg, prefix) => {
  await using demo = await testDemo();
  await using ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig, "--leg", leg, "--read-only"]);
  expect(ui.ready["readOnly"]).toBe(true);
  const json = { "content-type": "application/json" };
  expect((await ui.fetch({ path: "/" })).status).toBe(200);
  const review = await ui.fetch({ path: `${prefix}${REVIEW}`, method: "POST", headers: json, body: "{}" });
  expect(review.status).not.toBe(403);

  const seen = demo.app.requests.length;
  const audited = demo.cluster.audit.length;
  const tried: readonly (readonly [string, string])[] = [
    ["POST", `${NS}/pods`],
    ["DELETE", `${NS}/pods/ui-1`],
    ["DELETE", `${NS}/pods?dryRun=All`],
    ["GET", `${NS}/pods/ui-1/exec?command=id`],
    ["GET", `${NS}/pods/ui-1/%65xec?command=id`],
    ["POST", `${NS}/services/ui/proxy/a`],
    ["POST", "/set-token"],
    ["PUT", "/anything"],
  ];
  for (const [method, path] of tried) {
    const answer = await ui.fetch({ path: `${prefix}${path}`, method });
    expect([answer.status, path]).toEqual([403, path]);
    expect(JSON.parse(answer.text)).toMatchObject({ title: "Read-only", code: "READ_ONLY" });
  }
  const headers = { ...json, "content-length": "2" };
  const dry = { path: `${prefix}${NS}/pods/ui-1?dryRun=All`, method: "DELETE", headers, body: "{}" };
  expect((await ui.fetch(dry)).status).toBe(403);
  for (const path of [
    `${NS}/pods/ui-1/exec?command=id`,
    `${NS}/pods/ui-1/attach`,
    "/api/sockjs/1/2/websocket",
    "/ws",
  ])
    expect([await upgrade(ui, `${prefix}${path}`), path]).toEqual([403, path]);
  expect(demo.app.requests.length).toBe(seen);
  const meanwhile = demo.cluster.audit.slice(audited);
  expect(meanwhile.filter(({ verb }) => !["get", "list", "watch"].includes(verb))).toEqual([]);
  expect(await ui.event("incident")).toMatchObject({ code: "READ_ONLY" });

  // Whoever asks for a page gets one.
  const page = await ui.fetch({ path: "/form", method: "POST", headers: { "sec-fetch-mode": "navigate" } });
  expect([page.status, page.text.includes("<h1>Read-only</h1>")]).toEqual([403, true]);
});

test("D.5: without --read-only it all passes", async () => {
  await using demo = await testDemo();
  await using ui = await open(["svc/ui", "--kubeconfig", demo.kubeconfig]);
  expect(ui.ready["readOnly"]).toBe(false);
  expect((await ui.fetch({ path: "/anything", method: "PUT" })).status).not.toBe(403);
});
