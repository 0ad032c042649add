import { describe, expect, test } from "vitest";
import {
  dataPlane,
  FINE,
  GET,
  OURS,
  request,
  settle,
  SOON,
  type DataPlane,
  type PlaneOptions,
  type PodStream,
} from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { SiteHooks } from "../types.ts";

const NEW: RawHeaders = [["Authorization", "Bearer renewed"]];

describe("what a UI says of a credential is known by its hooks", () => {
  const json = (status: number, body: string): string =>
    `HTTP/1.1 ${status} x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const hooks: SiteHooks = {
    refused: ({ target }, { status }) =>
      target === "/me" ? "no" : status === 401 ? "yes" : target === "/list" ? "look" : "no",
    refusedIn: (_asked, _head, body) => body.toString().includes('"code":401'),
    added: ({ target }, { status }, session) =>
      target === "/poll" && status === 200 ? [["X-Reload", `reload ${session}`]] : [],
  };
  const plane = (pod: (stream: PodStream, turn: number) => void): DataPlane =>
    dataPlane({ site: { hooks }, pod, authorize: (rejected) => (rejected === undefined ? OURS : NEW) });

  test("U18: a 401 that says nothing of it is passed on", async () => {
    await using through = plane((stream) => stream.say(json(401, "no")));
    expect((await through.ask(request("GET /me"))).statuses).toEqual([401]);
    expect(through.rejected).toEqual([undefined]);
  });

  test("U20: a 200 whose body refuses it is asked again with another", async () => {
    await using through = plane((stream, turn) =>
      stream.say(json(200, turn === 0 ? '{"errors":[{"code":401}]}' : "fine")),
    );
    const client = await through.ask(request("GET /list"));
    expect(client.statuses).toEqual([200]);
    expect(client.text).toMatch(/fine$/);
    expect(through.rejected).toEqual([undefined, OURS]);
    expect(through.streams.at(-1)?.heard).toContain("Bearer renewed");
  });

  test("and goes on as it is when the new one is refused too", async () => {
    const refusal = '{"errors":[{"code":401}]}';
    await using through = plane((stream) => stream.say(json(200, refusal)));
    const client = await through.ask(request("GET /list"));
    expect(client.text.endsWith(refusal)).toBe(true);
    expect(through.streams).toHaveLength(2);
  });

  test.each([0, 1, 65_536, 65_537, 300_000])(
    "a body of %i bytes that refuses nothing arrives whole",
    async (size) => {
      await using through = plane((stream) => stream.say(json(200, "x".repeat(size))));
      const client = await through.ask(request("GET /list"));
      await expect.poll(() => client.text.length, SOON).toBeGreaterThanOrEqual(size);
      expect(client.text.slice(client.text.indexOf("\r\n\r\n") + 4)).toBe("x".repeat(size));
      expect(through.rejected).toEqual([undefined]);
    },
  );

  test("one that breaks off while it is looked into is no whole answer", async () => {
    await using through = plane((stream) => {
      stream.say("HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\nhalf");
      setImmediate(() => stream.fail(new KnownError("TUNNEL_LOST", "lost")));
    });
    const client = await through.ask(request("GET /list"));
    await expect.poll(() => client.ended, SOON).toBe(true);
    expect(client.text).not.toMatch(/^HTTP\/1.1 200[\s\S]*half$/);
  });

  test("U12: headers of its own are added", async () => {
    await using through = plane((stream) => stream.say(json(200, "ok")));
    expect((await through.ask(request("GET /poll"), "web-1")).text).toContain(
      "\r\nX-Reload: reload web-1\r\n",
    );
    expect((await through.ask(request("GET /other"), "web-1")).text).not.toContain("X-Reload");
  });
});

describe("an answer that perhaps says that the credential was refused (U17)", () => {
  const BAD = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad";
  const REVIEW = request("POST /review", ["Content-Length: 2"], "{}");
  const hooks: SiteHooks = {
    refused: (_asked, { status }) => (status === 502 ? "perhaps" : "no"),
    repeatable: ({ target }) => target === "/review",
  };
  interface Doubted extends DataPlane {
    /** Of each question for a credential. */
    readonly doubtful: readonly boolean[];
  }
  const plane = (pod: NonNullable<PlaneOptions["pod"]>, found = NEW): Doubted => {
    const doubtful: boolean[] = [];
    const made = dataPlane({
      site: { hooks },
      pod,
      authorize: (rejected, doubts) => {
        doubtful.push(doubts);
        return rejected === undefined ? OURS : found;
      },
    });
    return Object.assign(made, { doubtful });
  };
  const strict = (stream: PodStream): void =>
    void settle().then(() => stream.say(stream.heard.includes("Bearer renewed") ? FINE : BAD));

  test.each([
    ["GET", GET],
    ["HEAD", request("HEAD /")],
    ["a review", REVIEW],
  ])("%s is sent again when another credential is found, and only that is seen", async (_name, bytes) => {
    await using through = plane(strict);
    const client = await through.ask(bytes);
    await settle();
    await settle();
    expect(client.statuses).toEqual([200]);
    expect(client.text).not.toContain("bad");
    expect(through.doubtful).toEqual([false, true]);
    expect(through.rejected).toEqual([undefined, OURS]);
    expect(through.streams).toHaveLength(2);
  });

  test("it passes as it is when the credential is good", async () => {
    await using through = plane((stream) => stream.say(BAD), OURS);
    const client = await through.ask(GET);
    expect(client.text).toMatch(/^HTTP\/1\.1 502 [^]*\r\n\r\nbad$/);
    expect(through.doubtful).toEqual([false, true]);
    expect(through.streams).toHaveLength(1);
  });

  test("it passes when the new one gets it too: there is no loop", async () => {
    await using through = plane((stream) => stream.say(BAD));
    const client = await through.ask(REVIEW);
    await settle();
    expect(client.text).toMatch(/^HTTP\/1\.1 502 [^]*\r\n\r\nbad$/);
    expect(through.streams).toHaveLength(2);
  });

  test.each([
    ["POST", request("POST /", ["Content-Length: 2"], "{}")],
    ["PATCH", request("PATCH /", ["Content-Length: 2"], "{}")],
    ["DELETE", request("DELETE /")],
    ["GET with a body", request("GET /", ["Content-Length: 2"], "{}")],
  ])("R-N3: %s is done at most once, and asks nothing", async (_name, bytes) => {
    await using through = plane((stream) => stream.say(BAD));
    expect((await through.ask(bytes)).statuses).toEqual([502]);
    expect(through.doubtful).toEqual([false]);
    expect(through.streams).toHaveLength(1);
  });
});
