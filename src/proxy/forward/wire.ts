import type { IncomingMessage } from "node:http";
import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { System } from "../../base/system.ts";
import { millis, type Millis } from "../../base/units.ts";
import { hostAndPort } from "../sites.ts";
import type { Admitted, Incident, Site, SiteHooks, Upstream } from "../types.ts";
import { narrowHeads, narrowReturned } from "./narrow.ts";
import type { Gathering } from "./pieces.ts";
import { StreamPool } from "./pool.ts";
import { requestHeads, type BodyFraming } from "./request-head.ts";
import { responseHeads, type ReturnedHead } from "./response-head.ts";
import type { ResponseHead } from "./response-parser.ts";
import { upstreamTls } from "./upstream-tls.ts";
import { UpstreamStream } from "./upstream-stream.ts";
import { askedOf, Waiting } from "./waiting.ts";

export interface HeadWishes {
  readonly body: BodyFraming;
  readonly authorization: RawHeaders;
  readonly upgrade: boolean;
  /** Path and query, where they are not the request's own. */
  readonly target?: string;
  /** The answer may be packed whatever the client says. Default: false. */
  readonly unpacks?: boolean;
  /** Names of headers, in lower case, that are left out. */
  readonly without?: ReadonlySet<string>;
}

export interface WireLimits {
  /** How long a request waits for a stream, tries included. */
  readonly dial: Millis;
  /** How long a person looks at an empty page before they are told what is waited for. */
  readonly navigation: Millis;
  /** How long it waits for a credential: a plugin may be waiting for a person. */
  readonly authorize: Millis;
  /** How long one that changes something is held for both together before it is given up (security.md R-N5). */
  readonly change: Millis;
}

/** A read on its way to somebody, who has not said a byte. */
export interface Unanswered {
  readonly peer: string | undefined;
  /** It is asked of somebody else. */
  lose(): void;
}

/** What the exchanges of one site share. */
export interface Wire {
  readonly system: System;
  readonly pool: StreamPool;
  readonly waiting: Waiting;
  readonly unanswered: Set<Unanswered>;
  readonly hooks: SiteHooks | undefined;
  readonly limits: WireLimits;
  /**
   * Bytes of an answer that wait for others that come at once. An API server's come by records of TLS, each of which
   * would be a write; a UI's come by larger pieces, of which a copy costs memory.
   */
  readonly gathers: Gathering;
  /** Whether answers may come packed to a client that did not ask for it. */
  readonly unpacks: boolean;
  /** `Upstream.peer`. */
  readonly peer: Upstream["peer"];
  /** Address of the start page. */
  readonly start: string | undefined;
  onIncident(incident: Incident): void;
  /** The credential's headers, where they are in hand. */
  ready(): RawHeaders | undefined;
  /**
   * @param wishes `limit`: at most `limits.authorize`; `doubtful`: they may be good yet (`AuthorizeRequest.doubtful`)
   * @throws {KnownError} the upstream's, or UPSTREAM_LATE
   */
  authorize(
    rejected: RawHeaders | undefined,
    wishes?: { readonly limit?: Millis; readonly doubtful?: boolean },
  ): Promise<RawHeaders>;
  /** @param limit default `limits.dial` @throws {KnownError} what stands in the way, or UPSTREAM_LATE */
  dial(session: string, bulk: boolean, abort: AbortController, limit?: Millis): Promise<UpstreamStream>;
  head(request: IncomingMessage, admitted: Admitted, wishes: HeadWishes): string;
  returned(head: ResponseHead, admitted: Admitted): ReturnedHead;
  /** An exchange has come to its end. */
  done(): void;
}

/** An API server hands a list out by single objects: each read has a few of them, and each write costs as much as both. */
const GATHERED: Gathering = { most: 64 * 1024, time: 1 };
const AT_ONCE: Gathering = { most: 1, time: 0 };

const late = (what: string, limit: Millis): KnownError =>
  new KnownError("UPSTREAM_LATE", `Cannot get ${what}: none came within ${limit / 1000} s`);

