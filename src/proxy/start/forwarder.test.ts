import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startedPage, type StartedPage } from "../../../test/proxy/start-origin.ts";

/** The start page's routes behind the real gate (security.md R-N6). */

let start: StartedPage;
beforeEach(async () => {
  start = await startedPage();
});
afterEach(async () => {
  await start[Symbol.asyncDispose]();
});

describe("what its own page asks for", () => {
  test("the page, which allows one script and one origin", async () => {
    const { status, headers, text } = await start.get("/");
    expect(status).toBe(200);
    expect(text).toContain("Signed in as alice");
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; style-src ('sha256-[^']+' ?){2}; script-src 'nonce-[^']+'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    );
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["cache-control"]).toBe("no-store");
  });

  test("the state, as JSON that nobody keeps", async () => {
    const { status, headers, text } = await start.get("/state");
    expect([status, headers["content-type"], headers["cache-control"]]).toEqual([
      200,
      "application/json",
      "no-store",
    ]);
    expect(Object.keys(JSON.parse(text) as object)).toEqual(["title", "content"]);
  });

  test("a sign-in, of the cluster that it names", async () => {
    const { status, headers } = await start.post("/sign-in/c1");
    expect([status, headers.location]).toEqual([303, "/"]);
    expect(start.calls).toEqual(["sign-in c1"]);
  });

  test("no second sign-in while one runs", async () => {
    expect((await start.post("/sign-in/c2")).status).toBe(303);
    expect(start.calls).toEqual([]);
  });

  test("a target: a page that leads to a fresh link, which is in no header", async () => {
    const { status, headers, text } = await start.post("/go/t0");
    expect(status).toBe(200);
    expect(text).toContain('location.replace("http://ui.localhost:1/__kauth/launch#link-of-t0");');
    expect(JSON.stringify(headers)).not.toContain("link-of-t0");
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["content-security-policy"]).toContain("form-action 'none'");
    expect(start.calls).toEqual(["go t0"]);
  });

  test("a link, as JSON that nobody keeps", async () => {
    const { status, headers, text } = await start.post("/link/t1");
    expect([status, headers["content-type"], headers["cache-control"]]).toEqual([
      200,
      "application/json",
      "no-store",
    ]);
    expect(JSON.parse(text)).toEqual({ url: "http://ui.localhost:1/__kauth/launch#link-of-t1" });
  });

  test("neither the page nor the state has a link in it", async () => {
    for (const path of ["/", "/state", "/stop"])
      expect((await start.get(path)).text).not.toContain("link-of");
    expect(start.calls).toEqual([]);
  });

  test("the end: asked for once more first, told of, and then done once", async () => {
    const question = await start.get("/stop");
    expect(question.text).toContain("<h1>Stop kauth?</h1>");
    expect(question.text).toContain("svc/ui in apps");
    expect(start.calls).toEqual([]);
    const { status, text } = await start.post("/stop");
    expect(status).toBe(200);
    expect(text).toContain("<h1>kauth has stopped</h1>");
    await expect.poll(() => start.calls).toEqual(["stop"]);
    await start.post("/stop");
    expect(start.calls).toEqual(["stop"]);
  });
});

test.each(["/sign-in/c9", "/go/t9", "/link/t9", "/sign-in/t0", "/go/c0"])(
  "what is not there is nothing: POST %s",
  async (path) => {
    expect((await start.post(path)).status).toBe(404);
    expect(start.calls).toEqual([]);
  },
);

test.each([
  "/sign-in",
  "/sign-in/",
  "/sign-in/C0",
  "/sign-in/c0/",
  "/sign-in/c0?x",
  "/go/t0/x",
  "/go/%74%30",
  "/link/../go/t0",
  "/stop/",
  "/stop?x",
  "/constructor",
  "/__proto__",
  "/index.html",
])("other paths are nothing, by any method: %s", async (path) => {
  for (const method of ["GET", "POST", "PUT", "DELETE"])
    expect((await start.as({ method, path })).status).toBe(404);
  expect(start.calls).toEqual([]);
});

test.each([
  ["GET", "/go/t0"],
  ["HEAD", "/go/t0"],
  ["GET", "/link/t0"],
  ["GET", "/sign-in/c0"],
  ["PUT", "/go/t0"],
  ["PUT", "/stop"],
  ["DELETE", "/stop"],
  ["POST", "/"],
  ["POST", "/state"],
])("another method does nothing: %s %s", async (method, path) => {
  expect((await start.as({ method, path })).status).toBe(405);
  expect(start.calls).toEqual([]);
});

const CONTROLS = ["/sign-in/c0", "/go/t0", "/link/t0", "/stop"];

describe.each(CONTROLS)("nobody else asks for %s", (path) => {
  test.each<[string, () => Record<string, string>, number]>([
    ["without a session", () => start.own, 401],
    ["with the target's session", () => ({ ...start.own, cookie: start.targetCookie }), 401],
    ["with the token for programs", () => ({ "x-kauth-token": start.apiToken }), 403],
    [
      "from the target's origin",
      () => ({ cookie: start.cookie, origin: start.targetOrigin, "sec-fetch-site": "cross-site" }),
      403,
    ],
    [
      "from another port of the same name",
      () => ({
        cookie: start.cookie,
        origin: `http://${start.host}:1`,
        "sec-fetch-site": "same-site",
      }),
      403,
    ],
    ["without an Origin", () => ({ cookie: start.cookie, "sec-fetch-site": "same-origin" }), 403],
    ["with the Origin null", () => ({ cookie: start.cookie, origin: "null" }), 403],
  ])("%s", async (_name, headers, status) => {
    expect((await start.as({ method: "POST", path, headers: headers() })).status).toBe(status);
    expect(start.calls).toEqual([]);
  });

  test("at the target's own origin it is the app's path, and below /__kauth/ nobody's", async () => {
    const at = { method: "POST", target: true };
    expect((await start.as({ ...at, path })).text).toBe("seen\n");
    expect((await start.as({ ...at, path: `/__kauth${path}` })).status).toBe(404);
    expect((await start.post(`/__kauth${path}`)).status).toBe(404);
    expect(start.calls).toEqual([]);
  });
});

test.each(["/", "/state", "/stop"])("the token for programs does not read %s", async (path) => {
  const answer = await start.as({ method: "GET", path, headers: { "x-kauth-token": start.apiToken } });
  expect(answer.status).toBe(403);
  expect(answer.text).not.toContain("alice");
});
