import type { System } from "../base/system.ts";
import { millis, type Millis } from "../base/units.ts";

/** The time that a server has for its answer. It stands still while a credential is fetched. */
export interface Countdown extends Disposable {
  readonly left: Millis;
  /** Waits for something that the server cannot help. */
  without<T>(work: () => Promise<T>): Promise<T>;
}

export function countdown(time: Millis, system: System, over: () => void): Countdown {
  let left: number = time;
  let startedAt: number = system.monotonic();
  let timer = setTimeout(over, left);
  const stop = (): void => {
    clearTimeout(timer);
    left -= system.monotonic() - startedAt;
  };
  return {
    get left() {
      return millis(Math.max(0, left - (system.monotonic() - startedAt)));
    },
    without: async (work) => {
      stop();
      try {
        return await work();
      } finally {
        startedAt = system.monotonic();
        timer = setTimeout(over, Math.max(0, left));
      }
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
