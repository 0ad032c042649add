import { hash } from "node:crypto";
import type { Connection, Identity } from "../../api/index.ts";
import { abortable } from "../../base/abortable.ts";
import { fallback, object, string } from "../../base/decode.ts";
import { isKnownError, KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import { millis } from "../../base/units.ts";
import { tokenClaims, type Credential } from "../../credentials/index.ts";

/** Whom the pages belong to (security.md R-N4). */
export interface IdentityPin {
  /** Pins whom the API server has named already for this credential. */
  start(credential: Credential, who: Identity | undefined): void;
  /**
   * True when the credential is known to be the pinned person's; the first one pins. False when it was replaced before
   * that was known. The same token is asked about once. While the API server cannot be asked, it waits.
   * @throws {KnownError} IDENTITY_CHANGED, or the signal's reason
   */
  check(credential: Credential, signal: AbortSignal): Promise<boolean>;
  /** The pinned person, escaped; undefined before the first. */
  name(): string | undefined;
  /** The same as the API server told; undefined where it does not tell, too. */
  person(): Identity | undefined;
  /** A person opened the pages anew: whoever the credential belongs to by then is pinned. */
  release(): void;
}

export interface PinOptions {
  /** Asks with the credential in use. */
  readonly connection: Connection;
  /** Whose the credential in use is, whomever it acts as; undefined where the cluster does not tell. */
  readonly who: () => Promise<Identity | undefined>;
  /** The credential in use. */
  readonly current: () => Promise<Credential>;
  readonly system: System;
  /** Whoever waits then waits no longer. */
  readonly signal: AbortSignal;
  /** What tells clusters apart where their namespaces may not be read: hash of the authority, or the address. */
  readonly cluster: string;
  readonly onChange: (from: string, to: string) => void;
}

/** Milliseconds between two tries to ask. */
const PAUSE = 500;
const PAUSE_MOST = 5_000;

interface Fingerprint {
  readonly person: string;
  /** For people. */
  readonly name: string;
  readonly who: Identity | undefined;
  /** UID of the namespace kube-system; undefined where it may not be read. */
  readonly cluster: string | undefined;
}

const namespaceShape = object({ metadata: object({ uid: fallback(string, "") }) });

export function identityPin(options: PinOptions): IdentityPin {
  const { connection, cluster, onChange } = options;
  let pinned: Fingerprint | undefined;
  /** Digests, so that no token is kept. */
  let known: string | undefined;
  let checking: { readonly digest: string; readonly done: Promise<boolean> } | undefined;
  let changed: { readonly digest: string; readonly error: KnownError } | undefined;

  const clusterUid = async (): Promise<string | undefined> => {
    const answer = await connection.request({ method: "GET", path: "/api/v1/namespaces/kube-system" });
    if (answer.status === 401 || answer.status === 403 || answer.status === 404) return undefined;
    // Somebody who cannot answer now has said nothing.
    if (answer.status !== 200)
      throw new KnownError(
        "API_FAILED",
        `Cannot read the namespace kube-system: the API server answers ${answer.status}`,
      );
    return namespaceShape(answer.body, "").metadata.uid;
  };

  /** Undefined: the answer is about another credential. */
  const ask = async (credential: Credential, digest: string): Promise<Fingerprint | undefined> => {
    const [who, uid] = await Promise.all([options.who(), clusterUid()]);
    const now = digestOf(await options.current(), cluster);
    return now === digest ? { ...personOf(who, credential), cluster: uid } : undefined;
  };

  const look = async (credential: Credential, digest: string): Promise<boolean> => {
    const found = await untilAsked(options, async () => await ask(credential, digest));
    if (found === undefined) return false;
    if (pinned === undefined || isSame(pinned, found)) {
      // What was readable once is remembered: a cluster that hides it later is not taken for another.
      pinned = { ...found, cluster: found.cluster ?? pinned?.cluster };
      known = digest;
      return true;
    }
    const to = nameBeside(found, pinned);
    const error = new KnownError(
      "IDENTITY_CHANGED",
      `Cannot go on with the new credential: it belongs to "${to}", and the pages were opened as "${pinned.name}"`,
    );
    changed = { digest, error };
    onChange(pinned.name, to);
    throw error;
  };

  return {
    start: (credential, who) => {
      known = digestOf(credential, cluster);
      const first: Fingerprint = { ...personOf(who, credential), cluster: undefined };
      pinned = first;
      void clusterUid()
        .catch((): undefined => undefined)
        .then((uid) => {
          if (pinned === first) pinned = { ...first, cluster: uid };
        });
    },
    check: async (credential, signal) => {
      const digest = digestOf(credential, cluster);
      if (digest === known) return true;
      if (changed?.digest === digest) throw changed.error;
      if (checking?.digest !== digest) {
        const done = look(credential, digest).finally(() => {
          if (checking?.done === done) checking = undefined;
        });
        // Whoever asked may be gone by then.
        done.catch(() => undefined);
        checking = { digest, done };
      }
      return await abortable(checking.done, signal);
    },
    name: () => pinned?.name,
    person: () => pinned?.who,
    release: () => {
      if (changed === undefined) return;
      changed = undefined;
      pinned = undefined;
      known = undefined;
    },
  };
}

const digestOf = ({ header, certificate }: Credential, cluster: string): string =>
  hash(
    "sha256",
    JSON.stringify([
      cluster,
      header?.kind === "bearer" ? header.token.reveal() : header?.kind === "basic" ? header.username : "",
      certificate?.cert ?? "",
    ]),
    "hex",
  );

/** Old clusters have no SelfSubjectReview; there the token's own word has to do, which proves nothing but a mistake. */
const personOf = (who: Identity | undefined, credential: Credential): Omit<Fingerprint, "cluster"> => {
  if (who !== undefined)
    return {
      person: JSON.stringify([who.username, who.uid, [...new Set(who.groups)].toSorted()]),
      name: escapeLine(who.username),
      who,
    };
  const claims = credential.header?.kind === "bearer" ? tokenClaims(credential.header.token) : undefined;
  const subject = claims?.["sub"];
  return {
    person: JSON.stringify([claims?.["iss"], subject]),
    name: typeof subject === "string" ? escapeLine(subject) : "somebody whom the cluster does not name",
    who: undefined,
  };
};

/** One that is called the same is not always the same: groups change, and somebody may have been made anew. */
const nameBeside = (found: Fingerprint, pinned: Fingerprint): string => {
  if (found.name !== pinned.name) return found.name;
  const other = found.person === pinned.person ? "in another cluster" : "with another UID or other groups";
  return `${found.name}, ${other}`;
};

const isSame = (one: Fingerprint, other: Fingerprint): boolean =>
  one.person === other.person &&
  (one.cluster === undefined || other.cluster === undefined || one.cluster === other.cluster);

/** An API server that is away says nothing about a person; one that refuses the credential does. */
const untilAsked = async <T>(
  { system, signal }: Pick<PinOptions, "system" | "signal">,
  ask: () => Promise<T>,
): Promise<T> => {
  for (let tries = 0; ; tries += 1)
    try {
      return await ask();
    } catch (error) {
      if (!isKnownError(error) || error.code === "UNAUTHORIZED" || error.code.startsWith("EXEC_"))
        throw error;
      system.log.verbose(2, `Asking whose the new credential is: ${messageOf(error)}`);
      await system.sleep(millis(Math.min(PAUSE_MOST, PAUSE * 2 ** tries)), signal);
    }
};
