import type { System } from "../../../base/system.ts";
import type { ClientKey, Metadata, PkceMethod, TokenSource, Wire } from "../../../oidc/index.ts";
import type { Secret } from "../../../base/secret.ts";
import type { CredentialSource, ExecOptions } from "../../../credentials/index.ts";
import type { ClientConfig } from "../../../kubeconfig/index.ts";
import { checkOf } from "../../doctor/check.ts";
import type { Invocation, ParsedOptions } from "../../command.ts";
import type { CacheSettings, ProviderSettings } from "../settings.ts";

/** The provider and the client that are looked at. */
export interface Examined {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly clientAssertion: TokenSource | undefined;
  readonly clientKey: ClientKey | undefined;
  /** As registered; undefined: `http://localhost:PORT` for each port. */
  readonly redirectUrl: string | undefined;
  /** Beside `openid`. */
  readonly scopes: readonly string[];
  readonly pkce: PkceMethod;
  /** kubelogin's names: auto, authcode, device-code, … */
  readonly grant: string;
  /** Tried in turn for the answer of a sign-in. */
  readonly ports: readonly number[];
  /** Of the address that the answer goes to. */
  readonly scheme: "http" | "https";
  readonly extra: ReadonlyMap<string, string>;
  /** What opens the provider's page, where it is not this machine's browser. */
  readonly browserCommand: string | undefined;
  readonly hasOwnAuthorities: boolean;
  /** Where all that was said, for a person. */
  readonly from: string;
}

/** What a check of the provider may use. */
export interface OidcScene {
  readonly invocation: Invocation;
  readonly system: System;
  readonly signal: AbortSignal;
  readonly examined: Examined;
  /** The same in full, and the options of get-token that they were read from. */
  readonly settings: ProviderSettings & CacheSettings;
  readonly options: ParsedOptions;
  readonly wire: Wire;
  /** The same without verifying certificates: only to find out who answers. */
  readonly blindWire: Wire;
  /** Who is to be looked at there; undefined: only the provider is. */
  readonly cluster: { readonly config: ClientConfig; readonly plugins: ExecOptions } | undefined;
}

export interface OidcLearned {
  readonly metadata: Metadata;
  /** Key types that the provider publishes, e.g. RSA. */
  readonly keyTypes: ReadonlySet<string>;
  /** The provider takes the client. */
  readonly client: true;
  readonly source: CredentialSource;
  /** What kubectl would send, and what it says of itself. */
  readonly token: Secret;
  readonly claims: Readonly<Record<string, unknown>>;
}

export const oidcCheck = checkOf<OidcScene, OidcLearned>();

/** Whether a browser is what signs in. */
export const usesBrowser = ({ grant }: Examined): boolean =>
  grant === "auto" || grant === "authcode" || grant === "authcode-keyboard";

/** The addresses that an answer may be sent to. */
export const redirectUris = ({ redirectUrl, ports, scheme }: Examined): readonly string[] =>
  redirectUrl === undefined ? ports.map((port) => `${scheme}://localhost:${port}`) : [redirectUrl];
