import { describe, expect, test } from "vitest";
import {
  dataPlane,
  FINE,
  GET,
  OURS,
  request,
  settle,
  values,
  type DataPlane,
  type PlaneOptions,
  SOON,
} from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";

const NEW: RawHeaders = [["Authorization", "Bearer renewed"]];
const UNAUTHORIZED = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 6\r\n\r\ndenied";

/** A pod that takes the renewed credential only, once it has the whole request. */
const strict = (options: PlaneOptions = {}): DataPlane =>
  dataPlane({
    authorize: (rejected) => (rejected === undefined ? OURS : NEW),
    pod: (stream) =>
      void settle().then(() => stream.say(stream.heard.includes("Bearer renewed") ? FINE : UNAUTHORIZED)),
    ...options,
  });

const ask = async (plane: DataPlane, bytes: string): Promise<string> => {
  const client = await plane.ask(bytes);
  await settle();
  await settle();
  return client.text;
};

const tokens = (plane: DataPlane): readonly string[] =>
  plane.streams.flatMap(({ heard }) => values(heard, "authorization"));

describe("F12: a 401 is asked about once", () => {
  test.each([
    ["GET", GET],
    ["DELETE without a body", request("DELETE /")],
    ["POST without a body", request("POST /", ["Content-Length: 0"])],
    ["POST of 64 KiB", request("POST /", ["Content-Length: 65536"], "a".repeat(65_536))],
    ["chunked PUT", request("PUT /", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n\r\n")],
  ])(
    "%s is sent once more with another credential, and the page sees only that answer",
    async (_name, bytes) => {
      await using plane = strict();
      expect(await ask(plane, bytes)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
      expect(tokens(plane)).toEqual(["Bearer ours", "Bearer renewed"]);
      const [first, second] = plane.streams.map(({ heard }) => heard.replace(/Bearer \w+/, ""));
      expect(second).toBe(first);
      expect(plane.rejected).toEqual([undefined, OURS]);
      expect(plane.streams[0]?.over).toBe(true);
      expect(plane.forwarder.active).toBe(0);
    },
  );

  test("R-N3: a body above 64 KiB is not kept, and the 401 passes", async () => {
    await using plane = strict();
    const text = await ask(plane, request("POST /", ["Content-Length: 65537"], "a".repeat(65_537)));
    expect(text).toMatch(/^HTTP\/1\.1 401 [^]*denied$/);
    expect(tokens(plane)).toEqual(["Bearer ours"]);
  });

  test("a body that has not come whole is not sent again", async () => {
    await using plane = strict();
    const text = await ask(plane, request("POST /", ["Content-Length: 6"], "hello"));
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(tokens(plane)).toEqual(["Bearer ours"]);
  });

  test("a second 401 passes", async () => {
    await using plane = strict({ pod: (stream) => stream.say(UNAUTHORIZED) });
    expect(await ask(plane, GET)).toMatch(/^HTTP\/1\.1 401 [^]*denied$/);
    expect(tokens(plane)).toEqual(["Bearer ours", "Bearer renewed"]);
    expect(plane.rejected).toHaveLength(2);
  });

  test("when there is no other credential, the 401 passes with its body", async () => {
    await using plane = strict({ authorize: () => OURS });
    expect(await ask(plane, GET)).toMatch(/^HTTP\/1\.1 401 [^]*denied$/);
    expect(tokens(plane)).toEqual(["Bearer ours"]);
  });

  test("F14: when the renewal fails, too", async () => {
    await using plane = strict({
      authorize: (rejected) => {
        if (rejected === undefined) return OURS;
        throw new KnownError("EXEC_FAILED", "canary");
      },
    });
    // The UI's own answer would be its login page.
    const answer = await ask(plane, GET);
    expect(answer).toMatch(/^HTTP\/1\.1 504 [^]*EXEC_FAILED/);
    expect(answer).not.toMatch(/denied|canary/);
  });

  test("an anonymous target's 401 is its own matter", async () => {
    await using plane = strict({ authorize: () => [] });
    expect(await ask(plane, GET)).toMatch(/^HTTP\/1\.1 401 /);
    expect(plane.rejected).toEqual([undefined]);
  });

  test.each([403, 407, 502])("a %i says nothing about the credential", async (status) => {
    await using plane = strict({ pod: (stream) => stream.say(UNAUTHORIZED.replace("401", String(status))) });
    expect(await ask(plane, GET)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(plane.rejected).toEqual([undefined]);
  });

  test("R-F7: a 401 that is cut while the credential is asked for is cut for the page too", async () => {
    let answer = (_headers: RawHeaders): void => undefined;
    await using plane = strict({
      authorize: (rejected) => (rejected === undefined ? OURS : new Promise((resolve) => (answer = resolve))),
      pod: (stream) => {
        stream.say(UNAUTHORIZED.replace("denied", "den"));
        setImmediate(() => stream.fail(new Error("cut")));
      },
    });
    const client = await plane.ask(GET);
    expect(client.text).toBe("");
    answer(OURS);
    await settle();
    expect(client.text).not.toMatch(/denied|200/);
    expect(client.ended).toBe(true);
    expect(plane.forwarder.active).toBe(0);
  });

  test("a page that leaves meanwhile is asked for no more", async () => {
    let answer = (_headers: RawHeaders): void => undefined;
    await using plane = strict({
      authorize: (rejected) => (rejected === undefined ? OURS : new Promise((resolve) => (answer = resolve))),
    });
    const client = await plane.ask(GET);
    await settle();
    client.leave();
    await settle();
    answer(NEW);
    await settle();
    expect(plane.streams).toHaveLength(1);
    expect(plane.streams[0]?.over).toBe(true);
  });
});

describe("R-N5: no late changes", () => {
  const limits = {
    dial: millis(60_000),
    navigation: millis(1_000),
    authorize: millis(60_000),
    change: millis(1),
  };
  const changes = [
    ["POST", request("POST /", ["Content-Length: 5"], "hello")],
    ["DELETE", request("DELETE /")],
    ["a form", request("POST /", ["Content-Length: 5", "Sec-Fetch-Mode: navigate"], "hello")],
  ] as const;
  /** The answer comes by the clock of the machine, one millisecond later. */
  const answered = async (plane: DataPlane, bytes: string): Promise<string> => {
    const client = await plane.ask(bytes);
    await expect.poll(() => client.statuses, SOON).toHaveLength(1);
    return client.text;
  };

  test.each(changes)("%s that waits for a stream is given up and never sent", async (_name, bytes) => {
    let go = (): void => undefined;
    await using plane = dataPlane({ limits, dial: () => new Promise<void>((resolve) => (go = resolve)) });
    const text = await answered(plane, bytes);
    expect(text).toMatch(/^HTTP\/1\.1 504 /);
    expect(text).toContain("was not sent");
    expect(text).not.toMatch(/http-equiv|refresh/i);
    go();
    await settle();
    expect(plane.streams.map(({ heard }) => heard)).toEqual([""]);
    expect(plane.streams[0]?.over).toBe(true);
    expect(plane.forwarder.active).toBe(0);
  });

  test.each(changes)("%s that waits for a credential, too", async (_name, bytes) => {
    let go = (_headers: RawHeaders): void => undefined;
    await using plane = dataPlane({ limits, authorize: () => new Promise((resolve) => (go = resolve)) });
    expect(await answered(plane, bytes)).toContain("was not sent");
    go(OURS);
    await settle();
    expect(plane.streams).toEqual([]);
  });

  test("a dial that is given up is told so", async () => {
    let reason: unknown;
    await using plane = dataPlane({
      limits,
      dial: (signal) =>
        new Promise<void>((_resolve, reject) =>
          signal.addEventListener("abort", () => reject((reason = signal.reason) as Error)),
        ),
    });
    await answered(plane, changes[0][1]);
    expect(reason).toMatchObject({ code: "UPSTREAM_LATE" });
  });

  test("a read waits on, and a change that was sent waits for its answer", async () => {
    let go = (): void => undefined;
    await using plane = dataPlane({
      limits,
      pod: () => undefined,
      dial: (_signal, turn) => (turn === 0 ? undefined : new Promise<void>((resolve) => (go = resolve))),
    });
    const change = await plane.ask(changes[0][1]);
    const read = await plane.ask(GET);
    const late = await plane.ask(changes[1][1]);
    await expect.poll(() => late.statuses, SOON).toEqual([504]);
    expect([change.text, read.text]).toEqual(["", ""]);
    go();
    plane.streams[0]?.say(FINE);
    await settle();
    expect(change.statuses).toEqual([200]);
  });
});
