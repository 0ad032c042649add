import type { Connection } from "../../api/index.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";

/** Milliseconds. What was ready a moment ago is not asked again for each right that somebody lacks. */
const APART = 1_000;
const PAUSE = millis(250);
/** Headlamp's page waits 5 s for its first answer (ui-traffic U8); the roles are known some 2 s after the first answer. */
const MOST = 4_000;
const ANSWER = millis(2_000);

export interface Readiness {
  /**
   * False where the API server is ready, or does not say so: at once, and one question a second for all who ask. True
   * when it was starting, and is ready now or has had some seconds. @throws the signal's reason
   */
  startedMeanwhile(signal: AbortSignal): Promise<boolean>;
}

/**
 * An API server answers before it knows its roles: until its hook `rbac/bootstrap-roles` has run, `/readyz` is 500 and
 * people are forbidden what they may (kubernetes.io, "Kubernetes API health endpoints").
 */
export function readiness(connection: Pick<Connection, "request">, system: System): Readiness {
  let readyAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    const starting = await connection.request({ method: "GET", path: "/readyz", timeout: ANSWER }).then(
      // Whoever may not ask, or asks something before it, learns nothing.
      ({ status }) => status >= 500,
      () => true,
    );
    if (!starting) readyAt = system.monotonic();
    return starting;
  };
  const isStarting = async (): Promise<boolean> => {
    if (system.monotonic() - readyAt < APART) return false;
    return await (asking ??= ask().finally(() => (asking = undefined)));
  };
  return {
    startedMeanwhile: async (signal) => {
      const since = system.monotonic();
      if (!(await isStarting())) return false;
      while (system.monotonic() - since < MOST) {
        await system.sleep(PAUSE, signal);
        if (!(await isStarting())) break;
      }
      return true;
    },
  };
}
