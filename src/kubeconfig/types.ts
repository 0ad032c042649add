import type { Secret } from "../base/secret.ts";
import type { Millis } from "../base/units.ts";

/** Field names are those of the file (credentials.md §1.4), in camel case. Absent fields are undefined. */
export interface Cluster {
  readonly server: string | undefined;
  readonly tlsServerName: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly certificateAuthority: string | undefined;
  /** PEM, already decoded from base64. */
  readonly certificateAuthorityData: string | undefined;
  readonly proxyUrl: string | undefined;
  readonly disableCompression: boolean;
  /** The extension `client.authentication.k8s.io/exec`, as it stands in the file. */
  readonly execConfig: unknown;
}

export interface ExecConfig {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
  /** As written; "" where the file has none and the version has no default. */
  readonly interactiveMode: string;
}

export interface AuthProvider {
  readonly name: string;
  readonly config: ReadonlyMap<string, string>;
}

/** Somebody else to act as. Without a user there is nobody, and the rest is empty. */
export interface Impersonation {
  readonly user: string | undefined;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

export interface User {
  readonly clientCertificate: string | undefined;
  readonly clientCertificateData: string | undefined;
  readonly clientKey: string | undefined;
  readonly clientKeyData: Secret | undefined;
  readonly token: Secret | undefined;
  readonly tokenFile: string | undefined;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly impersonate: Impersonation;
  readonly exec: ExecConfig | undefined;
  readonly authProvider: AuthProvider | undefined;
}

export interface Context {
  readonly cluster: string | undefined;
  readonly user: string | undefined;
  readonly namespace: string | undefined;
}

/** Of the very file that was read, whatever has its name later: who owns it, and its permission bits, e.g. 0o600. */
export interface OriginFacts {
  readonly uid: number;
  readonly mode: number;
}

/** An entry and the file that it came from (absolute; undefined when read from bytes). */
export interface Entry<T> {
  readonly value: T;
  readonly origin: string | undefined;
  readonly originFacts: OriginFacts | undefined;
}

export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Entry<Cluster>>;
  readonly users: ReadonlyMap<string, Entry<User>>;
  readonly contexts: ReadonlyMap<string, Entry<Context>>;
  /** The files that were looked for, in order. */
  readonly sources: readonly string[];
}

/** kubectl's global flags (credentials.md §1.5). An absent one changes nothing. */
export interface Overrides {
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  readonly token?: Secret;
  /** No flag of kubectl's; for programs. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly as?: string;
  readonly asUid?: string;
  readonly asGroups?: readonly string[];
  /** `KEY=VALUE` each. */
  readonly asUserExtra?: readonly string[];
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  readonly namespace?: string;
  /** Seconds, or a duration of Go; "0" is none. */
  readonly requestTimeout?: string;
  readonly disableCompression?: boolean;
}

/** One cluster, one user, one namespace: what everything after kubeconfig works with. */
export interface ClientConfig {
  /** Names as in the file; undefined where flags alone decided. */
  readonly contextName: string | undefined;
  readonly clusterName: string | undefined;
  readonly userName: string | undefined;
  /** Resolved by client-go's defaulting rules: scheme, path prefix kept, no query, no fragment. */
  readonly server: URL;
  readonly cluster: Cluster;
  readonly user: User;
  /** Of file and flags; the same as `user.impersonate`. */
  readonly impersonate: Impersonation;
  readonly namespace: string;
  /** How long one request may take, and what the API server is told; undefined: nothing was said. */
  readonly requestTimeout: Millis | undefined;
  /** The file that the user's stanza came from: who may write it decides whether its plugin may run. */
  readonly userOrigin: string | undefined;
  /** Who could write that file when it was read; without it a file's plugin does not run. */
  readonly userOriginFacts: OriginFacts | undefined;
}

/** Which credential plugins may run: kubectl's kuberc (credentials.md §1.9). Entries are clean paths or bare names. */
export type PluginPolicy =
  | { readonly kind: "AllowAll" }
  | { readonly kind: "DenyAll" }
  | { readonly kind: "Allowlist"; readonly entries: readonly string[] };
