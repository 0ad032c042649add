import { describe, expect, test } from "vitest";
import { dataPlane, GET, OURS, request, settle, values, SOON } from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";

const SHORT = { dial: millis(1), navigation: millis(1), authorize: millis(1), change: millis(60_000) };
const never = async (): Promise<never> => await new Promise(() => undefined);
const aborted = async (signal: AbortSignal): Promise<never> =>
  await new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("This operation was aborted")));
  });

describe("limits", () => {
  test.each([
    ["a script", GET, 504],
    ["a page", request("GET /", ["Sec-Fetch-Mode: navigate"]), 503],
  ])("%s that waits too long for a stream is told so", async (_name, bytes, status) => {
    await using plane = dataPlane({ limits: SHORT, dial: aborted });
    const client = await plane.ask(bytes);
    await expect.poll(() => client.statuses, SOON).toEqual([status]);
    // Not what Node says in place of our reason.
    expect(plane.incidents.map(({ error }) => error)).toEqual([
      new KnownError("UPSTREAM_LATE", "Cannot get a connection to the pod: none came within 0.001 s"),
    ]);
  });

  test("or for a credential", async () => {
    await using plane = dataPlane({ limits: SHORT, authorize: never });
    const client = await plane.ask(GET);
    await expect.poll(() => client.statuses, SOON).toEqual([504]);
    expect(plane.incidents.map(({ error }) => error)).toEqual([
      new KnownError("UPSTREAM_LATE", "Cannot get a credential: none came within 0.001 s"),
    ]);
    expect(plane.streams).toEqual([]);
  });
});

describe("a client that leaves", () => {
  test("while a stream is dialled ends the dial", async () => {
    let reason: unknown;
    await using plane = dataPlane({
      dial: async (signal) => {
        signal.addEventListener("abort", () => (reason = signal.reason));
        await aborted(signal);
      },
    });
    const client = await plane.ask(GET);
    client.leave();
    await settle();
    expect(reason).toMatchObject({ code: "CLIENT_GONE" });
    expect(plane.forwarder.active).toBe(0);
  });

  test("and a stream that comes all the same carries nothing", async () => {
    let go = (): void => undefined;
    await using plane = dataPlane({ dial: () => new Promise<void>((resolve) => (go = resolve)) });
    for (const bytes of [GET, request("GET /ws", ["Connection: Upgrade", "Upgrade: websocket"])]) {
      const client = await plane.ask(bytes);
      client.leave();
      await settle();
      go();
      await settle();
    }
    expect(plane.streams.map(({ heard }) => heard)).toEqual(["", ""]);
    expect(plane.streams.map(({ over }) => over)).toEqual([true, true]);
    expect(plane.forwarder.active).toBe(0);
  });

  test("while a credential is fetched causes no dial", async () => {
    let go = (): void => undefined;
    await using plane = dataPlane({
      authorize: async () => {
        await new Promise<void>((resolve) => (go = resolve));
        return OURS;
      },
    });
    for (const bytes of [GET, request("GET /ws", ["Connection: Upgrade", "Upgrade: websocket"])]) {
      const client = await plane.ask(bytes);
      client.leave();
      await settle();
      go();
      await settle();
    }
    expect(plane.streams).toEqual([]);
    expect(plane.forwarder.active).toBe(0);
  });
});

describe("disposal", () => {
  test("ends dials, lets idle streams go and dials nothing more", async () => {
    await using plane = dataPlane({ dial: (signal, turn) => (turn === 1 ? aborted(signal) : undefined) });
    await plane.ask(GET);
    const waiting = await plane.ask(request("DELETE /"));
    await plane.forwarder[Symbol.asyncDispose]();
    await settle();
    expect(waiting.statuses).toEqual([504]);
    expect(plane.streams.map(({ over }) => over)).toEqual([true]);
    expect((await plane.ask(GET)).statuses).toEqual([504]);
    expect(plane.streams).toHaveLength(1);
  });
});

describe("R-N2: what the pod is told of our name", () => {
  test.each([
    ["our own name", {}, "ui.apps.svc"],
    ["--preserve-origin", { preserveOrigin: true }, "ui-0123456789abcdef0123.localhost:18000"],
    ["--origin ip", { host: "127.7.7.7", preserveOrigin: true }, "127.7.7.7:18000"],
    ["an IPv6 literal", { host: "::1", preserveOrigin: true }, "[::1]:18000"],
  ] as const)("%s", async (_name, site, host) => {
    await using plane = dataPlane({ site });
    await plane.ask(GET);
    const heard = plane.streams[0]?.heard ?? "";
    expect(values(heard, "host")).toEqual([host]);
    expect(values(heard, "x-forwarded-host")).toEqual([host]);
  });
});

test("R-N7: idle streams of a session that is over are let go, and those of others stay", async () => {
  await using plane = dataPlane();
  await plane.ask(GET, "alice");
  await plane.ask(GET, "bob");
  expect(plane.streams.map(({ over }) => over)).toEqual([false, false]);
  plane.forwarder.forget("alice");
  expect(plane.streams.map(({ over }) => over)).toEqual([true, false]);
});
