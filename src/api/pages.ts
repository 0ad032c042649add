import { decode } from "../base/decode.ts";
import type { Bytes, Millis } from "../base/units.ts";
import { resourceFacts, type ResourceName, type ResourceOf } from "./client.ts";
import { listOf } from "./objects.ts";
import { statusError } from "./status.ts";
import type { ApiRequest, Connection } from "./types.ts";

export interface Page<T> {
  readonly items: readonly T[];
  /** Whether there are others behind it. */
  readonly more: boolean;
}

export interface PageWishes {
  /** Undefined: all of them, which needs a right of its own. */
  readonly namespace: string | undefined;
  /** Objects a page. */
  readonly size: number;
  /** Of a page; the API server gives `size` objects however large they are. */
  readonly limit: Bytes;
  /** Of a page. */
  readonly timeout: Millis;
  readonly signal: AbortSignal;
}

/**
 * The objects of a kind page by page, for whoever may stop before the last one.
 * @throws {KnownError} FORBIDDEN, UNAUTHORIZED, API_FAILED, API_EXPIRED where pages are asked for too slowly, network faults
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
 */
export async function* listPages<Name extends ResourceName>(
  connection: Connection,
  name: Name,
  { namespace, size, limit, timeout, signal }: PageWishes,
): AsyncGenerator<Page<ResourceOf<Name>>> {
  const { path, decoder } = resourceFacts(name, namespace);
  const shape = listOf(decoder);
  let next = "";
  do {
    const query: ApiRequest["query"] = { limit: String(size), ...(next === "" ? {} : { continue: next }) };
    const answer = await connection.request({ method: "GET", path, query, limit, timeout, signal });
    if (answer.status !== 200)
      throw statusError(answer.status, answer.body, {
        verb: "list",
        resource: name,
        name: undefined,
        namespace,
      });
    const page = decode(shape, answer.body, { what: `the list of ${name}`, code: "API_FAILED" });
    next = page.metadata.continue;
    yield { items: page.items, more: next !== "" };
  } while (next !== "");
}
