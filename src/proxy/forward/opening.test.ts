import { describe, expect, test } from "vitest";
import { HOST, request, settle, type DataPlane } from "../../../test/proxy/data-plane.ts";
import { EVENTS, GOOD, HOOKS, watchPlane } from "../../../test/proxy/watched.ts";
import { KnownError } from "../../base/errors.ts";

/** Lets time pass until all is at rest, as long as somebody tries again. */
const pass = async (plane: DataPlane, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= 50) {
    plane.advance(Math.min(50, left));
    await settle();
  }
};

const STREAM = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";

describe("U11: a watch whose UI does not listen yet is not refused, as its page would never ask again", () => {
  const scene = (answer: string): { plane: DataPlane; found: Found } => {
    const found: Found = { listens: false, peer: "pod", dials: 0, lost: 0 };
    const plane = watchPlane({
      site: { hooks: { ...HOOKS, lost: () => (found.lost += 1) } },
      pod: (stream) => stream.say(answer),
      peer: () => found.peer,
      dial: () => {
        found.dials += 1;
        if (!found.listens) throw new KnownError("PORT_REFUSED", "nobody listens");
      },
    });
    return { plane, found };
  };
  interface Found {
    listens: boolean;
    peer: string | undefined;
    dials: number;
    /** Times that a page was told to list anew. */
    lost: number;
  }

  const kinds = [
    ["WebSocket", EVENTS(5), GOOD, 101],
    ["watch=1", request("GET /events?from=5&watch=1", [`Origin: http://${HOST}`]), STREAM, 200],
  ] as const;

  test.each(kinds)("by %s: it is opened when somebody listens", async (_name, bytes, answer, status) => {
    const { plane, found } = scene(answer);
    await using _plane = plane;
    const client = await plane.ask(bytes);
    await pass(plane, 20_000);
    expect(client.text).toBe("");
    expect(found.dials).toBeLessThan(15);
    found.listens = true;
    await pass(plane, 2_500);
    expect(client.statuses).toEqual([status]);
    expect(found.lost).toBe(0);
  });

  test("at once, when it is somebody else", async () => {
    const { plane, found } = scene(GOOD);
    await using _plane = plane;
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 20_000);
    for (const before = found.dials; found.dials === before;) await pass(plane, 50);
    found.listens = true;
    found.peer = "next";
    await pass(plane, 300);
    expect(client.statuses).toEqual([101]);
  });

  test("it is refused after two minutes, and its page told to list anew", async () => {
    const { plane, found } = scene(GOOD);
    await using _plane = plane;
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 119_000);
    expect(client.text).toBe("");
    await pass(plane, 4_000);
    expect(client.statuses).toEqual([502]);
    expect(found.lost).toBe(1);
    expect(plane.forwarder.active).toBe(0);
  });

  test("who leaves is waited for no longer", async () => {
    const { plane, found } = scene(GOOD);
    await using _plane = plane;
    const client = await plane.ask(EVENTS(5));
    await pass(plane, 10_000);
    client.leave();
    await settle();
    const before = found.dials;
    await pass(plane, 10_000);
    expect(found.dials).toBe(before);
    expect(plane.forwarder.active).toBe(0);
  });
});
