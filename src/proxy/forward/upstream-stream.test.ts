import { duplexPair, type Duplex } from "node:stream";
import { expect, test } from "vitest";
import { settle } from "../../../test/proxy/data-plane.ts";
import { UpstreamStream, type StreamUser } from "./upstream-stream.ts";

interface Told extends StreamUser {
  readonly events: readonly string[];
}

const told = (): Told => {
  const events: string[] = [];
  return {
    events,
    onData: (chunk) => void events.push(`data ${chunk.toString()}`),
    onEnd: () => void events.push("end"),
    onFailure: (error) => void events.push(`failure ${error.message}`),
  };
};

const open = (): { readonly stream: UpstreamStream; readonly near: Duplex; readonly far: Duplex } => {
  const [near, far] = duplexPair();
  far.on("error", () => undefined);
  far.resume();
  return { stream: new UpstreamStream(near, "pod"), near, far };
};

test("one user after another hears what is said in its time", async () => {
  const { stream, far } = open();
  const [first, second] = [told(), told()];
  stream.use(first);
  far.write("a");
  await settle();
  stream.release();
  stream.use(second);
  far.write("b");
  far.end();
  await settle();
  expect(first.events).toEqual(["data a"]);
  expect(second.events.slice(0, 2)).toEqual(["data b", "end"]);
  expect(stream.alive).toBe(false);
});

test("R-E7: what comes while nobody uses it ends it", async () => {
  const { stream, near, far } = open();
  stream.use(told());
  stream.release();
  far.write("HTTP/1.1 200 OK\r\n\r\n");
  await settle();
  expect(near.destroyed).toBe(true);
  expect(stream.alive).toBe(false);
});

test("an end while nobody uses it ends it", async () => {
  const { stream, near, far } = open();
  far.end();
  await settle();
  expect(near.destroyed).toBe(true);
  expect(stream.alive).toBe(false);
});

test("a failure is told once, to whoever uses it", async () => {
  const { stream, near } = open();
  const user = told();
  stream.use(user);
  near.destroy(new Error("gone"));
  await settle();
  expect(user.events).toEqual(["failure gone"]);
  expect(stream.alive).toBe(false);
});

test("a stream that only closes has failed", async () => {
  const { stream, near } = open();
  const user = told();
  stream.use(user);
  near.destroy();
  await settle();
  expect(user.events).toEqual(["failure the stream was closed"]);
});

test("a failure between two users is told to the second, who would else wait for ever", async () => {
  const { stream, near } = open();
  near.destroy(new Error("gone"));
  await settle();
  const user = told();
  stream.use(user);
  expect(user.events).toEqual([]);
  await settle();
  expect(user.events).toEqual(["failure gone"]);
});

test.each([
  ["a failure", new Error("gone"), "failure gone"],
  ["an end", undefined, "failure the stream was closed"],
])("%s before anybody listened is told to the first", async (_name, error, said) => {
  const [near] = duplexPair();
  near.on("error", () => undefined);
  near.destroy(error);
  await settle();
  const stream = new UpstreamStream(near, "pod");
  expect(stream.alive).toBe(false);
  const user = told();
  stream.use(user);
  await settle();
  expect(user.events).toEqual([said]);
});

test("whoever destroys it hears nothing of that", async () => {
  const { stream } = open();
  const user = told();
  stream.use(user);
  stream.destroy();
  await settle();
  expect(user.events).toEqual([]);
});

test("it counts what it has carried", () => {
  const { stream } = open();
  expect(stream.uses).toBe(0);
  stream.use(told());
  stream.release();
  expect(stream.uses).toBe(1);
});
