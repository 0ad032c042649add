import { describe, expect, test } from "vitest";
import { settle, type DataPlane } from "../../../test/proxy/data-plane.ts";
import { EVENTS, GOOD, watchPlane } from "../../../test/proxy/watched.ts";
import { KnownError } from "../../base/errors.ts";

/** Lets time pass until all is at rest, as long as somebody tries again. */
const pass = async (plane: DataPlane, length: number): Promise<void> => {
  for (let left = length; left > 0; left -= 50) {
    plane.advance(Math.min(50, left));
    await settle();
  }
};

describe("a pause ends when somebody else answers", () => {
  /** A watch that nobody takes up again, in its longest pause. */
  const paused = async (): Promise<{
    plane: DataPlane;
    found: { peer: string | undefined; dials: number };
  }> => {
    const found = { peer: "pod" as string | undefined, dials: 0 };
    const plane = watchPlane({
      pod: (stream) => stream.say(GOOD),
      peer: () => found.peer,
      dial: () => {
        found.dials += 1;
        if (found.dials > 1) throw new KnownError("PORT_REFUSED", "nobody listens");
      },
    });
    await plane.ask(EVENTS(5));
    plane.streams[0]?.fail(new KnownError("TUNNEL_LOST", "lost"));
    await pass(plane, 30_000);
    // From the start of a pause.
    for (const before = found.dials; found.dials === before;) await pass(plane, 50);
    return { plane, found };
  };

  test.each([
    ["a container that was started again", ["next"]],
    ["the same, back after nobody was there", [undefined, "pod"]],
    ["another pod, after nobody was there", [undefined, "next"]],
  ])("%s", async (_name, peers) => {
    const { plane, found } = await paused();
    await using _plane = plane;
    const before = found.dials;
    for (const peer of peers) {
      found.peer = peer;
      await pass(plane, 300);
    }
    expect(found.dials).toBeGreaterThan(before);
  });

  test.each([
    ["the one that refuses goes on to do so", "pod"],
    ["nobody is there", undefined],
  ])("and goes on while %s", async (_name, peer) => {
    const { plane, found } = await paused();
    await using _plane = plane;
    const before = found.dials;
    found.peer = peer;
    await pass(plane, 3_000);
    expect(found.dials).toBe(before);
  });

  test("one who comes and goes without an end makes few tries", async () => {
    const { plane, found } = await paused();
    await using _plane = plane;
    const before = found.dials;
    for (let turn = 0; turn < 20; turn += 1) {
      found.peer = turn % 2 === 0 ? undefined : `pod-${turn}`;
      await pass(plane, 500);
    }
    // Each of the ten is tried four times in its second.
    expect(found.dials - before).toBeLessThanOrEqual(40);
  });
});
