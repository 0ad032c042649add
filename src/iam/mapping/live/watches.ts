import { watchObjects, type Connection } from "../../../api/index.ts";
import { messageOf } from "../../../base/errors.ts";
import type { System } from "../../../base/system.ts";
import { millis } from "../../../base/units.ts";
import { AWS_AUTH, readAwsAuth, type ReadAwsAuth } from "../aws-auth.ts";
import { readIdentityMappings } from "../crd.ts";
import { NO_MAPPING } from "../table.ts";
import type { Source } from "./source.ts";

/** As long as the reference waits after a watch that failed. */
const PAUSE = millis(5_000);

export interface WatchParts {
  readonly connection: Connection;
  readonly system: System;
  readonly signal: AbortSignal;
}

/** `kube-system/aws-auth`, until the signal; deleting it clears the mappings. */
export const followAwsAuth = async (source: Source, parts: WatchParts): Promise<void> =>
  await again(source, parts, async () => {
    const { namespace, name } = AWS_AUTH;
    const wishes = { ...parts, namespace, fieldSelector: `metadata.name=${name}` };
    for await (const event of watchObjects(parts.connection, "configmaps", wishes)) {
      const items = event.kind === "listed" ? event.items : [event.item];
      // A server, or something before it, that does not know the selector gives others too.
      const found = items.find(({ metadata }) => metadata.name === name);
      if (found !== undefined && event.kind !== "deleted") take(source, await readAwsAuth(found.data));
      else if (found !== undefined || event.kind === "listed") source.clear();
    }
  });

/**
 * A section that is no YAML has locked whole companies out: what was good last goes on then. At the start there is
 * nothing to go on with, and the other sections count, as in the reference.
 */
const take = (source: Source, read: ReadAwsAuth): void => {
  const known = source.lookup !== undefined && source.lookup.table !== NO_MAPPING;
  if (read.unreadable !== undefined && known) source.refuse(read.unreadable);
  else source.accept(read);
};

/** Every `IAMIdentityMapping`, until the signal. */
export const followIdentityMappings = async (source: Source, parts: WatchParts): Promise<void> =>
  await again(source, parts, async () => {
    const known = new Map<string, unknown>();
    const wishes = { ...parts, namespace: undefined };
    for await (const event of watchObjects(parts.connection, "iamidentitymappings", wishes)) {
      if (event.kind === "listed") {
        known.clear();
        for (const item of event.items) known.set(item.metadata.name, item);
      } else if (event.kind === "deleted") known.delete(event.item.metadata.name);
      else known.set(event.item.metadata.name, event.item);
      // Of two that are for the same ARN it is the same one that counts, however they arrived.
      const inOrder = [...known].toSorted(([a], [b]) => (a < b ? -1 : 1));
      source.accept(readIdentityMappings(inOrder.map(([, item]) => item)));
    }
  });

/** What was good last goes on while the API server cannot be asked. */
const again = async (
  source: Source,
  { system, signal }: WatchParts,
  follow: () => Promise<void>,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await follow();
    } catch (error) {
      if (signal.aborted) return;
      source.refuse(messageOf(error));
    }
    await system.sleep(PAUSE, signal).catch(() => undefined);
  }
};
