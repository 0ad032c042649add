import { describe, expect, test } from "vitest";
import { CODES } from "../base/codes.ts";
import { openTunnel, type OpenTunnel } from "./carriers.ts";
import {
  apiServer,
  clock,
  memory,
  settle,
  type Answer,
  type ApiServer,
  type Clock,
  type Memory,
} from "./far-end.test-d.ts";
import type { Carrier } from "./types.ts";

const TUNNEL: Answer = { kind: "tunnel" };
const SWALLOW: Answer = { kind: "tunnel", quirks: { swallow: true } };
const HANG: Answer = { kind: "hang" };
const refuse = (status: number, message = "no"): Answer => ({ kind: "refuse", status, message });

interface Setup {
  readonly spdy: Answer;
  readonly websocket: Answer;
  readonly carrier?: "auto" | Carrier;
  readonly held?: Memory;
  readonly won?: Carrier;
}

interface Outcome {
  readonly carrier: Carrier | undefined;
  readonly error: unknown;
  /** The carriers of the requests, in order. */
  readonly tried: string[];
  readonly api: ApiServer;
  readonly time: Clock;
  readonly held: Memory;
  readonly opened: OpenTunnel | undefined;
}

/** Opens a tunnel, letting `patience` milliseconds go by. */
const open = async (setup: Setup, patience: number): Promise<Outcome> => {
  const time = clock();
  const api = apiServer(time.system, (carrier) => setup[carrier]);
  const held = setup.held ?? memory();
  let opened: OpenTunnel | undefined;
  let error: unknown;
  void openTunnel(
    {
      connection: api.connection,
      pod: { namespace: "apps", name: "ui-1" },
      system: time.system,
      onTick: () => undefined,
    },
    { carrier: setup.carrier ?? "auto", memory: held, won: setup.won, signal: new AbortController().signal },
  ).then(
    (tunnel) => (opened = tunnel),
    (thrown: unknown) => (error = thrown),
  );
  await time.advance(patience);
  for (let turn = 0; turn < 6; turn += 1) await settle();
  const tried = api.requests.map(({ method }) => (method === "POST" ? "spdy" : "websocket"));
  return { carrier: opened?.carrier, error, tried, api, time, held, opened };
};

test("the requests are those of tunnel.md §1", async () => {
  const { api } = await open({ spdy: refuse(403), websocket: TUNNEL }, 0);
  const [post, get] = api.requests;
  expect(post).toMatchObject({
    method: "POST",
    path: "/api/v1/namespaces/apps/pods/ui-1/portforward",
    headers: [
      ["Upgrade", "SPDY/3.1"],
      ["X-Stream-Protocol-Version", "portforward.k8s.io"],
      ["Content-Length", "0"],
    ],
  });
  expect(get).toMatchObject({ method: "GET", path: "/api/v1/namespaces/apps/pods/ui-1/portforward" });
  expect(get?.headers.map(([name]) => name)).toEqual([
    "Upgrade",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
  ]);
  expect(get?.headers[3]?.[1]).toBe("SPDY/3.1+portforward.k8s.io");
});

describe("who wins", () => {
  test.each<
    Setup & {
      readonly name: string;
      readonly after: number;
      readonly wins: Carrier;
      readonly tries: string[];
      readonly remembers?: Carrier;
    }
  >([
    { name: "SPDY, if it answers", spdy: TUNNEL, websocket: TUNNEL, after: 0, wins: "spdy", tries: ["spdy"] },
    ...[400, 403, 405, 426, 500, 502, 503].map((status) => ({
      name: `WebSocket at once, if SPDY is refused with ${status}`,
      spdy: refuse(status),
      websocket: TUNNEL,
      after: 0,
      wins: "websocket" as const,
      tries: ["spdy", "websocket"],
      remembers: "websocket" as const,
    })),
    {
      name: "WebSocket, if a middle box breaks SPDY off",
      spdy: { kind: "break", beforeSent: false },
      websocket: TUNNEL,
      after: 0,
      wins: "websocket",
      tries: ["spdy", "websocket"],
      remembers: "websocket",
    },
    {
      name: "WebSocket, if the 101 for SPDY is another protocol's",
      spdy: {
        kind: "wrong",
        headers: [
          ["Connection", "Upgrade"],
          ["Upgrade", "SPDY/3.1"],
        ],
      },
      websocket: TUNNEL,
      after: 0,
      wins: "websocket",
      tries: ["spdy", "websocket"],
      remembers: "websocket",
    },
    {
      name: "WebSocket, 300 ms after SPDY hangs; that proves nothing for tomorrow",
      spdy: HANG,
      websocket: TUNNEL,
      after: 300,
      wins: "websocket",
      tries: ["spdy", "websocket"],
    },
    {
      name: "WebSocket, if a middle box says 101 to SPDY and passes nothing",
      spdy: SWALLOW,
      websocket: TUNNEL,
      after: 600,
      wins: "websocket",
      tries: ["spdy", "websocket"],
      remembers: "websocket",
    },
    {
      name: "SPDY alone, if asked for",
      carrier: "spdy",
      spdy: TUNNEL,
      websocket: TUNNEL,
      after: 0,
      wins: "spdy",
      tries: ["spdy"],
    },
    {
      name: "WebSocket alone, if asked for",
      carrier: "websocket",
      spdy: TUNNEL,
      websocket: TUNNEL,
      after: 0,
      wins: "websocket",
      tries: ["websocket"],
    },
    {
      name: "the remembered one, alone",
      held: memory("websocket"),
      spdy: TUNNEL,
      websocket: TUNNEL,
      after: 0,
      wins: "websocket",
      tries: ["websocket"],
      remembers: "websocket",
    },
    {
      name: "the one that won for this pod, alone",
      won: "websocket",
      spdy: TUNNEL,
      websocket: TUNNEL,
      after: 0,
      wins: "websocket",
      tries: ["websocket"],
    },
    {
      name: "both are tried again when the remembered one fails",
      held: memory("websocket"),
      spdy: TUNNEL,
      websocket: refuse(400),
      after: 0,
      wins: "spdy",
      tries: ["websocket", "spdy"],
    },
  ])("$name", async ({ after, wins, tries, remembers, ...setup }) => {
    if (after > 0) expect((await open({ ...setup }, after - 1)).carrier).toBeUndefined();
    const seen = await open(setup, after);
    expect(seen.carrier).toBe(wins);
    expect(seen.tried).toEqual(tries);
    expect(seen.held.value).toBe(remembers);
    expect(seen.error).toBeUndefined();
  });

  test("the loser is closed", async () => {
    const { api, opened } = await open({ spdy: SWALLOW, websocket: TUNNEL }, 600);
    expect(api.sockets.map(({ destroyed, readableEnded }) => destroyed || readableEnded)).toEqual([
      true,
      false,
    ]);
    expect(opened?.session.usable).toBe(true);
  });
});

