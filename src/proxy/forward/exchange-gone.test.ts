import { describe, expect, test } from "vitest";
import { dataPlane, FINE, GET, request, settle } from "../../../test/proxy/data-plane.ts";

describe("F1: what a pod that is gone has not answered", () => {
  test("a read is asked of another one at once", async () => {
    let who = "a";
    await using plane = dataPlane({ peer: () => who, pod: (stream, turn) => turn > 0 && stream.say(FINE) });
    const client = await plane.ask(GET);
    expect(client.statuses).toEqual([]);
    who = "b";
    plane.gone("a");
    await settle();
    expect(client.statuses).toEqual([200]);
    expect(plane.streams.map(({ over }) => over)).toEqual([true, false]);
  });

  test.each([
    ["of somebody else's end", GET, "c", false],
    ["when it changes something", request("DELETE /"), "a", false],
    ["when its answer has begun", GET, "a", true],
  ])("nothing is asked twice %s", async (_name, bytes, end, begun) => {
    await using plane = dataPlane({
      peer: () => "a",
      pod: (stream) => begun && stream.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"),
    });
    await plane.ask(bytes);
    plane.gone(end);
    await settle();
    expect(plane.streams).toHaveLength(1);
    expect(plane.streams[0]?.over).toBe(false);
  });

  test("nothing is kept of what was answered", async () => {
    await using plane = dataPlane({ peer: () => "a" });
    const client = await plane.ask(GET);
    plane.gone("a");
    await settle();
    expect(client.statuses).toEqual([200]);
    expect(plane.streams).toHaveLength(1);
  });
});
