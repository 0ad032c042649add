import { describe, expect, test } from "vitest";
import { podDialer } from "./dialer.ts";
import {
  apiServer,
  clock,
  failure,
  memory,
  settle,
  type Answer,
  type ApiServer,
  type Clock,
} from "./far-end.test-d.ts";
import type { Carrier, PodDialer, PortStream } from "./types.ts";

interface Setup {
  readonly dialer: PodDialer;
  readonly api: ApiServer;
  readonly time: Clock;
  /** Why the dialer gave up, once it has. */
  readonly gone: () => string | undefined;
}

const setup = (script: (carrier: Carrier, count: number) => Answer = () => ({ kind: "tunnel" })): Setup => {
  const time = clock();
  const api = apiServer(time.system, script);
  const dialer = podDialer(
    api.connection,
    { namespace: "apps", name: "ui-1" },
    { system: time.system, carrier: "auto", memory: memory() },
  );
  let gone: string | undefined;
  void dialer.gone.then(({ code }) => (gone = code));
  return { dialer, api, time, gone: () => gone };
};

const many = (dialer: PodDialer, count: number, bulk: boolean): Promise<PortStream[]> =>
  Promise.all(Array.from({ length: count }, () => dialer.dial({ port: 80, bulk })));

test("small connections share one tunnel, 128 at a time", async () => {
  const { dialer, api } = setup();
  const streams = await many(dialer, 128, false);
  await settle();
  expect(api.servers.map(({ connections }) => connections)).toEqual([128]);
  await dialer.dial({ port: 80, bulk: false });
  await settle();
  expect(api.servers.map(({ connections }) => connections)).toEqual([128, 1]);
  streams[0]?.destroy();
  await dialer.dial({ port: 80, bulk: false });
  await settle();
  expect(api.servers).toHaveLength(2);
  expect(dialer.carrier).toBe("spdy");
});

test("large transfers get tunnels of their own, four at most", async () => {
  const { dialer, api } = setup();
  await dialer.dial({ port: 80, bulk: false });
  const streams: PortStream[] = [];
  for (let turn = 0; turn < 6; turn += 1) streams.push(await dialer.dial({ port: 80, bulk: true }));
  await settle();
  expect(api.servers.map(({ connections }) => connections)).toEqual([1, 2, 2, 1, 1]);
  streams[1]?.destroy();
  streams[5]?.destroy();
  await settle();
  await dialer.dial({ port: 80, bulk: true });
  expect(api.servers).toHaveLength(5);
});

test("large transfers that begin at once are kept apart, too", async () => {
  const { dialer, api } = setup();
  await many(dialer, 3, true);
  await settle();
  expect(api.servers.map(({ connections }) => connections)).toEqual([1, 1, 1]);
});

test("idle tunnels but the first close after a minute", async () => {
  const { dialer, api, time, gone } = setup();
  const small = await dialer.dial({ port: 80, bulk: false });
  const large = await dialer.dial({ port: 80, bulk: true });
  small.destroy();
  large.destroy();
  await time.advance(58_000);
  const ended = (): boolean[] =>
    api.sockets.map(({ readableEnded, destroyed }) => readableEnded || destroyed);
  expect(ended()).toEqual([false, false]);
  await time.advance(5000);
  expect(ended()).toEqual([false, true]);
  await time.advance(600_000);
  expect(ended()).toEqual([false, true]);
  expect(gone()).toBeUndefined();
});

test("while a large transfer crowds the tunnel, a second one opens beside it and nobody waits for it", async () => {
  const { dialer, api, time } = setup();
  const download = await dialer.dial({ port: 80, bulk: false });
  await time.advance(1000);
  download.resume().write(Buffer.alloc(4_000_000));
  await time.advance(300);
  const before = await dialer.dial({ port: 80, bulk: false });
  await settle();
  expect(before.crowded).toBe(true);
  expect(api.servers).toHaveLength(2);
  await settle();
  await settle();
  const later = await dialer.dial({ port: 80, bulk: false });
  await settle();
  expect(api.servers.map(({ connections }) => connections)).toEqual([2, 1]);
  expect(later.crowded).toBe(false);
});