describe("nothing else is tried", () => {
  test.each<Setup & { readonly name: string; readonly code: string; readonly tries: string[] }>([
    { name: "after 401", spdy: refuse(401), websocket: TUNNEL, code: "TUNNEL_UNAUTHORIZED", tries: ["spdy"] },
    { name: "after 404", spdy: refuse(404), websocket: TUNNEL, code: "POD_GONE", tries: ["spdy"] },
    {
      name: "after a text that says that the pod is gone",
      spdy: refuse(500, "sandbox container is not running"),
      websocket: TUNNEL,
      code: "POD_GONE",
      tries: ["spdy"],
    },
    {
      name: "when the API server cannot be reached",
      spdy: { kind: "break", beforeSent: true },
      websocket: TUNNEL,
      code: "TUNNEL_REFUSED",
      tries: ["spdy"],
    },
    {
      name: "with --tunnel spdy",
      carrier: "spdy",
      spdy: refuse(403),
      websocket: TUNNEL,
      code: "TUNNEL_FORBIDDEN",
      tries: ["spdy"],
    },
    {
      name: "with a remembered carrier and 401",
      held: memory("websocket"),
      spdy: TUNNEL,
      websocket: refuse(401),
      code: "TUNNEL_UNAUTHORIZED",
      tries: ["websocket"],
    },
  ])("$name", async ({ code, tries, ...setup }) => {
    const seen = await open(setup, 1000);
    expect(seen.error).toMatchObject({ code });
    expect(seen.tried).toEqual(tries);
  });
});

test("when both are refused, the error has both reasons and the missing right decides its code", async () => {
  const { error } = await open({ spdy: refuse(500, "spdy is off"), websocket: refuse(403, "not you") }, 0);
  expect(error).toMatchObject({ code: "TUNNEL_FORBIDDEN" });
  expect(String(error)).toMatch(/SPDY.*500.*spdy is off.*WebSocket.*403.*not you/);
});

describe("a missing right is named, and the API server's own words are lines of their own", () => {
  const denied = (verb: string): string =>
    `pods "ui-1" is forbidden: User "dave" cannot ${verb} resource "pods/portforward" in API group ""`;
  const says = 'Cannot forward to pod "ui-1" in "apps": you lack create on pods/portforward in "apps"';
  test.each([
    {
      name: "both carriers",
      spdy: refuse(403, denied("create")),
      websocket: refuse(403, denied("get")),
      lines: [`SPDY: ${denied("create")}`, `WebSocket: ${denied("get")}`],
    },
    {
      name: "one of them, and the other is off",
      spdy: refuse(403, denied("create")),
      websocket: refuse(400, "no"),
      lines: [
        `SPDY: ${denied("create")}`,
        'The WebSocket port-forward to pod "ui-1" in "apps" was refused with 400: "no"',
      ],
    },
    {
      name: "the only one that is tried",
      carrier: "spdy" as const,
      spdy: refuse(403, denied("create")),
      websocket: TUNNEL,
      lines: [`SPDY: ${denied("create")}`],
    },
  ])("$name", async ({ lines, ...setup }) => {
    const { error } = await open(setup, 0);
    expect(error).toMatchObject({
      code: "TUNNEL_FORBIDDEN",
      message: says,
      hint: [...lines, CODES.TUNNEL_FORBIDDEN.next].join("\n"),
    });
  });
});

test("when neither answers, that is said after 15 seconds", async () => {
  const seen = await open({ spdy: HANG, websocket: SWALLOW }, 15_000);
  expect(seen.error).toBeUndefined();
  const done = await open({ spdy: HANG, websocket: SWALLOW }, 15_300);
  expect(done.error).toMatchObject({ code: "TUNNEL_SILENT" });
});
