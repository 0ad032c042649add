import { resourceFacts, type ResourceName } from "./client.ts";
import { statusError } from "./status.ts";
import type { Connection } from "./types.ts";

/** A whole object, of which the API server takes the status and nothing else. */
export interface StatusUpdate {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** Of the object that it is for: of a newer one it is not taken. */
    readonly resourceVersion: string;
  };
  readonly spec: unknown;
  readonly status: Readonly<Record<string, unknown>>;
}

/**
 * Writes the status of an object of a kind without namespaces, by its sub-resource.
 * @throws {KnownError} API_CONFLICT: there is a newer one; NOT_FOUND, FORBIDDEN, …
 */
export async function updateStatus(
  connection: Connection,
  name: ResourceName,
  update: StatusUpdate,
  signal: AbortSignal,
): Promise<void> {
  const { path } = resourceFacts(name, undefined);
  const answer = await connection.request({
    method: "PUT",
    path: `${path}/${encodeURIComponent(update.metadata.name)}/status`,
    body: update,
    signal,
  });
  if (answer.status < 200 || answer.status >= 300)
    throw statusError(answer.status, answer.body, {
      verb: "update",
      resource: `${name}/status`,
      name: update.metadata.name,
      namespace: undefined,
    });
}
