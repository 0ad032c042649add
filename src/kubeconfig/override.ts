import { resolvePath } from "./path.ts";
import type { Cluster, Impersonation, Overrides, User } from "./types.ts";

/** A flag that is empty says nothing (credentials.md §1.5). */
const given = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** Where paths of flags begin, and whose rules they follow. */
export interface FlagPlace {
  readonly cwd: string;
  readonly platform?: NodeJS.Platform;
}

const pathOf = (path: string | undefined, { cwd, platform }: FlagPlace): string | undefined =>
  path === undefined || path === "" ? undefined : resolvePath(path, cwd, platform ?? "linux");

/** A cluster entry under kubectl's flags, rows O1–O3. */
export const overrideCluster = (cluster: Cluster, overrides: Overrides, place: FlagPlace): Cluster => {
  const server = given(overrides.server);
  const tlsServerName = given(overrides.tlsServerName);
  const authority = pathOf(overrides.certificateAuthority, place);
  const insecure = overrides.insecureSkipTlsVerify === true;
  return {
    ...cluster,
    server: server ?? cluster.server,
    // A name of the old server's certificate says nothing about another server.
    tlsServerName: server === undefined ? (tlsServerName ?? cluster.tlsServerName) : tlsServerName,
    disableCompression: cluster.disableCompression || overrides.disableCompression === true,
    // Whoever says how to trust says all of it. Both at once is an error later on.
    ...(insecure || authority !== undefined
      ? {
          insecureSkipTlsVerify: insecure,
          certificateAuthority: authority,
          certificateAuthorityData: undefined,
        }
      : {}),
  };
};

/** A user entry under kubectl's flags, rows O4–O8. */
export const overrideUser = (user: User, overrides: Overrides, place: FlagPlace): User => {
  const certificate = pathOf(overrides.clientCertificate, place);
  const key = pathOf(overrides.clientKey, place);
  return {
    ...user,
    token: overrides.token ?? user.token,
    tokenFile: pathOf(overrides.tokenFile, place) ?? user.tokenFile,
    username: given(overrides.username) ?? user.username,
    password: overrides.password ?? user.password,
    impersonate: overrideImpersonation(user.impersonate, overrides),
    // File and data are replaced as a pair, so that no "both are specified" arises.
    ...(certificate === undefined
      ? {}
      : { clientCertificate: certificate, clientCertificateData: undefined }),
    ...(key === undefined ? {} : { clientKey: key, clientKeyData: undefined }),
  };
};

const overrideImpersonation = (old: Impersonation, overrides: Overrides): Impersonation => ({
  user: given(overrides.as) ?? old.user,
  uid: given(overrides.asUid) ?? old.uid,
  groups: overrides.asGroups !== undefined && overrides.asGroups.length > 0 ? overrides.asGroups : old.groups,
  extra: new Map([...old.extra, ...extraOf(overrides.asUserExtra ?? [])]),
});

/** `a=b` and `a=c` are two values of a; text without `=` is left out, as client-go does it (O5). */
const extraOf = (pairs: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const extra = new Map<string, readonly string[]>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals === -1) continue;
    const key = pair.slice(0, equals);
    extra.set(key, [...(extra.get(key) ?? []), pair.slice(equals + 1)]);
  }
  return extra;
};
