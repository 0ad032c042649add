import type { Secret } from "../base/secret.ts";
import type { System } from "../base/system.ts";
import type { Millis } from "../base/units.ts";
import type { PkceMethod } from "./authorization.ts";
import type { Cache, Entry } from "./cache.ts";
import type { CallbackWishes } from "./callback.ts";
import type { ClientWishes, TokenSource } from "./types.ts";

/** kubelogin's names (oidc.md §1.2), and what came later. */
export type Grant =
  | "authcode"
  | "authcode-keyboard"
  | "password"
  | "device-code"
  | "client-credentials"
  | "token-exchange";

/**
 * The least that will do. `kept`: a token that is good still; `renewed`: a new one, also by a refresh token; `signed-in`:
 * what a person has just signed in for.
 */
export type Least = "kept" | "renewed" | "signed-in";

export interface SignInWishes extends ClientWishes {
  /** The entry's name (`cacheKey`). */
  readonly key: string;
  /** `auto`: whatever this machine and the provider allow. */
  readonly grant: Grant | "auto";
  readonly scopes: readonly string[];
  readonly pkce: PkceMethod;
  /** For the authorization request, or the form of a grant without one. */
  readonly extra: ReadonlyMap<string, string>;
  /** The access token is the credential. Default false: the ID token is. */
  readonly useAccessToken: boolean;
  /** Whom the access token has to be for, where it is the credential. Undefined: anybody. */
  readonly audience?: string | undefined;
  /** Which of several identities (`--account`). */
  readonly account?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly callback: CallbackWishes;
  /** How long a person has. */
  readonly patience: Millis;
  /** Where the browser goes after it. Default: a page of ours. */
  readonly openNext?: URL | undefined;
  readonly least: Least;
  /** A server has refused this one, so it will not do although it has not ended. */
  readonly refused?: Secret | undefined;
  /** How long before its end a token counts as over. Default: 10 s, or a tenth of its life if that is less. */
  readonly margin?: Millis | undefined;
  /** For the grant token-exchange (RFC 8693). */
  readonly subject?: SubjectWishes | undefined;
}

/** Whose token is exchanged, and into what (RFC 8693 §2.1). */
export interface SubjectWishes {
  readonly token: TokenSource;
  /** E.g. `urn:ietf:params:oauth:token-type:jwt`. */
  readonly type: string;
}

/** Where entries are kept. Undefined: nowhere. */
export type Storage = Cache;

/** What the one process that works has to heed. */
export interface Role {
  readonly signal: AbortSignal;
  /**
   * Before a person is asked for anything: it is remembered, so that nobody opens a page a second.
   * @throws {KnownError} OIDC_LOGIN_WAITS: it is too early for another
   */
  readonly beforeAsking: () => Promise<void>;
}

/**
 * Lets one of all processes that want the entry of a key do the work. The others wait and get its entry, or its failure.
 * @param lead reads the storage again first, since another may have been faster; it has written when it resolves
 */
export type SingleFlight = (
  key: string,
  lead: (role: Role) => Promise<Entry>,
  how: {
    readonly signal: AbortSignal;
    /** A person asks for it: failures that are remembered do not count. */
    readonly asked: boolean;
  },
) => Promise<Entry>;

/** What a person on another device has to do (RFC 8628 §3.2). */
export interface DeviceInvitation {
  readonly userCode: string;
  readonly address: string;
  /** The same with the code in it. */
  readonly complete: string | undefined;
}

/** How a person is shown and asked something. All of it is on standard error. */
export interface Presentation {
  /** Why no browser can be opened here, as far as that can be told before; undefined: one can. */
  browserFault(): Promise<string | undefined>;
  /** Whether somebody is likely to read what is shown. */
  readonly seen: boolean;
  /** Whether questions may be asked: standard input is the person's. */
  readonly answers: boolean;
  /** Whether the person has said that no browser is to be opened. */
  readonly skipBrowser: boolean;
  /** Opens the browser, or says where to go. Whether one was opened. */
  openPage(url: URL): Promise<boolean>;
  /** Says where to go, and opens nothing. */
  showPage(url: URL): void;
  showDevice(invitation: DeviceInvitation): Promise<void>;
  tell(text: string): void;
  /**
   * Comes before anything is shown that this question belongs to. Default: it can be asked.
   * @throws {KnownError} OIDC_NOBODY_ASKED
   */
  willAsk?(prompt: string): Promise<void>;
  /** One line. `hidden`: as passwords are. Undefined: there is none. */
  ask(prompt: string, signal: AbortSignal, how?: { readonly hidden?: boolean }): Promise<string | undefined>;
  /** What a person runs to sign in by hand, in words for a shell. */
  readonly loginCommand: string;
}

/** What a sign-in needs around it. */
export interface SignInAround {
  readonly system: System;
  readonly signal: AbortSignal;
  readonly storage: Storage | undefined;
  readonly singleFlight: SingleFlight;
  readonly presentation: Presentation;
}
