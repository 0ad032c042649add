import { expect, test } from "vitest";
import { realSystem } from "./system.ts";
import { finishAll, mustFinish } from "./unfinished.ts";

test("the end waits for what must be finished, also where it fails", async () => {
  const system = realSystem();
  const done: string[] = [];
  let arrive = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  mustFinish(
    first.then(() => void done.push("first")),
    system,
  );
  mustFinish(Promise.reject(new Error("no")), system);
  const ended = finishAll(system).then(() => void done.push("end"));
  arrive();
  await ended;
  expect(done).toEqual(["first", "end"]);
});

test("and not for ever, nor where there is nothing", async () => {
  const slept: number[] = [];
  const sleep = (time: number): Promise<void> => Promise.resolve(void slept.push(time));
  const system = { ...realSystem(), sleep };
  await finishAll(system);
  expect(slept).toEqual([]);
  mustFinish(new Promise(() => undefined), system);
  await finishAll(system);
  expect(slept).toEqual([10_000]);
});
