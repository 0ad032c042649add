import { watchObjects, type Connection } from "../../../api/index.ts";
import { messageOf } from "../../../base/errors.ts";
import type { System } from "../../../base/system.ts";
import { millis } from "../../../base/units.ts";
import { AWS_AUTH, readAwsAuth, type ReadAwsAuth } from "../aws-auth.ts";
import { readIdentityMappings } from "../crd.ts";
import { NO_MAPPING } from "../table.ts";
import type { Source } from "./source.ts";
import type { IdentityMapping, StatusWriter } from "./write-status.ts";

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

/** Every `IAMIdentityMapping`, until the signal. With a writer their statuses are written. */
export const followIdentityMappings = async (
  source: Source,
  parts: WatchParts,
  writer?: StatusWriter,
): Promise<void> => {
  const known = new Map<string, IdentityMapping>();
  const wishes = { ...parts, namespace: undefined };
  const forget = (name: string): void => {
    known.delete(name);
    writer?.forget(name);
  };
  const keep = (item: IdentityMapping): void => {
    known.set(item.metadata.name, item);
    writer?.see(item);
  };
  await again(source, parts, async () => {
    for await (const event of watchObjects(parts.connection, "iamidentitymappings", wishes)) {
      if (event.kind === "listed") {
        for (const name of known.keys()) forget(name);
        for (const item of event.items) keep(item);
      } else if (event.kind === "deleted") forget(event.item.metadata.name);
      else {
        const before = known.get(event.item.metadata.name);
        keep(event.item);
        // What changed is something else, such as the status.
        if (before !== undefined && JSON.stringify(before.spec) === JSON.stringify(event.item.spec)) continue;
      }
      // Of two that are for the same ARN it is the same one that counts, however they arrived.
      const inOrder = [...known].toSorted(([a], [b]) => (a < b ? -1 : 1));
      source.accept(readIdentityMappings(inOrder.map(([, item]) => item)));
    }
  });
  await writer?.ended();
};

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
