import type { RawHeaders } from "../base/headers.ts";
import type { Secret } from "../base/secret.ts";
import type { EpochMillis, Millis } from "../base/units.ts";

/** How a provider is reached. */
export interface Reach {
  /** PEM; trusted beside what the system trusts. */
  readonly ca?: string | undefined;
  /** Default true. False: any certificate will do. */
  readonly verify?: boolean;
  /** Added to every request. */
  readonly headers?: RawHeaders;
  /** Plain http also where the provider is not on this machine. Default false. */
  readonly allowHttp?: boolean;
  /** For one exchange. Default 10 s (security.md R-J5). */
  readonly timeout?: Millis;
}

/** A token that something else gives, anew each time it is asked. */
export type TokenSource = (wire: TokenSourceAround) => Promise<Secret>;

export interface TokenSourceAround {
  readonly issuer: string;
  readonly signal?: AbortSignal | undefined;
}

/** A private key that the client shows that it has (OpenID Connect Core 1.0 §9, private_key_jwt). */
export interface ClientKey {
  /** PEM. */
  readonly key: Secret;
  /** As the provider knows it. */
  readonly id: string | undefined;
}

/** Which provider, as which client. */
export interface ClientWishes {
  /** Compared byte for byte. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: Secret | undefined;
  /** In place of a secret (RFC 7523 §2.2). */
  readonly clientAssertion?: TokenSource | undefined;
  readonly clientKey?: ClientKey | undefined;
  readonly reach: Reach;
}

/** What a provider says of itself (OpenID Connect Discovery 1.0 §3), as far as it is used. */
export interface Metadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly jwksUri: string;
  readonly deviceEndpoint: string | undefined;
  readonly revocationEndpoint: string | undefined;
  readonly endSessionEndpoint: string | undefined;
  readonly parEndpoint: string | undefined;
  readonly parRequired: boolean;
  /** Never empty: RS256 where nothing is said. */
  readonly signingAlgorithms: readonly string[];
  /** Undefined: nothing is said. */
  readonly challengeMethods: readonly string[] | undefined;
  readonly authMethods: readonly string[];
  readonly grantTypes: readonly string[] | undefined;
  readonly scopes: readonly string[] | undefined;
  /** RFC 9207: every answer of the authorization endpoint names the issuer. */
  readonly issuerInAnswers: boolean;
}

/** What a token endpoint gave. */
export interface Tokens {
  readonly idToken: Secret | undefined;
  readonly accessToken: Secret;
  readonly refreshToken: Secret | undefined;
  /** Of the access token, as far as was said. */
  readonly expiresAt: EpochMillis | undefined;
  /** What a token exchange gave (RFC 8693 §2.2.1). */
  readonly issuedType?: string | undefined;
}

/** What a verified ID token says (OpenID Connect Core 1.0 §2). */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: EpochMillis;
  readonly iat: EpochMillis;
  readonly azp: string | undefined;
  readonly nonce: string | undefined;
  readonly all: Readonly<Record<string, unknown>>;
}
