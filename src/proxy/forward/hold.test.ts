import { describe, expect, test } from "vitest";
import {
  dataPlane,
  FINE,
  GET,
  HOLDING as LIMITS,
  NAVIGATION,
  request,
  settle,
  SOON,
  type Client,
  type DataPlane,
} from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import type { SiteHooks } from "../types.ts";

/** A target that is away until it is told to come back. */
const away = (): { readonly dial: (signal: AbortSignal) => Promise<void>; comeBack(): void } => {
  let back = false;
  const waiting = new Set<() => void>();
  return {
    dial: async (signal) => {
      if (back) return;
      await new Promise<void>((resolve, reject) => {
        waiting.add(resolve);
        signal.addEventListener("abort", () => {
          waiting.delete(resolve);
          reject(signal.reason as Error);
        });
      });
    },
    comeBack: () => {
      back = true;
      for (const go of waiting) go();
    },
  };
};

const many = async (plane: DataPlane, count: number, session: string, line = "GET /"): Promise<Client[]> => {
  const clients: Client[] = [];
  for (let at = 0; at < count; at += 1) {
    const client = plane.open(session);
    client.send(request(line));
    clients.push(client);
  }
  await settle();
  return clients;
};

describe("while nothing is up", () => {
  test("F3: reads wait, and are sent when the target is back", async () => {
    const target = away();
    await using plane = dataPlane({ dial: target.dial, limits: LIMITS });
    const clients = await many(plane, 5, "web-1");
    plane.advance(100_000);
    await settle();
    expect(clients.flatMap(({ statuses }) => statuses)).toEqual([]);
    target.comeBack();
    await settle();
    expect(clients.flatMap(({ statuses }) => statuses)).toEqual([200, 200, 200, 200, 200]);
    expect(plane.forwarder.active).toBe(0);
  });

  test("a thousand of them at once, of a program", async () => {
    const target = away();
    await using plane = dataPlane({ dial: target.dial, limits: LIMITS });
    const clients = await many(plane, 1_000, "api");
    const [one] = await many(plane, 1, "api");
    // There is room for no more.
    expect(one?.statuses).toEqual([504]);
    target.comeBack();
    await expect.poll(() => clients.filter(({ statuses }) => statuses[0] === 200).length, SOON).toBe(1_000);
    expect(plane.forwarder.active).toBe(0);
    expect((await plane.ask(GET, "api")).statuses).toEqual([200]);
  });

  test("a navigation gets its page at once, with what stands in the way", async () => {
    const target = away();
    await using plane = dataPlane({
      dial: target.dial,
      limits: LIMITS,
      trouble: () => new KnownError("NO_READY_POD", "canary: none is ready"),
    });
    const client = plane.open();
    client.send(NAVIGATION);
    await expect.poll(() => client.statuses, SOON).toEqual([503]);
    expect(client.text).toContain("NO_READY_POD");
    expect(client.text).toMatch(/refresh/i);
    expect(client.text).not.toContain("canary");
  });

  test("U7: at the end a script gets 504 with Retry-After and a code, never 503", async () => {
    await using plane = dataPlane({
      dial: away().dial,
      limits: { ...LIMITS, dial: millis(1) },
      trouble: () => new KnownError("TUNNEL_LOST", "lost"),
    });
    const client = await plane.ask(GET);
    await expect.poll(() => client.statuses, SOON).toEqual([504]);
    expect(client.text).toMatch(/^Retry-After: /im);
    expect(client.text).toContain('"code":"TUNNEL_LOST"');
  });

  test("a client that leaves leaves nothing behind", async () => {
    await using plane = dataPlane({ dial: away().dial, limits: LIMITS });
    for (const client of await many(plane, 20, "api")) client.leave();
    await settle();
    expect(plane.forwarder.active).toBe(0);
    expect(plane.streams).toEqual([]);
  });
});

