import { connect, createServer, type Socket } from "node:net";

/** What a network does to connections through it; may be changed while they run. */
export interface Weather {
  /** Milliseconds that each piece is late, in each direction. */
  delay: number;
  /** New connections are reset. */
  refuse: boolean;
  /** Nothing is passed on, and nothing is closed. */
  blackHole: boolean;
  /** Milliseconds without a byte after which a middle box forgets a connection without a word; 0: never. */
  forget: number;
  /** Milliseconds without a byte after which a middle box closes a connection; 0: never. */
  closeIdle: number;
}

/** Stands between kauth and the API server, on loopback. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  readonly weather: Weather;
  /** Where connections lead from now on. */
  target: number;
  /** Connections that it took, ever. */
  readonly taken: number;
  /** Resets all of them. */
  cut(): void;
  /** From now on nothing of those that are open arrives, in either direction, and nobody is told; new ones work. */
  swallow(): void;
}

export async function faultProxy(
  target: number,
  at: { readonly host?: string; readonly port?: number } = {},
): Promise<FaultProxy> {
  const weather: Weather = { delay: 0, refuse: false, blackHole: false, forget: 0, closeIdle: 0 };
  const pairs = new Set<readonly [Socket, Socket]>();
  let taken = 0;
  const dead = new WeakSet<Socket>();
  const pass = (from: Socket, to: Socket, forgotten: () => boolean): void => {
    from.on("data", (chunk: Buffer) => {
      // What is forgotten stays so.
      if (forgotten()) for (const socket of [from, to]) dead.add(socket);
      if (weather.blackHole || dead.has(from)) return;
      const write = (): void => {
        if (!to.writable || to.write(chunk)) return;
        from.pause();
        to.once("drain", () => from.resume());
      };
      if (weather.delay === 0) write();
      else setTimeout(write, weather.delay);
    });
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (weather.blackHole || dead.has(from)) return;
      if (weather.delay === 0) to.destroy();
      else setTimeout(() => to.destroy(), weather.delay);
    });
  };
  const server = createServer((near) => {
    taken += 1;
    if (weather.refuse) {
      near.on("error", () => undefined);
      near.resetAndDestroy();
      return;
    }
    const far = connect(made.target, "127.0.0.1");
    near.setNoDelay(true);
    far.setNoDelay(true);
    const pair = [near, far] as const;
    let last = performance.now();
    const forgotten = (): boolean => {
      const idle = performance.now() - last;
      last = performance.now();
      return weather.forget > 0 && idle > weather.forget;
    };
    const looking = setInterval(() => {
      if (weather.closeIdle > 0 && performance.now() - last > weather.closeIdle) near.end();
    }, 250);
    pairs.add(pair);
    near.once("close", () => {
      clearInterval(looking);
      pairs.delete(pair);
    });
    pass(near, far, forgotten);
    pass(far, near, forgotten);
  });
  await new Promise<void>((resolve) => server.listen(at.port ?? 0, at.host ?? "127.0.0.1", resolve));
  const address = server.address();
  const made = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    weather,
    target,
    get taken() {
      return taken;
    },
    cut: () => {
      for (const [near, far] of pairs) {
        near.resetAndDestroy();
        far.destroy();
      }
    },
    swallow: () => {
      for (const sockets of pairs) for (const socket of sockets) dead.add(socket);
    },
    [Symbol.asyncDispose]: async () => {
      for (const [near, far] of pairs) {
        near.destroy();
        far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return made;
}
