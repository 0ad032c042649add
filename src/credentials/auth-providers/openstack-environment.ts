import { Secret } from "../../base/secret.ts";
import { failed } from "./provider.ts";
import type { KeystoneIdentity } from "./keystone.ts";

/**
 * Whom the `OS_*` variables name, with gophercloud 0.1's rules of what may be missing (credentials.md §3.4).
 * @throws {KnownError} AUTH_PROVIDER_FAILED with gophercloud's text
 */
export const environmentIdentity = (env: Readonly<Record<string, string | undefined>>): KeystoneIdentity => {
  const get = (name: string): string => env[`OS_${name}`] ?? "";
  const identity = {
    endpoint: get("AUTH_URL"),
    username: get("USERNAME"),
    userId: get("USERID"),
    password: new Secret(get("PASSWORD")),
    tenantId: get("PROJECT_ID") || get("TENANT_ID"),
    tenantName: get("PROJECT_NAME") || get("TENANT_NAME"),
    domainId: get("DOMAIN_ID"),
    domainName: get("DOMAIN_NAME"),
    applicationCredentialId: get("APPLICATION_CREDENTIAL_ID"),
    applicationCredentialName: get("APPLICATION_CREDENTIAL_NAME"),
    applicationCredentialSecret: new Secret(get("APPLICATION_CREDENTIAL_SECRET")),
  };
  const { username, userId, domainId, domainName, tenantId, tenantName } = identity;
  const { applicationCredentialId: id, applicationCredentialName: name } = identity;
  const has = (secret: Secret): boolean => secret.reveal() !== "";
  const hasSecret = has(identity.applicationCredentialSecret);
  const nobody = username === "" && userId === "";
  const noDomain = domainId === "" && domainName === "";
  if (identity.endpoint === "") throw missing("AUTH_URL");
  if (nobody && id === "" && !hasSecret) throw missing("USERID", "USERNAME");
  if (!has(identity.password) && id === "" && name === "") throw missing("PASSWORD");
  if ((id !== "" || name !== "") && !hasSecret) throw missing("APPLICATION_CREDENTIAL_SECRET");
  if (noDomain && tenantId === "" && tenantName !== "") throw missing("PROJECT_ID");
  if (id === "" && name !== "" && hasSecret) {
    if (nobody) throw missing("USERID", "USERNAME");
    if (username !== "" && noDomain) throw missing("DOMAIN_ID", "DOMAIN_NAME");
  }
  return identity;
};

const missing = (...names: readonly string[]): Error => {
  const list = names.map((name) => `OS_${name}`).join(", ");
  return failed(
    names.length === 1
      ? `Missing environment variable [${list}]`
      : `Missing one of the following environment variables [${list}]`,
  );
};
