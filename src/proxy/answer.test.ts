import { createServer } from "node:http";
import { duplexPair, type Duplex } from "node:stream";
import { expect, test } from "vitest";
import { settle, stillSystem, type StillSystem } from "../../test/proxy/data-plane.ts";
import { sendPage } from "./answer.ts";
import { plain } from "./pages/document.ts";

/** Larger than what a connection in memory takes for somebody who does not read. */
const LARGE = plain(200, "x".repeat(200_000));

/** A client of a server that answers with a page of our own, and the server's end of its connection. */
const visit = (): { readonly still: StillSystem; readonly near: Duplex; readonly far: Duplex } => {
  const still = stillSystem();
  const server = createServer((_request, response) => sendPage(response, LARGE, still.system));
  const [near, far] = duplexPair();
  near.on("error", () => undefined);
  server.emit("connection", far);
  near.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  return { still, near, far };
};

test("F17: who does not take a page within 10 s is closed", async () => {
  const { still, far } = visit();
  await settle();
  still.advance(9_999);
  await settle();
  expect(far.destroyed).toBe(false);
  still.advance(1);
  await settle();
  expect(far.destroyed).toBe(true);
});

test("who takes it may stay", async () => {
  const { still, near, far } = visit();
  near.resume();
  await settle();
  still.advance(20_000);
  await settle();
  expect(far.destroyed).toBe(false);
  near.destroy();
});
