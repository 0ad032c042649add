import { describe, expect, test } from "vitest";
import {
  dataPlane,
  OURS,
  request,
  SOON,
  type DataPlane,
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