describe("R-N5: a browser keeps one of its six connections", () => {
  const hooks: SiteHooks = { expendable: ({ target }) => target === "/poll" };

  test("the read that waits longest makes way, but not in a quick failover", async () => {
    const target = away();
    await using plane = dataPlane({ dial: target.dial, limits: LIMITS });
    const clients = await many(plane, 6, "web-1");
    plane.advance(1_500);
    await settle();
    expect(clients.flatMap(({ statuses }) => statuses)).toEqual([]);
    plane.advance(500);
    await settle();
    expect(clients.map(({ statuses }) => statuses[0])).toEqual([504, ...Array<undefined>(5).fill(undefined)]);
    target.comeBack();
    await settle();
    expect(clients.map(({ statuses }) => statuses[0])).toEqual([504, 200, 200, 200, 200, 200]);
  });

  test("first a poll that may fail", async () => {
    const target = away();
    await using plane = dataPlane({ dial: target.dial, limits: LIMITS, site: { hooks } });
    const reads = await many(plane, 3, "web-1");
    const polls = await many(plane, 1, "web-1", "GET /poll");
    const more = await many(plane, 2, "web-1");
    plane.advance(2_000);
    await settle();
    expect([...reads, ...more].flatMap(({ statuses }) => statuses)).toEqual([]);
    expect(polls[0]?.statuses).toEqual([504]);
  });

  test("one whose page would end with an error is sent back to its own address", async () => {
    const comesBack: SiteHooks = { comesBack: ({ target }) => target.endsWith("/list?a=b") };
    const target = away();
    await using plane = dataPlane({ dial: target.dial, limits: LIMITS, site: { hooks: comesBack } });
    const slashes = await many(plane, 1, "web-1", "GET //elsewhere.test/list?a=b");
    const lists = await many(plane, 1, "web-1", "GET /list?a=b");
    const others = await many(plane, 6, "web-1");
    plane.advance(2_000);
    await settle();
    expect([...slashes, ...lists, ...others].map(({ statuses }) => statuses[0])).toEqual([
      307,
      307,
      504,
      ...Array<undefined>(5).fill(undefined),
    ]);
    const locations = [...slashes, ...lists].map(({ text }) => /^location: (.*)$/im.exec(text)?.[1]?.trim());
    expect(locations).toEqual(["/elsewhere.test/list?a=b", "/list?a=b"]);
  });

  test("each browser for itself, and programs have as many as they open", async () => {
    await using plane = dataPlane({ dial: away().dial, limits: LIMITS });
    const clients = [
      ...(await many(plane, 5, "web-1")),
      ...(await many(plane, 5, "web-2")),
      ...(await many(plane, 50, "api")),
    ];
    plane.advance(60_000);
    await settle();
    expect(clients.flatMap(({ statuses }) => statuses)).toEqual([]);
  });
});

describe("a read whose way is lost goes on waiting", () => {
  test.each(["TUNNEL_LOST", "TUNNEL_SILENT", "POD_GONE"] as const)(
    "%s again and again: sent anew with growing pauses until it is answered",
    async (code) => {
      await using plane = dataPlane({
        limits: LIMITS,
        pod: (stream, turn) => (turn < 8 ? stream.fail(new KnownError(code, "lost")) : stream.say(FINE)),
      });
      const client = await plane.ask(GET);
      const dials: number[] = [];
      for (let second = 0; second < 30; second += 1) {
        dials.push(plane.streams.length);
        plane.advance(1_000);
        await settle();
      }
      expect(client.statuses).toEqual([200]);
      expect(plane.streams).toHaveLength(9);
      // Two at once; each second of this clock lets one pause of up to a second end, later ones take up to five.
      expect(dials.slice(0, 8)).toEqual([2, 3, 4, 5, 5, 6, 6, 6]);
    },
  );

  test("until its time is over", async () => {
    await using plane = dataPlane({
      limits: LIMITS,
      pod: (stream) => stream.fail(new KnownError("TUNNEL_LOST", "lost")),
    });
    const client = await plane.ask(GET);
    for (let second = 0; second < 130 && client.statuses.length === 0; second += 1) {
      plane.advance(1_000);
      await settle();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(client.statuses).toEqual([504]);
    expect(plane.streams.length).toBeLessThan(40);
  });
});
