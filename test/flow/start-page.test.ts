import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answeringPlugin, type Answering } from "../answering-plugin.ts";
import { ask, type Answer } from "../http.ts";
import { open, type Opened } from "../opened.ts";

/** The start page's origin, from the outside (security.md R-N6, R-C). */

let plugin: Answering;
let ui: Opened;
let start: URL;
let cookie = "";
let targetCookie = "";
beforeAll(async () => {
  plugin = await answeringPlugin();
  await plugin.answer("alice");
  ui = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  start = new URL(ui.link);
  const first = await redeem(start);
  cookie = first.cookie;
  targetCookie = (await redeem(new URL(first.next ?? ""))).cookie;
});
afterAll(async () => {
  await ui[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
});

const own = (at: URL): Record<string, string> => ({ origin: at.origin, "sec-fetch-site": "same-origin" });
const redeem = async (link: URL): Promise<{ readonly cookie: string; readonly next: string | undefined }> => {
  const made = await ask(link, {
    method: "POST",
    path: "/__kauth/session",
    headers: own(link),
    body: link.hash.slice(1),
  });
  expect(made.status).toBe(200);
  return {
    cookie: made.headers["set-cookie"]?.[0]?.split(";")[0] ?? "",
    next: (JSON.parse(made.text) as { next?: string }).next,
  };
};
const post = async (headers: Readonly<Record<string, string>>, path = "/sign-in/c0"): Promise<Answer> =>
  await ask(start, { method: "POST", path, headers, body: "" });

test("one launch makes two sessions, each with a cookie of its own name at an origin of its own", () => {
  expect(start.origin).not.toBe(ui.origin.origin);
  expect(start.hostname).toMatch(/^kauth-[0-9a-f]{20}\.localhost$/);
  const names = [cookie, targetCookie].map((pair) => pair.split("=")[0]);
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^__Host-kauth-[0-9a-f]{8}$/);
});

test("it says who is signed in and what is open", async () => {
  const { status, text, headers } = await ask(start, { headers: { ...own(start), cookie } });
  expect(status).toBe(200);
  expect(text).toContain("Signed in as alice");
  expect(text).toContain("svc/ui in apps");
  expect(text).toContain("its pod gets your token");
  expect(text).not.toContain(ui.origin.hostname);
  expect(headers["content-security-policy"]).toMatch(
    /default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/,
  );
  expect(headers["cache-control"]).toBe("no-store");
  expect(text).not.toContain("demo-alice");
});

describe("the button is pressed by nobody else", () => {
  test.each<[string, () => Record<string, string>, number]>([
    ["without a session", () => own(start), 401],
    ["with the target's session", () => ({ ...own(start), cookie: targetCookie }), 401],
    ["with the token for programs", () => ({ "x-kauth-token": ui.token }), 403],
    [
      "from the target's origin",
      () => ({ cookie, origin: ui.origin.origin, "sec-fetch-site": "cross-site" }),
      403,
    ],
    [
      "from another port of the same name",
      () => ({ cookie, origin: `http://${start.hostname}:1`, "sec-fetch-site": "same-site" }),
      403,
    ],
    ["without an Origin", () => ({ cookie, "sec-fetch-site": "same-origin" }), 403],
    ["with the Origin null", () => ({ cookie, origin: "null" }), 403],
  ])("%s", async (_name, headers, status) => {
    const before = await plugin.runs();
    expect((await post(headers())).status).toBe(status);
    expect(await plugin.runs()).toBe(before);
  });

  test("by GET it is none, and at the target it is the app's path", async () => {
    const before = await plugin.runs();
    expect((await ask(start, { path: "/sign-in/c0", headers: { ...own(start), cookie } })).status).toBe(405);
    const reserved = { method: "POST", path: "/__kauth/sign-in/c0", body: "" };
    expect(
      (await ask(ui.origin, { ...reserved, headers: { ...own(ui.origin), cookie: targetCookie } })).status,
    ).toBe(404);
    expect((await ask(start, { ...reserved, headers: { ...own(start), cookie } })).status).toBe(404);
    expect(await plugin.runs()).toBe(before);
  });

  test("by its own page it is, and answers with the page", async () => {
    const before = await plugin.runs();
    const { status, headers } = await post({ ...own(start), cookie });
    expect([status, headers.location]).toEqual([303, "/"]);
    await expect.poll(async () => await plugin.runs()).toBe(before + 1);
  });
});

test("nothing else is there, and nothing goes anywhere", async () => {
  const before = plugin.demo.app.requests.length;
  for (const path of ["/api/me", "/index.html", "/__kauth/x", "/state/", "/sign-in"])
    expect((await ask(start, { path, headers: { ...own(start), cookie } })).status).toBe(404);
  expect(plugin.demo.app.requests.length).toBe(before);
});

test("it gives a fresh link of the target, which is good once", async () => {
  const { status, text } = await post({ ...own(start), cookie }, "/link/t0");
  expect(status).toBe(200);
  const link = new URL((JSON.parse(text) as { readonly url: string }).url);
  expect(link.origin).toBe(ui.origin.origin);
  const { cookie: another } = await redeem(link);
  expect((await ask(link, { path: "/api/me", headers: { ...own(link), cookie: another } })).text).toContain(
    "alice",
  );
});

test("it leads a new tab to the target", async () => {
  const { status, text } = await post({ ...own(start), cookie }, "/go/t0");
  expect(status).toBe(200);
  expect(text).toContain(`location.replace("${ui.origin.origin}/__kauth/launch#`);
});

test("R-N7: a start link that is used twice ends both sessions", async () => {
  const again = await ask(start, {
    method: "POST",
    path: "/__kauth/session",
    headers: own(start),
    body: start.hash.slice(1),
  });
  expect(again.status).toBe(403);
  expect((await ask(start, { headers: { ...own(start), cookie } })).status).toBe(401);
  expect((await ask(ui.origin, { headers: { ...own(ui.origin), cookie: targetCookie } })).status).toBe(401);
});

test("it ends the program, which says so first", async () => {
  await using ending = await open(["svc/ui", "--kubeconfig", plugin.demo.kubeconfig]);
  const link = new URL(ending.link);
  const headers = { ...own(link), cookie: (await redeem(link)).cookie };
  const { status, text } = await ask(link, { method: "POST", path: "/stop", headers, body: "" });
  expect([status, text]).toEqual([200, expect.stringContaining("<h1>kauth has stopped</h1>")]);
  await ending.event("stopping");
  await expect.poll(() => ending.child.exitCode, { timeout: 15_000 }).toBe(0);
});
