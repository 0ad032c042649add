import type { IncomingMessage } from "node:http";
import type { People, Person } from "./people.ts";

/** Every value of a header that may come in several lines. */
const lines = (request: IncomingMessage, name: string): readonly string[] =>
  request.rawHeaders.filter(
    (_value, index) => index % 2 === 1 && request.rawHeaders[index - 1]?.toLowerCase() === name,
  );

const extraOf = (request: IncomingMessage): ReadonlyMap<string, readonly string[]> => {
  const prefix = "impersonate-extra-";
  const names = Object.keys(request.headers).filter((name) => name.startsWith(prefix));
  return new Map(
    names.map((name) => [decodeURIComponent(name.slice(prefix.length)), lines(request, name)] as const),
  );
};

/**
 * Whom a request acts as: the person, or whom the `Impersonate-*` headers name. A text is the reason why not.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
export const actingAs = (real: Person, request: IncomingMessage, people: People): Person | string => {
  const [username] = lines(request, "impersonate-user");
  if (username === undefined) return real;
  if (real.rights !== "all")
    return `users "${username}" is forbidden: User "${real.username}" cannot impersonate resource "users" in API group "" at the cluster scope`;
  return {
    username,
    uid: lines(request, "impersonate-uid")[0] ?? "",
    groups: lines(request, "impersonate-group"),
    extra: extraOf(request),
    rights: people.find(username)?.rights ?? "none",
  };
};
