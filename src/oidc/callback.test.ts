import { connect, createServer } from "node:net";
import { request } from "node:http";
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { quietSystem, VALID } from "../../test/api-server.ts";
import { failureOf } from "../../test/failure.ts";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { selfSigned } from "../base/x509.ts";
import { openCallback, type Arrived, type Callback } from "./callback.ts";

const STATE = new Secret("canary-state");
const never = new AbortController().signal;

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The kernel's table, with connections that belong to somebody else. */
const amongOthers = (): System => {
  const system = quietSystem();
  const { files } = system;
  const others = (table: Buffer): Buffer =>
    Buffer.from(
      table.toString("latin1").replaceAll(/^(\s*\d+: (?:\S+ +){6})\d+ /gm, "$1 4000000 "),
      "latin1",
    );
  return {
    ...system,
    files: {
      ...files,
      read: async (path, limit) => others(await files.read(path, limit)),
      readNow: (path, limit, memory) => others(files.readNow(path, limit, memory)),
    },
  };
};

const ask = async (
  callback: Callback,
  path: string,
  {
    host,
    address = "127.0.0.1",
    method = "GET",
    headers = {},
    body = "",
  }: {
    host?: string;
    address?: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  } = {},
): Promise<Got> =>
  await new Promise((resolve, reject) => {
    request(
      {
        host: address,
        port: callback.port,
        path,
        method,
        headers: { Host: host ?? `localhost:${callback.port}`, ...headers },
        agent: false,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString(),
          }),
        );
      },
    )
      .on("error", reject)
      .end(body);
  });

const GOOD = `/?code=canary-code&state=${STATE.reveal()}`;

