import type { Duplex } from "node:stream";
import type { Millis } from "./units.ts";

export interface OpenLimits {
  readonly signal: AbortSignal;
  readonly timeout: Millis;
}

/**
 * Waits until a connection says that it is open. One that fails, closes, is late or no longer wanted is destroyed;
 * late is an error with Node's own code ETIMEDOUT.
 */
export const untilOpen = async <S extends Duplex>(
  connection: S,
  event: "connect" | "secureConnect",
  limits: OpenLimits,
): Promise<S> => {
  const { signal, timeout } = limits;
  await new Promise<void>((resolve, reject) => {
    const done = (error?: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      connection.off(event, opened).off("error", done).off("close", closed);
      if (error === undefined) {
        resolve();
        return;
      }
      // Whatever a dying connection still has to say is of no interest.
      connection.on("error", () => undefined);
      connection.destroy();
      reject(error instanceof Error ? error : new Error("the connection failed"));
    };
    const opened = (): void => done();
    const closed = (): void =>
      done(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    const aborted = (): void => done(signal.reason);
    const timer = setTimeout(
      () => done(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
      timeout,
    );
    connection.once(event, opened).once("error", done).once("close", closed);
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
  });
  return connection;
};

/**
 * Collects what comes until `length` knows how long the message is (undefined: not yet), and puts back what follows
 * it. @throws {Error} when it grows past `limit` bytes, or when the other side ends first
 */
export const readMessage = async (
  connection: Duplex,
  length: (held: Buffer) => number | undefined,
  limits: OpenLimits & { readonly limit: number },
): Promise<Buffer> => {
  const { signal, timeout, limit } = limits;
  return await new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const stop = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      connection.off("readable", read).off("error", fail).off("close", closed).off("end", closed);
    };
    const fail = (error: unknown): void => {
      stop();
      connection.on("error", () => undefined);
      connection.destroy();
      reject(error instanceof Error ? error : new Error("the connection failed"));
    };
    // Not "data": a stream that was paused once is not like a fresh one to whoever gets it next.
    const read = (): void => {
      for (let chunk = take(connection); chunk !== undefined; chunk = take(connection)) {
        held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        const end = length(held);
        if (end !== undefined && end <= held.length) {
          stop();
          if (end < held.length) connection.unshift(held.subarray(end));
          resolve(held.subarray(0, end));
          return;
        }
        if (held.length > limit) {
          fail(new Error(`an answer of more than ${limit} bytes`));
          return;
        }
      }
    };
    const closed = (): void =>
      fail(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    const aborted = (): void => fail(signal.reason);
    const timer = setTimeout(
      () => fail(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
      timeout,
    );
    connection.on("readable", read).once("error", fail).once("close", closed).once("end", closed);
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) aborted();
    else if (connection.destroyed || connection.readableEnded) closed();
    else read();
  });
};

const take = (connection: Duplex): Buffer | undefined => (connection.read() as Buffer | null) ?? undefined;
