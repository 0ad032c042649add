import type { Secret } from "../base/secret.ts";
import type { EpochMillis } from "../base/units.ts";

export interface ClientCertificate {
  /** PEM, leaf first. */
  readonly cert: string;
  /** PEM. */
  readonly key: Secret;
}

export type HeaderCredential =
  | { readonly kind: "bearer"; readonly token: Secret }
  | { readonly kind: "basic"; readonly username: string; readonly password: Secret };

/** What identifies a person at one moment. A certificate and a header may both be there, and both are then sent. */
export interface Credential {
  readonly header: HeaderCredential | undefined;
  readonly certificate: ClientCertificate | undefined;
  /** When it ends, if its issuer said so. */
  readonly expiresAt: EpochMillis | undefined;
}

/** Which field of a user gave the credential. */
export type Method = "none" | "token" | "token-file" | "basic" | "certificate" | "exec" | "auth-provider";

export interface GetOptions {
  readonly signal?: AbortSignal;
  /**
   * Fetch another shortly before the end: min(60 s, 10 % of its life). While the old one is good and no other can be
   * had, the old one is given. Default false: used to its very end, as client-go does.
   */
  readonly early?: boolean;
}

/**
 * Where credentials come from. OIDC, IAM and the auth providers implement the same interface.
 * Any number of callers may ask at once; the work is done once.
 */
export interface CredentialSource {
  readonly method: Method;
  /** For messages, e.g. `credential plugin "aws"`; holds no secret and no argument of the plugin. */
  readonly description: string;
  /** A credential that is good now as far as its issuer said. @throws {KnownError} */
  get(options?: GetOptions): Promise<Credential>;
  /**
   * Somebody answered 401 to this very credential. If it is still the current one, fetches another once
   * (single flight) and resolves to it; resolves to undefined when nothing newer can be had (a static token, a
   * failed refresh: the old one stays).
   */
  renew(rejected: Credential, options?: GetOptions): Promise<Credential | undefined>;
  /** Why the last try to get another failed; undefined after one that succeeded, or where there is nothing to fail. */
  failure?(): unknown;
  /** A person acts: what is remembered of failures, and of tries that were made lately, counts no more. */
  forget?(): void;
}
