/** Who may sign in to the demo cluster, and with what. */
export interface Person {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra?: ReadonlyMap<string, readonly string[]>;
  readonly rights: Rights;
}

/** `all`, impersonation too; or only one verb of port-forward; or nothing. */
export type Rights = "all" | "create" | "get" | "none";

interface Issued {
  readonly person: Person;
  /** Epoch milliseconds. */
  readonly until: number;
}

const READ: ReadonlySet<string> = new Set(["get", "list", "watch"]);
const READABLE: ReadonlySet<string> = new Set(["services", "pods", "endpointslices"]);
const CONTROLLERS: ReadonlySet<string> = new Set(["deployments", "statefulsets", "replicasets"]);

/** Whether the rules let a person do it: enough of RBAC for the demo and the tests. */
export const mayDo = (
  person: Person,
  verb: string,
  resource: string,
  /** Of the whole cluster, or in one namespace. Default: in one. */
  everywhere = false,
): boolean => {
  if (resource.startsWith("selfsubject")) return true;
  if (person.rights === "none" || (everywhere && person.rights !== "all")) return false;
  if (resource === "serviceaccounts/token") return person.rights === "all";
  if (resource === "pods/portforward")
    return person.rights === "all" || (person.rights === "create" ? verb === "create" : verb === "get");
  return READ.has(verb) && (READABLE.has(resource) || (person.rights === "all" && CONTROLLERS.has(resource)));
};

/** Tokens and whom they stand for; client certificates stand for the person of their common name. */
export class People {
  readonly #tokens = new Map<string, Issued>();
  readonly #people = new Map<string, Person>();

  add(person: Person): void {
    this.#people.set(person.username, person);
  }

  find(username: string): Person | undefined {
    return this.#people.get(username);
  }

  /** @param until epoch milliseconds */
  issue(token: string, username: string, until: number = Number.POSITIVE_INFINITY): void {
    const person = this.#people.get(username);
    if (person === undefined) throw new RangeError(`there is nobody called "${username}"`);
    this.#tokens.set(token, { person, until });
  }

  revoke(token: string): void {
    this.#tokens.delete(token);
  }

  revokeAll(): void {
    this.#tokens.clear();
  }

  /** @param now epoch milliseconds */
  byToken(token: string, now: number): Person | undefined {
    const issued = this.#tokens.get(token);
    return issued !== undefined && now < issued.until ? issued.person : undefined;
  }
}
