import { hash, timingSafeEqual } from "node:crypto";
import { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import { millis, type EpochMillis, type Millis } from "../base/units.ts";

/** 256 bits. */
const TOKEN_BYTES = 32;
/** What 32 bytes make in base64url. */
export const TOKEN_PATTERN = /^[\w-]{43}$/;

/** A link that we opened ourselves is used at once. */
const OPENED_LIFE = millis(60_000);
/** A link that a person copies from the terminal. */
const PRINTED_LIFE = millis(600_000);
/** A session that nobody used for half a day ends. */
const IDLE_LIFE = millis(12 * 3_600_000);
/** How often that is looked at while nobody asks. */
const LOOK = millis(60_000);

/** A browser profile has one; this is room for a machine full of them. The oldest makes way. */
const SESSIONS_MAX = 32;
/** The launch page finds out at once whether the cookie came back. */
const TICKET_LIFE = millis(10_000);
/** Spent tokens that are remembered, so that their second use is noticed. */
const SPENT_MAX = 64;

export interface Launch {
  readonly token: Secret;
  readonly life: Millis;
}

export type Redeemed =
  | {
      readonly kind: "session";
      readonly id: string;
      readonly cookie: Secret;
      /** Good for one other cookie, for a browser that has not kept the first. */
      readonly ticket: Secret;
    }
  | { readonly kind: "unknown" }
  | { readonly kind: "expired" }
  /** Somebody has used the token before; the session that it made has ended (security.md R-N7). */
  | { readonly kind: "raced"; readonly ended: boolean };

/** The web sessions of one site. Nothing of them is ever written down, so they end with the process (R-C6). */
export interface Sessions {
  /** A new launch token; the earlier one is void, without the penalty for a second use. */
  launch(options: { readonly printed: boolean }): Launch;
  redeem(token: string): Redeemed;
  /** Another cookie for a session that no cookie has come back for yet; the first one is void. */
  exchange(ticket: string): Secret | undefined;
  /** The id of the live session that a cookie's value stands for; counts as use of it. */
  find(value: string): string | undefined;
  readonly size: number;
  /** Ends all of them; a launch token that was not used is void. */
  endAll(): void;
  /** Looks after idle sessions no more. */
  close(): void;
}

export interface SessionsOptions {
  /** A name for a session that no other one of this process has. */
  readonly newId: () => string;
  /** Told of each session that is over, by whatever. */
  readonly onEnd: (id: string) => void;
}

interface Session {
  readonly id: string;
  digest: Buffer;
  usedAt: EpochMillis;
  /** Gone with the first use of the session. */
  ticket: Buffer | undefined;
  readonly madeAt: Millis;
}

interface Pending {
  readonly digest: Buffer;
  readonly madeAt: Millis;
  readonly life: Millis;
}

const digestOf = (text: string): Buffer => hash("sha256", text, "buffer");

export function createSessions(system: System, { newId, onEnd }: SessionsOptions): Sessions {
  let pending: Pending | undefined;
  let watched = false;
  const closed = new AbortController();
  const sessions: Session[] = [];
  const spent: { readonly digest: Buffer; readonly session: string }[] = [];
  const freshToken = (): string => system.random(TOKEN_BYTES).toString("base64url");
  const end = (id: string): boolean => {
    const at = sessions.findIndex((session) => session.id === id);
    if (at === -1) return false;
    sessions.splice(at, 1);
    onEnd(id);
    return true;
  };
  const endIdle = (): void => {
    const now = system.now();
    const idle = sessions.filter(({ usedAt }) => now - usedAt > IDLE_LIFE);
    for (const { id } of idle) end(id);
  };
  /** Somebody may hold something open and never ask for anything more. */
  const watch = async (): Promise<void> => {
    watched = true;
    while (sessions.length > 0 && !closed.signal.aborted) {
      await system.sleep(LOOK, closed.signal).catch(() => undefined);
      endIdle();
    }
    watched = false;
  };
  const open = (): Omit<Extract<Redeemed, { kind: "session" }>, "kind"> => {
    const [cookie, ticket] = [freshToken(), freshToken()];
    const id = newId();
    sessions.push({
      id,
      digest: digestOf(cookie),
      usedAt: system.now(),
      ticket: digestOf(ticket),
      madeAt: system.monotonic(),
    });
    const [oldest] = sessions;
    if (sessions.length > SESSIONS_MAX && oldest !== undefined) end(oldest.id);
    if (!watched) void watch();
    return { id, cookie: new Secret(cookie), ticket: new Secret(ticket) };
  };
  return {
    launch: ({ printed }) => {
      const token = freshToken();
      const life = printed ? PRINTED_LIFE : OPENED_LIFE;
      pending = { digest: digestOf(token), madeAt: system.monotonic(), life };
      return { token: new Secret(token), life };
    },
    redeem: (token) => {
      const digest = digestOf(token);
      const twice = spent.find((one) => timingSafeEqual(one.digest, digest));
      if (twice !== undefined) return { kind: "raced", ended: end(twice.session) };
      if (pending === undefined || !timingSafeEqual(pending.digest, digest)) return { kind: "unknown" };
      const late = system.monotonic() - pending.madeAt > pending.life;
      pending = undefined;
      if (late) return { kind: "expired" };
      const session = open();
      spent.push({ digest, session: session.id });
      if (spent.length > SPENT_MAX) spent.shift();
      return { kind: "session", ...session };
    },
    find: (value) => {
      const digest = digestOf(value);
      let found: Session | undefined;
      for (const session of sessions) if (timingSafeEqual(session.digest, digest)) found = session;
      if (found === undefined) return undefined;
      const now = system.now();
      if (now - found.usedAt > IDLE_LIFE) {
        end(found.id);
        return undefined;
      }
      found.usedAt = now;
      found.ticket = undefined;
      return found.id;
    },
    exchange: (ticket) => {
      const digest = digestOf(ticket);
      const found = sessions.find((one) => one.ticket !== undefined && timingSafeEqual(one.ticket, digest));
      if (found === undefined) return undefined;
      found.ticket = undefined;
      if (system.monotonic() - found.madeAt > TICKET_LIFE) return undefined;
      const cookie = freshToken();
      found.digest = digestOf(cookie);
      return new Secret(cookie);
    },
    get size() {
      return sessions.length;
    },
    endAll: () => {
      pending = undefined;
      for (const { id } of sessions.slice()) end(id);
    },
    close: () => closed.abort(),
  };
}

/** A token for programs that are no browsers, one per process (security.md R-C5, R-N8). */
export interface ApiToken {
  readonly token: Secret;
  matches(value: string): boolean;
}

export function createApiToken(system: System): ApiToken {
  const token = system.random(TOKEN_BYTES).toString("base64url");
  const digest = digestOf(token);
  return { token: new Secret(token), matches: (value) => timingSafeEqual(digestOf(value), digest) };
}

/** Names of the session cookie of one origin. The port is in them, since all ports of a name share one jar. */
export interface CookieNames {
  readonly strict: string;
  /** For browsers that keep no `Secure` cookie from a loopback origin without TLS. */
  readonly plain: string;
}

export const sessionCookieNames = (host: string, port: number): CookieNames => {
  const plain = `kauth-${hash("sha256", `${host}:${port}`, "hex").slice(0, 8)}`;
  return { strict: `__Host-${plain}`, plain };
};

/** The `Set-Cookie` line. No lifetime: the cookie ends with the browser, the session with the process. */
export const sessionCookie = (name: string, value: Secret): string =>
  `${name}=${value.reveal()};${name.startsWith("__Host-") ? " Secure;" : ""} HttpOnly; SameSite=Strict; Path=/`;
