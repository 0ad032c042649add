import { isKnownError, KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB, millis } from "../../base/units.ts";
import { askSite, type Site } from "../../proxy/index.ts";
import { CLUSTER, inClusterName, possibleBases, type ApiPlace } from "../../ui/index.ts";

/** Bytes. A Headlamp with ten thousand clusters says some 2 MiB. */
const CONFIG_MOST = MiB(4);
/** For a pod; a page that is opened waits for it too. */
const PATIENCE = millis(30_000);
const LIMIT = millis(5_000);
/** Milliseconds between two looks at a pod that took the place of another, where the first one failed. */
const APART = 5_000;

export interface Place {
  /** Undefined while nobody has looked. */
  readonly known: () => ApiPlace | undefined;
  /** One look for all who want to know. @throws {KnownError} what stands in the way of an answer */
  readonly find: () => Promise<ApiPlace>;
}

/** Of any UI but Headlamp. */
export const FIXED_PLACE: Place = {
  known: () => ANYWHERE,
  find: () => Promise.resolve(ANYWHERE),
};
const ANYWHERE: ApiPlace = { cluster: CLUSTER, base: "" };

/**
 * What Headlamp names the cluster that it runs in, and what it has before its paths: from its `/config`, asked for
 * without a credential when somebody first asks for a cluster, and again when another pod answers.
 */
export function headlampPlace(site: Site, system: System, signal: AbortSignal): Place {
  let found: { readonly place: ApiPlace; readonly peer: string } | undefined;
  let looking: Promise<ApiPlace> | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  const look = async (): Promise<ApiPlace> => {
    const limits = { most: CONFIG_MOST, patience: PATIENCE, limit: LIMIT, signal };
    let peer = "";
    for (const base of possibleBases(site.path)) {
      const answer = await askSite(site, system, { path: `${base}/config`, ...limits });
      // Something before it, or itself while it starts: it has not said anything.
      if (answer.status >= 500)
        throw new KnownError(
          "UPSTREAM_INVALID",
          `Cannot read Headlamp's /config: it answers ${answer.status}`,
        );
      ({ peer } = answer);
      const cluster = answer.status === 200 ? inClusterName(answer.body ?? "") : undefined;
      if (cluster !== undefined) return remember({ cluster, base }, peer);
    }
    system.log.verbose(1, `Headlamp's /config names no cluster: "${CLUSTER}" is answered`);
    return remember({ cluster: CLUSTER, base: "" }, peer);
  };
  const remember = (place: ApiPlace, peer: string): ApiPlace => {
    found = { place, peer };
    return place;
  };
  const find = async (): Promise<ApiPlace> => {
    lookedAt = system.monotonic();
    return await (looking ??= look().finally(() => (looking = undefined)));
  };

  return {
    known: () => {
      const now = site.upstream.peer?.();
      const isOther = found !== undefined && now !== undefined && now !== found.peer;
      // The old name is the likeliest one meanwhile.
      if (isOther && looking === undefined && system.monotonic() - lookedAt >= APART)
        find().catch((error: unknown) =>
          system.log.verbose(1, `Asking Headlamp for its clusters: ${messageOf(error)}`),
        );
      return found?.place;
    },
    find: async () => {
      try {
        return await find();
      } catch (error) {
        if (isKnownError(error)) throw error;
        throw new KnownError("UPSTREAM_CUT", `Cannot read Headlamp's /config: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
  };
}
