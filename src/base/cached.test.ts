import { describe, expect, test } from "vitest";
import { cached } from "./cached.ts";

const deferred = <T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: Error) => void;
} => {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};

describe("cached", () => {
  test("N callers share one fetch", async () => {
    let runs = 0;
    const gate = deferred<string>();
    const value = cached(() => {
      runs += 1;
      return gate.promise;
    });
    const all = Array.from({ length: 100 }, () => value.get());
    gate.resolve("one");
    expect(new Set(await Promise.all(all))).toEqual(new Set(["one"]));
    expect(runs).toBe(1);
  });

  test("a stale value is fetched anew", async () => {
    let time = 0;
    let runs = 0;
    const value = cached(() => Promise.resolve({ at: time, run: ++runs }), {
      fresh: (held) => time - held.at < 10,
    });
    await value.get();
    time = 9;
    expect((await value.get()).run).toBe(1);
    time = 10;
    expect((await value.get()).run).toBe(2);
  });

  test("a failure is told to all who wait and not remembered", async () => {
    let runs = 0;
    const value = cached(() => (++runs === 1 ? Promise.reject(new Error("no")) : Promise.resolve("yes")));
    const [first, second] = [value.get(), value.get()];
    await expect(first).rejects.toThrow("no");
    await expect(second).rejects.toThrow("no");
    expect(await value.get()).toBe("yes");
  });

  test("only the value that is still in hand is dropped", async () => {
    let runs = 0;
    const value = cached(() => Promise.resolve({ run: ++runs }));
    const first = await value.get();
    value.drop(first);
    const second = await value.get();
    value.drop(first);
    expect(await value.get()).toBe(second);
    expect(runs).toBe(2);
  });
});