describe("when something fails", () => {
  test("a refused port is one connection's matter", async () => {
    const { dialer, api, gone } = setup(() => ({
      kind: "tunnel",
      app: ({ fail }) => fail("dial tcp4 127.0.0.1:1: connect: connection refused"),
    }));
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await failure(await dialer.dial({ port: 1, bulk: false }))).toMatchObject({
        code: "PORT_REFUSED",
      });
    }
    expect(api.servers).toHaveLength(1);
    expect(gone()).toBeUndefined();
  });

  test("a tunnel that an old server's refusal spoiled is replaced, and the pod not given up", async () => {
    const { dialer, api, time, gone } = setup(() => ({
      kind: "tunnel",
      quirks: { finOnError: true },
      app: ({ fail }) => fail("dial tcp4 127.0.0.1:1: connect: connection refused"),
    }));
    for (let turn = 0; turn < 3; turn += 1) {
      const stream = await dialer.dial({ port: 1, bulk: false });
      stream.write("GET / HTTP/1.1\r\n\r\n");
      expect(await failure(stream)).toMatchObject({ code: "PORT_REFUSED" });
      await time.advance(1000);
    }
    expect(api.servers).toHaveLength(3);
    expect(gone()).toBeUndefined();
  });

  test("the last tunnel's death is the end; another tunnel's is not", async () => {
    const { dialer, api, gone } = setup();
    const small = await dialer.dial({ port: 80, bulk: false });
    const large = await dialer.dial({ port: 80, bulk: true });
    const failing = failure(small);
    await settle();
    api.sockets[0]?.destroy();
    expect(await failing).toMatchObject({ code: "TUNNEL_LOST" });
    expect(gone()).toBeUndefined();
    expect(large.destroyed).toBe(false);
    const failingToo = failure(large);
    api.sockets[1]?.destroy();
    expect(await failingToo).toMatchObject({ code: "TUNNEL_LOST" });
    await settle();
    expect(gone()).toBe("TUNNEL_LOST");
    await expect(dialer.dial({ port: 80, bulk: false })).rejects.toMatchObject({ code: "TUNNEL_LOST" });
  });

  test("the kubelet's word that the pod is gone ends everything", async () => {
    const { dialer, gone } = setup(() => ({
      kind: "tunnel",
      app: ({ fail }) => fail('failed to find sandbox "0326" in store: not found'),
    }));
    expect(await failure(await dialer.dial({ port: 80, bulk: false }))).toMatchObject({ code: "POD_GONE" });
    await settle();
    expect(gone()).toBe("POD_GONE");
  });

  test("a 404 to a new tunnel ends everything", async () => {
    const { dialer, gone } = setup((_carrier, count) =>
      count === 1 ? { kind: "tunnel" } : { kind: "refuse", status: 404, message: "not found" },
    );
    await dialer.dial({ port: 80, bulk: false });
    await expect(dialer.dial({ port: 80, bulk: true })).rejects.toMatchObject({ code: "POD_GONE" });
    await settle();
    expect(gone()).toBe("POD_GONE");
  });

  test("a first tunnel that cannot be had is an error, and the next dial tries again", async () => {
    const { dialer, gone } = setup((_carrier, count) =>
      count <= 2 ? { kind: "refuse", status: 403, message: "not yet" } : { kind: "tunnel" },
    );
    await expect(dialer.dial({ port: 80, bulk: false })).rejects.toMatchObject({ code: "TUNNEL_FORBIDDEN" });
    expect(gone()).toBeUndefined();
    await expect(dialer.dial({ port: 80, bulk: false })).resolves.toBeDefined();
  });

  test("a dead node shows within 12 seconds", async () => {
    const { dialer, api, time, gone } = setup();
    await dialer.dial({ port: 80, bulk: false }).then((stream) => stream.on("error", () => undefined));
    await time.advance(6000);
    api.sockets[0]?.pause();
    await time.advance(12_000);
    expect(gone()).toBe("TUNNEL_SILENT");
  });
});

test("who stops waiting does not stop the others", async () => {
  const { dialer, api } = setup();
  const stop = new AbortController();
  const impatient = dialer.dial({ port: 80, bulk: false, signal: stop.signal });
  const patient = dialer.dial({ port: 80, bulk: false });
  stop.abort(new Error("enough"));
  await expect(impatient).rejects.toThrow("enough");
  await expect(patient).resolves.toBeDefined();
  await settle();
  expect(api.servers.map(({ connections }) => connections)).toEqual([1]);
});

test("disposing ends tunnels and dials", async () => {
  const { dialer, api, time, gone } = setup((_carrier, count) =>
    count === 1 ? { kind: "tunnel" } : { kind: "hang" },
  );
  const stream = await dialer.dial({ port: 80, bulk: false });
  const failing = failure(stream);
  const waiting = dialer.dial({ port: 80, bulk: true });
  waiting.catch(() => undefined);
  await settle();
  const disposing = dialer[Symbol.asyncDispose]();
  await time.advance(1000);
  await disposing;
  expect(await failing).toMatchObject({ code: "TUNNEL_LOST" });
  await expect(waiting).rejects.toMatchObject({ code: "TUNNEL_LOST" });
  expect(gone()).toBe("TUNNEL_LOST");
  expect(api.sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed)).toBe(true);
});

test.each([0, 65_536, 1.5, Number.NaN])("port %d is a programmer's error", async (port) => {
  await expect(setup().dialer.dial({ port, bulk: false })).rejects.toThrow(RangeError);
});
