import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  dataPlane,
  FINE,
  GET,
  HOLDING as LIMITS,
  NAVIGATION,
  OURS,
  request,
  settle,
  SOON,
  values,
  type Client,
  type DataPlane,
  type PodStream,
} from "../../../test/proxy/data-plane.ts";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { millis } from "../../base/units.ts";
import type { SiteHooks } from "../types.ts";

const NEW: RawHeaders = [["Authorization", "Bearer renewed"]];

const open = async (plane: DataPlane, length: number, session = "web-1"): Promise<readonly Client[]> => {
  const clients = Array.from({ length }, () => plane.open(session));
  for (const client of clients) client.send(GET);
  await settle();
  return clients;
};

const pass = async (plane: DataPlane, seconds: number): Promise<void> => {
  for (let second = 0; second < seconds; second += 1) {
    plane.advance(1_000);
    await settle();
  }
};

const first = (clients: readonly Client[]): readonly (number | undefined)[] =>
  clients.map(({ statuses }) => statuses[0]);

const OTHERS = Array<undefined>(5).fill(undefined);
const never = (): Promise<never> => new Promise<never>(() => undefined);

describe("R-N5: whatever a read waits for, its browser keeps a connection", () => {
  test("a way that is lost again and again", async () => {
    await using plane = dataPlane({
      limits: LIMITS,
      pod: (stream) => stream.fail(new KnownError("TUNNEL_LOST", "lost")),
    });
    const clients = await open(plane, 6);
    await pass(plane, 1);
    expect(first(clients)).toEqual([undefined, ...OTHERS]);
    // Each try is short, and so they are one wait.
    await pass(plane, 2);
    expect(first(clients)).toEqual([504, ...OTHERS]);
  });

  test("the one that waits longest makes way, though its way was lost meanwhile", async () => {
    await using plane = dataPlane({
      limits: LIMITS,
      dial: (_signal, turn) => (turn === 0 ? undefined : never()),
      pod: () => undefined,
    });
    const longest = await plane.ask(GET, "web-1");
    await pass(plane, 1);
    const others = await open(plane, 5);
    plane.streams[0]?.fail(new KnownError("TUNNEL_LOST", "lost"));
    await settle();
    await pass(plane, 2);
    expect(first([longest, ...others])).toEqual([504, ...OTHERS]);
  });

  test("a credential", async () => {
    await using plane = dataPlane({ limits: LIMITS, authorize: never });
    const clients = await open(plane, 6);
    await pass(plane, 4);
    expect(first(clients)).toEqual([504, ...OTHERS]);
  });

  test("another credential, after a 401", async () => {
    await using plane = dataPlane({
      limits: LIMITS,
      authorize: (rejected) => (rejected === undefined ? OURS : never()),
      pod: (stream) => stream.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
    });
    const clients = await open(plane, 6);
    await pass(plane, 4);
    expect(first(clients)).toEqual([504, ...OTHERS]);
    expect(plane.streams.filter(({ over }) => !over)).toHaveLength(5);
  });
});

describe("a navigation", () => {
  const late = { ...LIMITS, authorize: millis(20) };

  test("gets its page at the end of the wait for a credential", async () => {
    await using plane = dataPlane({ limits: late, authorize: never });
    const client = await plane.ask(NAVIGATION);
    await expect.poll(() => client.statuses, SOON).toEqual([503]);
    expect(client.text).toMatch(/refresh/i);
    expect(plane.forwarder.active).toBe(0);
  });

  test("gets its page when another one does not come after a 401", async () => {
    await using plane = dataPlane({
      limits: late,
      authorize: (rejected) => (rejected === undefined ? OURS : never()),
      pod: (stream) => stream.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
    });
    const client = await plane.ask(NAVIGATION);
    await expect.poll(() => client.statuses, SOON).toEqual([503]);
    expect(plane.forwarder.active).toBe(0);
  });

  test("has a moment for the target, however long its credential took", async () => {
    let give: ((headers: RawHeaders) => void) | undefined;
    await using plane = dataPlane({
      limits: { ...LIMITS, navigation: millis(1_000) },
      authorize: () => new Promise<RawHeaders>((resolve) => (give = resolve)),
      dial: () => new Promise<void>((resolve) => void setTimeout(resolve, 50)),
    });
    const client = await plane.ask(NAVIGATION);
    await pass(plane, 30);
    give?.(OURS);
    await expect.poll(() => client.statuses, SOON).toEqual([200]);
  });
});

test("a navigation is told that nobody listens, and not that its moment is over", async () => {
  await using plane = dataPlane({
    limits: LIMITS,
    dial: (signal, turn) => {
      if (turn === 0) throw new KnownError("PORT_REFUSED", "refused");
      return new Promise<void>((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error)),
      );
    },
  });
  const client = await plane.ask(NAVIGATION);
  await pass(plane, 1);
  await expect.poll(() => client.statuses, SOON).toHaveLength(1);
  expect(plane.incidents.map(({ error }) => (error as KnownError).code)).toEqual(["PORT_REFUSED"]);
});

