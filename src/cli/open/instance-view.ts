import type { System } from "../../base/system.ts";
import { targetText } from "../../route/index.ts";
import type { InstanceView } from "./instance.ts";
import type { Wish } from "./pages.ts";
import type { Served } from "./serve.ts";

export interface InstanceViewOptions {
  readonly system: System;
  readonly served: Served;
  /** What is served, in the order of the targets. */
  readonly wishes: readonly Wish[];
  /** Their hashes, as `targetKeys` makes them. */
  readonly keys: readonly string[];
  /** Whoever comes after it finds nothing here. */
  readonly signal: AbortSignal;
}

/** What others are told of the pages that are served here. */
export const instanceView = ({
  system,
  served,
  wishes,
  keys,
  signal,
}: InstanceViewOptions): InstanceView => ({
  who: () => ({
    pid: system.pid,
    targets: wishes.map(({ config, reference }) => ({
      target: targetText(reference),
      namespace: reference.namespace ?? config.namespace,
      context: config.contextName,
    })),
    addresses: served.addresses,
  }),
  open: async (asked) => {
    const there =
      asked.addresses.length === 0 || asked.addresses.some((each) => served.addresses.includes(each));
    const found = asked.keys.map((key) => keys.indexOf(key));
    if (signal.aborted || !there || found.length === 0 || found.includes(-1)) return undefined;
    return await served.newWay(asked.as, found);
  },
});
