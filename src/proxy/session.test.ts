import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  getRequest,
  NAVIGATION,
  serveFake,
  sessionRequest,
  type Served,
} from "../../test/proxy/fake-site.ts";

let served: Served;
let host: string;

beforeEach(async () => {
  served = await serveFake();
  host = `${served.site.host}:${served.port}`;
});
afterEach(async () => {
  await served[Symbol.asyncDispose]();
});

const get = (path: string, headers: readonly string[] = [], at = host): string =>
  getRequest(at, path, headers);

const linkToken = (printed = false): string =>
  new URL(served.proxy.newLaunch(served.site, { printed }).url.reveal()).hash.slice(1);

const spend = async (token: string, at = host): Promise<number | undefined> =>
  (await served.raw(sessionRequest(at, token))).statuses[0];

describe("launch", () => {
  test("the link is on the target's own origin and its secret is in the fragment only", () => {
    const url = new URL(served.proxy.newLaunch(served.site, { printed: true }).url.reveal());
    expect(url.origin).toBe(`http://${host}`);
    expect(url.pathname + url.search).toBe("/__kauth/launch");
    expect(url.hash).toMatch(/^#[\w-]{43}$/);
  });

  test("a token makes one session, and the cookie has exactly these attributes", async () => {
    const answer = await served.raw(sessionRequest(host, linkToken()));
    expect(answer.statuses).toEqual([200]);
    expect(answer.text.match(/^set-cookie: .*$/gim)).toEqual([
      expect.stringMatching(
        /^Set-Cookie: __Host-kauth-[0-9a-f]{8}=[\w-]{43}; Secure; HttpOnly; SameSite=Strict; Path=\/$/,
      ),
    ]);
    expect(answer.text).toMatch(/\r\n\r\n\{"path":"\/","ticket":"[\w-]{43}"\}$/);
    expect(answer.text).not.toMatch(/clear-site-data/i);
    expect(served.events).toEqual([{ kind: "session", site: served.site }]);
  });

  test("a second use is refused, ends the session of the first and is reported", async () => {
    const token = linkToken();
    const first = await served.raw(sessionRequest(host, token));
    const cookie = /^set-cookie: ([^;]+);/im.exec(first.text)?.[1] ?? "";
    const page = get("/", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"]);
    expect((await served.raw(page)).statuses).toEqual([200]);
    expect(await spend(token)).toBe(403);
    expect((await served.raw(page)).statuses).toEqual([401]);
    expect(served.events.at(-1)).toEqual({ kind: "raced", site: served.site, ended: true });
  });

  test("a new link voids the earlier one without a penalty", async () => {
    const early = linkToken();
    const late = linkToken();
    expect(await spend(early)).toBe(403);
    expect(await spend(late)).toBe(200);
    expect(served.events).toEqual([{ kind: "session", site: served.site }]);
  });

  test.each([
    ["opened, 59 s", false, 59_000, 200],
    ["opened, 61 s", false, 61_000, 403],
    ["printed, 599 s", true, 599_000, 200],
    ["printed, 601 s", true, 601_000, 403],
  ])("%s", async (_, printed, time, status) => {
    const token = linkToken(printed);
    served.clock.advance(time);
    expect(await spend(token)).toBe(status);
  });

  test("a token is good for its own target only, and is not spent by the attempt", async () => {
    const token = linkToken();
    expect(await spend(token, `${served.other.host}:${served.port}`)).toBe(403);
    expect(await spend(token)).toBe(200);
  });

  test("a token is not spent by a request that names no origin", async () => {
    const token = linkToken();
    const silent = sessionRequest(host, token).replace(/Origin: [^\r]*\r\n/, "");
    expect((await served.raw(silent)).statuses).toEqual([403]);
    expect(await spend(token)).toBe(200);
  });

  test("the page is static, has a nonce of its own each time, and names no other source", async () => {
    const [one, two] = await Promise.all([
      served.raw(get("/__kauth/launch")),
      served.raw(get("/__kauth/launch")),
    ]);
    const nonce = (text: string): string | undefined => /script-src 'nonce-([\w-]+)'/.exec(text)?.[1];
    expect(nonce(one.text)).toMatch(/^[\w-]{22}$/);
    expect(nonce(one.text)).not.toBe(nonce(two.text));
    expect(one.text).toContain(`<script nonce="${nonce(one.text)}">`);
    expect(one.text).toContain("default-src 'none'");
    for (const header of [
      "Cache-Control: no-store",
      "X-Content-Type-Options: nosniff",
      "Referrer-Policy: no-referrer",
    ])
      expect(one.text).toContain(header);
  });

  test("it is reached from a file and from a chat link", async () => {
    const answer = await served.raw(get("/__kauth/launch", ["Sec-Fetch-Site: cross-site", ...NAVIGATION]));
    expect(answer.statuses).toEqual([200]);
    expect(answer.text).toContain("Signing in to svc/ui in apps");
  });

  test("but not as a frame or by a script of another site", async () => {
    for (const how of [["Sec-Fetch-Mode: no-cors"], ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"]])
      expect(
        (await served.raw(get("/__kauth/launch", ["Sec-Fetch-Site: cross-site", ...how]))).statuses,
      ).toEqual([403]);
  });
});

describe("a browser that keeps no Secure cookie", () => {
  const post = (body: string, cookie?: string): string =>
    sessionRequest(host, body).replace(
      "\r\n\r\n",
      cookie === undefined ? "\r\n\r\n" : `\r\nCookie: ${cookie}\r\n\r\n`,
    );
  const setCookie = (text: string): string => /^set-cookie: ([^;]+);/im.exec(text)?.[1] ?? "";
  const start = async (): Promise<{ strict: string; ticket: string }> => {
    const { text } = await served.raw(sessionRequest(host, linkToken()));
    return { strict: setCookie(text), ticket: /"ticket":"([^"]+)"/.exec(text)?.[1] ?? "" };
  };

  test("gets one other cookie for its ticket, and the first one is void", async () => {
    const { strict, ticket } = await start();
    expect((await served.raw(post("check"))).statuses).toEqual([409]);
    const answer = await served.raw(post(`ticket ${ticket}`));
    expect(answer.text).toMatch(
      /^Set-Cookie: kauth-[0-9a-f]{8}=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/\r$/m,
    );
    const plain = setCookie(answer.text);
    expect((await served.raw(post("check", plain))).statuses).toEqual([204]);
    expect((await served.raw(get("/", [`Cookie: ${plain}`, "Sec-Fetch-Site: none"]))).statuses).toEqual([
      200,
    ]);
    expect((await served.raw(get("/", [`Cookie: ${strict}`, "Sec-Fetch-Site: none"]))).statuses).toEqual([
      401,
    ]);
    expect((await served.raw(post(`ticket ${ticket}`))).statuses).toEqual([403]);
  });

  test("a ticket is void once the first cookie came back, and after 10 s", async () => {
    const one = await start();
    expect((await served.raw(post("check", one.strict))).statuses).toEqual([204]);
    expect((await served.raw(post(`ticket ${one.ticket}`))).statuses).toEqual([403]);
    const two = await start();
    served.clock.advance(10_001);
    expect((await served.raw(post(`ticket ${two.ticket}`))).statuses).toEqual([403]);
  });

  test("a ticket is good once, also when its cookie was never used", async () => {
    const { ticket } = await start();
    expect((await served.raw(post(`ticket ${ticket}`))).statuses).toEqual([204]);
    expect((await served.raw(post(`ticket ${ticket}`))).statuses).toEqual([403]);
  });

  test("the plain name means nothing before it was given out", async () => {
    const { strict } = await start();
    const plain = strict.replace("__Host-", "");
    expect((await served.raw(get("/", [`Cookie: ${plain}`, "Sec-Fetch-Site: none"]))).statuses).toEqual([
      401,
    ]);
  });
});

describe("session", () => {
  const page = (cookie: string, at = host): string =>
    get("/", [`Cookie: ${cookie}`, "Sec-Fetch-Site: none"], at);

  test("lives while it is used and ends after 12 idle hours", async () => {
    const cookie = await served.signIn();
    for (let round = 0; round < 3; round += 1) {
      served.clock.advance(11 * 3_600_000);
      expect((await served.raw(page(cookie))).statuses).toEqual([200]);
    }
    served.clock.advance(12 * 3_600_000 + 1_000);
    expect((await served.raw(page(cookie))).statuses).toEqual([401]);
  });

  test("of one target is none of another, under either name", async () => {
    const cookie = await served.signIn();
    const other = await served.signIn(served.other);
    const at = `${served.other.host}:${served.port}`;
    expect((await served.raw(page(cookie, at))).statuses).toEqual([401]);
    const renamed = `${other.split("=")[0]}=${cookie.split("=")[1]}`;
    expect((await served.raw(page(renamed, at))).statuses).toEqual([401]);
    expect((await served.raw(page(other, at))).statuses).toEqual([200]);
  });

  test("does not outlive the process: the page says how to get a new link, and nothing goes upstream", async () => {
    const cookie = await served.signIn();
    await using second = await serveFake();
    const at = `${second.site.host}:${second.port}`;
    const answer = await second.raw(
      get("/deep/page", [`Cookie: ${cookie}`, "Sec-Fetch-Site: same-origin", ...NAVIGATION], at),
    );
    expect(answer.statuses).toEqual([401]);
    expect(answer.text).toContain("<kbd>Enter</kbd>");
    expect(second.recorder.seen).toEqual([]);
  });

  test("a script gets text, not a page", async () => {
    const answer = await served.raw(get("/api", ["Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"]));
    expect(answer.statuses).toEqual([401]);
    expect(answer.text).toContain("Content-Type: text/plain");
  });

  test("each session has a name of its own towards the data plane", async () => {
    const [one, two] = [await served.signIn(), await served.signIn()];
    await served.raw(page(one));
    await served.raw(page(two));
    await served.raw(get("/", [`X-Kauth-Token: ${served.proxy.apiToken.reveal()}`]));
    expect(served.recorder.seen.map(({ session }) => session)).toEqual(["web-1", "web-2", "api"]);
  });

  test("--no-session keeps the other rules", async () => {
    await using open = await serveFake({ sessions: false });
    const at = `${open.site.host}:${open.port}`;
    expect((await open.raw(get("/", [], at))).statuses).toEqual([200]);
    expect((await open.raw(get("/", [], `evil.test:${open.port}`))).statuses).toEqual([403]);
    expect((await open.raw(get("/", ["Origin: http://evil"], at))).statuses).toEqual([403]);
    expect((await open.raw(get("/", ["Sec-Fetch-Site: same-site"], at))).statuses).toEqual([403]);
    expect(open.recorder.seen.map(({ session }) => session)).toEqual(["open"]);
  });
});
