import { decode, fallback, object, string, unknown } from "../base/decode.ts";
import { isKnownError, KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import {
  listObjects,
  resourceFacts,
  selectors,
  type ListWishes,
  type ResourceName,
  type ResourceOf,
} from "./client.ts";
import type { Connection } from "./types.ts";

export type WatchEvent<T> =
  | { readonly kind: "listed"; readonly items: readonly T[] }
  | { readonly kind: "added" | "modified" | "deleted"; readonly item: T };

const eventShape = object({ type: fallback(string, ""), object: unknown });
const versionShape = object({
  metadata: fallback(object({ resourceVersion: fallback(string, "") }), { resourceVersion: "" }),
  code: unknown,
});

const KINDS = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;
const isKind = (text: string): text is keyof typeof KINDS => Object.hasOwn(KINDS, text);

/** The API server ends a watch by itself; five minutes keep middle boxes content. */
const WATCH_SECONDS = "300";
/** A server, or something before it, that ends every watch at once must not be asked as fast as it answers. */
const PAUSE = millis(1_000);

/**
 * Lists, then follows. A watch that ends is resumed after a second from the last version seen; one that is too old
 * (410, as a status or as an ERROR event) starts again with a list. Ends only with the signal, or with an error that
 * the caller decides on.
 * @throws {KnownError}
 */
export async function* watchObjects<Name extends ResourceName>(
  connection: Connection,
  name: Name,
  wishes: ListWishes & { readonly signal: AbortSignal; readonly system: System },
): AsyncGenerator<WatchEvent<ResourceOf<Name>>> {
  const { path, decoder } = resourceFacts(name, wishes.namespace);
  const what = `an event of ${name}`;
  let version = "";
  while (!wishes.signal.aborted) {
    if (version === "") {
      const listed = await listObjects(connection, name, wishes);
      version = listed.resourceVersion;
      yield { kind: "listed", items: listed.items };
    }
    const query = {
      ...selectors(wishes),
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: WATCH_SECONDS,
      resourceVersion: version,
    };
    try {
      for await (const line of connection.stream({ method: "GET", path, query, signal: wishes.signal })) {
        const event = decode(eventShape, line, { what, code: "API_FAILED" });
        const facts = decode(versionShape, event.object, { what, code: "API_FAILED" });
        if (event.type === "ERROR")
          throw new KnownError(
            facts.code === 410 ? "API_EXPIRED" : "API_FAILED",
            `Cannot watch ${name}: the API server ended the watch`,
          );
        version = facts.metadata.resourceVersion;
        if (isKind(event.type))
          yield {
            kind: KINDS[event.type],
            item: decode(decoder, event.object, { what, code: "API_FAILED" }),
          };
      }
    } catch (error) {
      if (!isKnownError(error, "API_EXPIRED")) throw error;
      version = "";
    }
    await wishes.system.sleep(PAUSE, wishes.signal);
  }
}