test("one that has to make way goes back to its address, though nobody listened before", async () => {
  const never = async (signal: AbortSignal): Promise<void> =>
    await new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason as Error)),
    );
  await using plane = dataPlane({
    limits: LIMITS,
    site: { hooks: { comesBack: () => true } },
    dial: async (signal, turn) => {
      if (turn < 6) throw new KnownError("PORT_REFUSED", "refused");
      await never(signal);
    },
  });
  const clients = await open(plane, 6);
  await pass(plane, 4);
  expect(first(clients)).toEqual([307, ...OTHERS]);
});

test("what was held long goes with the credential of the day", async () => {
  let now = OURS;
  let go = (): void => undefined;
  await using plane = dataPlane({
    limits: LIMITS,
    authorize: () => now,
    dial: () => new Promise<void>((resolve) => (go = resolve)),
  });
  const client = await plane.ask(GET);
  await pass(plane, 60);
  now = NEW;
  go();
  await settle();
  expect(client.statuses).toEqual([200]);
  expect(plane.streams.flatMap(({ heard }) => values(heard, "authorization"))).toEqual(["Bearer renewed"]);
});

test("R-N3: a change is sent again after a literal 401 only, whatever hooks say", async () => {
  const hooks: SiteHooks = { refused: () => "yes" };
  await using plane = dataPlane({
    site: { hooks },
    authorize: (rejected) => (rejected === undefined ? OURS : NEW),
    pod: (stream) => stream.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
  });
  const client = await plane.ask(request("POST /", ["Content-Length: 2"], "hi"));
  await settle();
  expect(client.statuses).toEqual([502]);
  expect(plane.streams).toHaveLength(1);
});

test("a read that nobody listens to after its 401 is tried on", async () => {
  await using plane = dataPlane({
    limits: LIMITS,
    authorize: (rejected) => (rejected === undefined ? OURS : NEW),
    dial: (_signal, turn) => {
      if (turn === 1) throw new KnownError("PORT_REFUSED", "refused");
    },
    pod: (stream, turn) =>
      stream.say(turn === 0 ? "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" : FINE),
  });
  const client = await plane.ask(GET);
  await pass(plane, 2);
  expect(client.statuses).toEqual([200]);
});

test("what waits for a credential is counted, and leaves nothing behind", async () => {
  await using plane = dataPlane({ limits: LIMITS, authorize: never });
  const clients = await open(plane, 1_000, "api");
  expect((await plane.ask(GET, "api")).statuses).toEqual([504]);
  for (const client of clients) client.leave();
  await expect.poll(() => plane.forwarder.active, SOON).toBe(0);
  expect((await open(plane, 1_000, "api")).flatMap(({ statuses }) => statuses)).toEqual([]);
});

/** What a pod may do with one request. */
const FATES = {
  fine: (stream) => stream.say(FINE),
  refused: (stream) => stream.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"),
  failed: (stream) => stream.say("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
  half: (stream) => {
    stream.say(FINE.slice(0, 20));
    setImmediate(() => stream.fail(new KnownError("TUNNEL_LOST", "lost")));
  },
  lost: (stream) => stream.fail(new KnownError("TUNNEL_LOST", "lost")),
  gone: (stream) => stream.fail(new KnownError("POD_GONE", "gone")),
  reset: (stream) => stream.fail(new KnownError("PORT_RESET", "reset")),
  closed: (stream) => stream.end(),
} satisfies Readonly<Record<string, (stream: PodStream) => void>>;
type FateName = keyof typeof FATES;

test("R-N3: no change is done twice, and every request comes to one end, whatever happens to it", async () => {
  const fate = fc.constantFrom(...(Object.keys(FATES) as FateName[]));
  const method = fc.constantFrom("GET", "POST", "DELETE", "PUT");
  await fc.assert(
    fc.asyncProperty(
      method,
      fc.array(fate, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (verb, fates, eager) => {
        const met: FateName[] = [];
        let tokens = 0;
        await using plane = dataPlane({
          limits: LIMITS,
          // Hooks that take anything for a refusal.
          ...(eager ? { site: { hooks: { refused: (): "yes" => "yes" } } } : {}),
          authorize: () => [["Authorization", `Bearer ${(tokens += 1)}`]],
          pod: (stream, turn) => {
            const name = fates[turn] ?? "fine";
            met.push(name);
            FATES[name](stream);
          },
        });
        const body = verb === "POST" || verb === "PUT" ? "hello" : "";
        const client = plane.open();
        client.send(request(`${verb} /`, body === "" ? [] : ["Content-Length: 5"], body));
        await settle();
        for (let second = 0; second < 30 && plane.forwarder.active > 0; second += 1) await pass(plane, 1);
        expect(plane.forwarder.active).toBe(0);
        expect(client.statuses.length === 1 || client.ended).toBe(true);
        expect(client.statuses.length).toBeLessThanOrEqual(1);
        if (verb === "GET") return;
        // A literal 401 says that nothing was done, and is believed once.
        expect(met.slice(0, -1)).toEqual(met.length > 1 ? ["refused"] : []);
        expect(tokens).toBeLessThanOrEqual(2);
      },
    ),
    { numRuns: 150 },
  );
});
