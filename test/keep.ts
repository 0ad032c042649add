import { afterEach } from "vitest";

/** What it is given lasts until the test's end, the last first. */
export function keepForTest(): <T extends AsyncDisposable>(thing: T) => T {
  const kept: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const each of kept.splice(0).toReversed()) await each[Symbol.asyncDispose]();
  });
  return (thing) => {
    kept.push(thing);
    return thing;
  };
}