describe("the answer of a sign-in", () => {
  test.each(["127.0.0.1", "::1"])(
    "comes at %s, and the page waits for what is made of it",
    async (address) => {
      await using callback = await openCallback({ ports: [0] }, quietSystem());
      expect(callback.redirectUri).toBe(`http://localhost:${callback.port}`);
      const waiting = callback.wait(STATE, never);
      let seen = false;
      const answer = ask(callback, GOOD, { address }).finally(() => (seen = true));
      const arrived: Arrived = await waiting;
      expect(arrived.parameters.get("code")).toBe("canary-code");
      expect(seen).toBe(false);
      arrived.succeed();
      const { status, headers, body } = await answer;
      expect(status).toBe(200);
      expect(body).toContain("Authenticated");
      expect(headers).toMatchObject({
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
      });
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'sha256-/);
      expect(body).not.toContain("canary");
    },
  );

  test("says so when it came to nothing, and what it says is text", async () => {
    await using callback = await openCallback({ ports: [0] }, quietSystem());
    const waiting = callback.wait(STATE, never);
    const answer = ask(callback, GOOD);
    (await waiting).fail("<script>alert(1)</script>");
    const { status, body } = await answer;
    expect(status).toBe(400);
    expect(body).not.toContain("<script>alert");
    expect(body).not.toContain("Authenticated");
  });

  test("may lead on", async () => {
    await using callback = await openCallback({ ports: [0] }, quietSystem());
    const waiting = callback.wait(STATE, never);
    const answer = ask(callback, GOOD);
    (await waiting).succeed(new URL("https://example.com/success?a=1&b='"));
    expect((await answer).body).toContain("URL=https://example.com/success?a=1&#38;b=");
  });

  test("is not any of these, and still comes", async () => {
    await using callback = await openCallback({ ports: [0] }, quietSystem());
    const waiting = callback.wait(STATE, never);
    const forged: [string, Parameters<typeof ask>[2], number][] = [
      ["/?code=x&state=wrong", {}, 400],
      ["/?code=x", {}, 400],
      ["/?error=access_denied&state=wrong", {}, 400],
      ["/?error=access_denied", {}, 400],
      [`${GOOD}&state=other`, {}, 400],
      [`${GOOD}&code=other`, {}, 400],
      [`/?code=x&state=${STATE.reveal()}&iss=a&iss=b`, {}, 400],
      ["/", {}, 404],
      ["/favicon.ico", {}, 404],
      [`/other?state=${STATE.reveal()}`, {}, 404],
      [GOOD, { method: "POST" }, 404],
      [GOOD, { host: "evil.example" }, 403],
      [GOOD, { host: `evil.example:${callback.port}` }, 403],
      [GOOD, { host: "localhost" }, 403],
      [GOOD, { headers: { "Sec-Fetch-Mode": "no-cors" } }, 403],
      [GOOD, { headers: { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" } }, 403],
    ];
    for (const [path, options, status] of forged)
      expect([path, (await ask(callback, path, options)).status]).toEqual([path, status]);
    const answer = ask(callback, GOOD, {
      headers: { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document" },
    });
    (await waiting).succeed();
    expect((await answer).status).toBe(200);
    // The state is spent.
    expect((await ask(callback, GOOD)).status).toBe(400);
  });

  test("is not waited for after twenty that are forged; images and frames of other pages are none of them", async () => {
    await using callback = await openCallback({ ports: [0] }, quietSystem());
    const failure = failureOf(callback.wait(STATE, never));
    let over = false;
    void failure.then(() => (over = true));
    for (let turn = 0; turn < 40; turn += 1) {
      await ask(callback, "/?state=x", { headers: { "Sec-Fetch-Mode": "no-cors" } });
      await ask(callback, "/?state=x", {
        headers: { "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe" },
      });
    }
    for (let turn = 0; turn < 19; turn += 1) await ask(callback, "/?state=x");
    expect(over).toBe(false);
    await ask(callback, "/?state=x");
    expect((await failure).code).toBe("OIDC_LOGIN_REFUSED");
  });

  test("comes at the path that is registered", async () => {
    await using callback = await openCallback(
      { ports: [0], redirectUri: "http://localhost:9/cb" },
      quietSystem(),
    );
    const waiting = callback.wait(STATE, never);
    expect((await ask(callback, GOOD)).status).toBe(404);
    const answer = ask(callback, `/cb?code=c&state=${STATE.reveal()}`, { host: "localhost:9" });
    (await waiting).succeed();
    expect((await answer).status).toBe(200);
  });

  test("is not waited for when nobody wants it any more", async () => {
    await using callback = await openCallback({ ports: [0] }, quietSystem());
    const stop = new AbortController();
    const waiting = callback.wait(STATE, stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  test.runIf(process.platform === "linux").each([
    { at: "localhost", wishes: { ports: [0] } },
    { at: "127.0.0.2", wishes: { ports: [], addresses: [{ address: "127.0.0.2", port: 0 }] } },
  ])("is not of another user, at $at", async ({ at, wishes }) => {
    await using callback = await openCallback(wishes, amongOthers());
    const stop = new AbortController();
    const waiting = callback.wait(STATE, stop.signal);
    const address = at === "localhost" ? "127.0.0.1" : at;
    await expect(ask(callback, GOOD, { address })).rejects.toThrow(/ECONNRESET|hang up/);
    // Nor is a place kept for them: there are few.
    const silent = connect(callback.port, address).on("error", () => undefined);
    const ended = new Promise((resolve) => silent.once("close", () => resolve("ended")));
    expect(await Promise.race([ended, sleep(3_000, "held")])).toBe("ended");
    stop.abort(new Error("nothing came"));
    await expect(waiting).rejects.toThrow("nothing came");
  });
});

test.runIf(process.platform === "linux")(
  "another user who speaks TLS is sent away, and nothing else happens",
  async () => {
    const certificate = selfSigned({
      commonName: "localhost",
      names: ["localhost"],
      ...VALID,
      use: "server",
    });
    const { cert } = certificate;
    await using callback = await openCallback(
      { ports: [0], tls: { cert, key: new Secret(certificate.key) } },
      amongOthers(),
    );
    for (let time = 0; time < 20; time++)
      expect(
        await new Promise((resolve) => {
          https
            .get(
              { host: "127.0.0.1", port: callback.port, path: GOOD, rejectUnauthorized: false, agent: false },
              (response) => resolve(response.statusCode),
            )
            .on("error", () => resolve("nothing"));
        }),
      ).toBe("nothing");
  },
);

test("a port of which a stranger has one family is not used", async () => {
  const stranger = createServer();
  await new Promise<void>((resolve) => stranger.listen({ host: "::1", port: 0, ipv6Only: true }, resolve));
  try {
    const address = stranger.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect((await failureOf(openCallback({ ports: [port] }, quietSystem()))).code).toBe("PORT_TAKEN");
    await using next = await openCallback({ ports: [port, 0] }, quietSystem());
    expect(next.port).not.toBe(port);
  } finally {
    await new Promise((resolve) => stranger.close(resolve));
  }
});

describe("an answer that the browser posts (response_mode=form_post)", () => {
  const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
  const post = async (
    formPost: boolean,
    body: string,
    headers: Record<string, string> = FORM,
  ): Promise<Got> => {
    await using callback = await openCallback({ ports: [0], formPost }, quietSystem());
    const waiting = callback.wait(STATE, never);
    void waiting.then((arrived) => arrived.succeed()).catch(() => undefined);
    return await ask(callback, "/", { method: "POST", body, headers });
  };

  test("is taken where it was asked for", async () => {
    expect((await post(true, `code=c&state=${STATE.reveal()}`)).status).toBe(200);
  });

  test.each([
    { name: "where it was not", formPost: false, body: `code=c&state=${STATE.reveal()}`, status: 404 },
    { name: "with another state", formPost: true, body: "code=c&state=other", status: 400 },
    { name: "with two states", formPost: true, body: `state=x&state=${STATE.reveal()}`, status: 400 },
    {
      name: "that is too large",
      formPost: true,
      body: `state=${STATE.reveal()}&x=${"x".repeat(20_000)}`,
      status: 400,
    },
  ])("is not taken $name", async ({ formPost, body, status }) => {
    expect((await post(formPost, body)).status).toBe(status);
  });

  test("is not taken as JSON", async () => {
    expect((await post(true, "{}", { "Content-Type": "application/json" })).status).toBe(400);
  });
});

describe("where it listens", () => {
  test("one loopback address that was named stands for both families", async () => {
    await using callback = await openCallback(
      { ports: [], addresses: [{ address: "127.0.0.1", port: 0 }] },
      quietSystem(),
    );
    expect((await ask(callback, "/", { address: "::1" })).status).toBe(404);
  });

  test("every address, for containers, and still for our own names only", async () => {
    await using callback = await openCallback(
      { ports: [], addresses: [{ address: "0.0.0.0", port: 0 }] },
      quietSystem(),
    );
    expect((await ask(callback, "/")).status).toBe(404);
    expect((await ask(callback, "/", { host: "attacker.example" })).status).toBe(403);
  });
});
