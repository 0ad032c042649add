import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { settle, stillSystem, type StillSystem } from "../../../test/proxy/data-plane.ts";
import { StreamPool } from "./pool.ts";
import { UpstreamStream } from "./upstream-stream.ts";

const setup = (): { readonly pool: StreamPool; readonly still: StillSystem } => {
  const still = stillSystem();
  return { pool: new StreamPool(still.system), still };
};

const stream = (): UpstreamStream => new UpstreamStream(duplexPair()[0], "pod");

test("R-E7: a stream comes back to its own session only", () => {
  const { pool } = setup();
  const [alices, bobs] = [stream(), stream()];
  pool.give("alice", alices);
  pool.give("bob", bobs);
  expect(pool.take("carol")).toBeUndefined();
  expect(pool.take("__proto__")).toBeUndefined();
  expect(pool.take("bob")).toBe(bobs);
  expect(pool.take("bob")).toBeUndefined();
  expect(pool.take("alice")).toBe(alices);
  pool.close();
});

test("R-E7: a stream is taken once", () => {
  const { pool } = setup();
  pool.give("alice", stream());
  expect(pool.take("alice")).toBeDefined();
  expect(pool.take("alice")).toBeUndefined();
  pool.close();
});

test("the one that was used last comes first", () => {
  const { pool } = setup();
  const [older, newer] = [stream(), stream()];
  pool.give("alice", older);
  pool.give("alice", newer);
  expect(pool.take("alice")).toBe(newer);
  expect(pool.take("alice")).toBe(older);
  pool.close();
});

test("one that has been idle for three seconds may be ending, and is let go", () => {
  const { pool, still } = setup();
  const old = stream();
  pool.give("alice", old);
  still.advance(2_999);
  expect(pool.take("alice")).toBe(old);
  pool.give("alice", old);
  still.advance(3_000);
  expect(pool.take("alice")).toBeUndefined();
  expect(old.duplex.destroyed).toBe(true);
  pool.close();
});

test("one that died meanwhile is passed over", async () => {
  const { pool } = setup();
  const [alive, dead] = [stream(), stream()];
  pool.give("alice", alive);
  pool.give("alice", dead);
  dead.duplex.destroy();
  await settle();
  expect(pool.take("alice")).toBe(alive);
  pool.close();
});

test("256 of a session are kept", () => {
  const { pool } = setup();
  const streams = Array.from({ length: 257 }, stream);
  for (const each of streams) pool.give("alice", each);
  expect(streams.filter(({ alive }) => !alive)).toEqual([streams[256]]);
  pool.close();
});

test("closing ends what is idle", () => {
  const { pool } = setup();
  const streams = [stream(), stream()];
  pool.give("alice", streams[0] ?? stream());
  pool.give("bob", streams[1] ?? stream());
  pool.close();
  expect(streams.map(({ alive }) => alive)).toEqual([false, false]);
  expect(pool.take("alice")).toBeUndefined();
});

test("what is idle for three seconds is let go although nobody asks, and nothing else is", async () => {
  const { pool, still } = setup();
  const pass = async (time: number): Promise<void> => {
    still.advance(time);
    await settle();
  };
  const [old, young] = [stream(), stream()];
  pool.give("alice", old);
  await pass(1_000);
  pool.give("alice", young);
  await pass(1_000);
  expect(old.alive).toBe(true);
  await pass(1_000);
  expect([old.alive, young.alive]).toEqual([false, true]);
  await pass(1_000);
  expect(young.alive).toBe(false);
  // It begins anew with the next one.
  const late = stream();
  pool.give("bob", late);
  for (let second = 0; second < 3; second += 1) await pass(1_000);
  expect(late.alive).toBe(false);
});

test("nothing is kept after closing", () => {
  const { pool } = setup();
  pool.close();
  const late = stream();
  pool.give("alice", late);
  expect(late.alive).toBe(false);
});

test("a stream to a pod that is left is used no more, and one to the next is", () => {
  const { still } = setup();
  let now: string | undefined = "pod";
  const pool = new StreamPool(still.system, (peer) => peer === now);
  const old = stream();
  pool.give("alice", old);
  now = undefined;
  expect(pool.take("alice")).toBeUndefined();
  expect(old.alive).toBe(false);
  now = "pod";
  const good = stream();
  pool.give("alice", good);
  expect(pool.take("alice")).toBe(good);
});