export function openWire(
  site: Site,
  options: {
    readonly system: System;
    readonly limits: WireLimits;
    readonly onIncident: (incident: Incident) => void;
    readonly done: () => void;
    readonly closed: AbortSignal;
  },
): Wire {
  const { system, limits } = options;
  const { narrow } = site;
  const buildHead = narrow === undefined ? requestHeads(site) : narrowHeads(site.authority, narrow);
  const buildReturned = narrow === undefined ? responseHeads(site) : narrowReturned(narrow);
  const secure = site.scheme === "https" ? upstreamTls(site, system) : undefined;
  const own = new Map<number, string>();
  const authority = (port: number): string => {
    const known = own.get(port);
    if (known !== undefined) return known;
    const made = hostAndPort(site.host, port);
    own.set(port, made);
    return made;
  };
  const inTheWay = (): KnownError | undefined => {
    const trouble = site.upstream.trouble?.();
    return trouble instanceof KnownError ? trouble : undefined;
  };
  const unanswered = new Set<Unanswered>();
  site.upstream.onGone?.((peer) => {
    // One that is sent again at once is on its way to somebody else.
    for (const each of unanswered) if (each.peer === peer) each.lose();
  });
  return {
    system,
    unanswered,
    pool: new StreamPool(system, fitting(site.upstream)),
    waiting: new Waiting(system),
    hooks: site.hooks,
    peer: site.upstream.peer,
    start: site.start,
    limits,
    gathers: narrow === undefined ? AT_ONCE : GATHERED,
    unpacks: narrow !== undefined,
    onIncident: options.onIncident,
    ready: () => site.upstream.ready?.(),
    authorize: async (rejected, { limit, doubtful = false } = {}) => {
      const now = rejected === undefined ? site.upstream.ready?.() : undefined;
      if (now !== undefined) return now;
      const most = millis(Math.min(limits.authorize, limit ?? limits.authorize));
      const work = site.upstream.authorize({
        signal: options.closed,
        ...(rejected === undefined ? {} : { rejected, doubtful }),
      });
      return await withLimit(work, most, () => inTheWay() ?? late("a credential", most));
    },
    dial: async (session, bulk, abort, limit = limits.dial) => {
      const overdue = (): void => {
        abort.abort(inTheWay() ?? late("a connection to the pod", limit));
      };
      let timer = setTimeout(overdue, limit);
      const closed = (): void => abort.abort(options.closed.reason);
      options.closed.addEventListener("abort", closed, { once: true });
      if (options.closed.aborted) closed();
      try {
        abort.signal.throwIfAborted();
        const dialled = await site.upstream.dial({ session, bulk, signal: abort.signal });
        clearTimeout(timer);
        // It is there, and what it says of TLS is worth a longer wait.
        timer = setTimeout(overdue, limits.dial);
        const stream = secure === undefined ? dialled.stream : await secure(dialled);
        // Nobody is left who would end it.
        if (abort.signal.aborted) stream.destroy();
        abort.signal.throwIfAborted();
        return new UpstreamStream(stream, dialled.peer);
      } catch (error) {
        // A stand-in of Node's for our own reason would say nothing.
        throw abort.signal.aborted && abort.signal.reason instanceof KnownError ? abort.signal.reason : error;
      } finally {
        clearTimeout(timer);
        options.closed.removeEventListener("abort", closed);
      }
    },
    head: (request, admitted, { target, without, ...wishes }) => {
      const cookies = site.hooks?.cookies?.(askedOf(request, wishes.upgrade), wishes.authorization) ?? [];
      return buildHead({
        method: request.method ?? "",
        target: target ?? request.url ?? "",
        headers: without === undefined ? request.rawHeaders : withoutNames(request.rawHeaders, without),
        ownAuthority: authority(admitted.port),
        ownOrigin: `http://${authority(admitted.port)}`,
        ...wishes,
        ...(cookies.length === 0 ? {} : { cookies }),
      });
    },
    returned: (head, admitted) => buildReturned(head, `http://${authority(admitted.port)}`),
    done: options.done,
  };
}

const fitting = ({ peer }: Upstream): ((of: string) => boolean) =>
  peer === undefined ? () => true : (of) => peer() === of;

const withoutNames = (headers: readonly string[], names: ReadonlySet<string>): readonly string[] =>
  headers.filter((_value, index) => !names.has((headers[index - (index % 2)] ?? "").toLowerCase()));

const withLimit = async <T>(work: Promise<T>, limit: Millis, error: () => KnownError): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(error()), limit);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
};
