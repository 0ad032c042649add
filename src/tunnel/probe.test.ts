import { expect, test } from "vitest";
import { apiServer, clock, type Answer } from "./far-end.test-d.ts";
import { probeCarrier } from "./probe.ts";
import type { Carrier } from "./types.ts";

const TUNNEL: Answer = { kind: "tunnel" };

const probe = async (
  carrier: Carrier,
  answer: Answer,
): Promise<{ readonly code: string | undefined; readonly tried: string[]; readonly reached: number }> => {
  const time = clock();
  const api = apiServer(time.system, () => answer);
  const probing = probeCarrier(
    api.connection,
    { namespace: "apps", name: "ui-1" },
    { system: time.system, carrier, signal: new AbortController().signal },
  );
  await time.advance(20_000);
  const error = await probing;
  return {
    code: error?.code,
    tried: api.requests.map(({ method }) => method),
    reached: api.connections.length,
  };
};

test.each<{ name: string; carrier: Carrier; answer: Answer; code: string | undefined; method: string }>([
  { name: "SPDY works", carrier: "spdy", answer: TUNNEL, code: undefined, method: "POST" },
  { name: "the WebSocket works", carrier: "websocket", answer: TUNNEL, code: undefined, method: "GET" },
  {
    name: "a missing right",
    carrier: "spdy",
    answer: { kind: "refuse", status: 403, message: "no" },
    code: "TUNNEL_FORBIDDEN",
    method: "POST",
  },
  {
    name: "a box that says 101 and passes nothing",
    carrier: "websocket",
    answer: { kind: "tunnel", quirks: { swallow: true } },
    code: "TUNNEL_SILENT",
    method: "GET",
  },
  { name: "no answer", carrier: "spdy", answer: { kind: "hang" }, code: "TUNNEL_SILENT", method: "POST" },
])("$name: one carrier is tried, and no port is reached", async ({ carrier, answer, code, method }) => {
  expect(await probe(carrier, answer)).toEqual({ code, tried: [method], reached: 0 });
});
