import { DecodeError, object, optional, string } from "../../base/decode.ts";
import { only } from "../../base/headers.ts";
import { sendHttp } from "../../base/http.ts";
import type { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { withoutEcho } from "../../base/echo.ts";
import { httpUrl } from "../../base/http-url.ts";
import { failed } from "./provider.ts";
import { excerpt, parseQuietly, statusText } from "../../base/quote.ts";

/** Whom Keystone is asked to know, in gophercloud's words: a tenant is a project. "" is absent. */
export interface KeystoneIdentity {
  readonly endpoint: string;
  readonly username: string;
  readonly userId: string;
  readonly password: Secret;
  readonly tenantId: string;
  readonly tenantName: string;
  readonly domainId: string;
  readonly domainName: string;
  readonly applicationCredentialId: string;
  readonly applicationCredentialName: string;
  readonly applicationCredentialSecret: Secret;
}

type Json = { readonly [key: string]: string | readonly string[] | Json };

/**
 * The body of `POST /v3/auth/tokens` (OpenStack Identity API v3). A password goes before an application credential, as
 * in gophercloud; an application credential has its project in itself and takes no scope.
 * @throws {KnownError} AUTH_PROVIDER_FAILED with gophercloud's text
 */
export const tokenRequest = (identity: KeystoneIdentity): Json => {
  const password = identity.password.reveal();
  if (password !== "") {
    const scope = scopeOf(identity);
    const user = { ...userOf(identity), password };
    return {
      auth: {
        identity: { methods: ["password"], password: { user } },
        ...(scope === undefined ? {} : { scope }),
      },
    };
  }
  const { applicationCredentialId: id, applicationCredentialName: name } = identity;
  if (id === "" && name === "") throw failed("You must provide a password to authenticate");
  const secret = identity.applicationCredentialSecret.reveal();
  if (secret === "") throw failed("You must provide an Application Credential Secret");
  return {
    auth: {
      identity: {
        methods: ["application_credential"],
        application_credential: id === "" ? { name, secret, user: userOf(identity) } : { id, secret },
      },
    },
  };
};

/** An id alone, or a name within a domain. */
const userOf = ({ username, userId, domainId, domainName }: KeystoneIdentity): Json => {
  if ((username === "") === (userId === ""))
    throw failed("Exactly one of Username and UserID must be provided for password authentication");
  if (userId !== "") {
    if (domainId !== "") throw failed("DomainID may not be provided when authenticating with a UserID");
    if (domainName !== "") throw failed("DomainName may not be provided when authenticating with a UserID");
    return { id: userId };
  }
  if ((domainId === "") === (domainName === ""))
    throw failed("You must provide exactly one of DomainID or DomainName to authenticate by Username");
  return { name: username, domain: domainId === "" ? { name: domainName } : { id: domainId } };
};

const scopeOf = ({ tenantId, tenantName, domainId, domainName }: KeystoneIdentity): Json | undefined => {
  if (tenantId !== "") return { project: { id: tenantId } };
  if (tenantName === "") return undefined;
  if ((domainId === "") === (domainName === ""))
    throw failed("You must provide exactly one of DomainID or DomainName in a Scope with ProjectName");
  return { project: { name: tenantName, domain: domainId === "" ? { name: domainName } : { id: domainId } } };
};

/** `…/v3/auth/tokens` of an endpoint that is written with or without its version. Version 2.0 is gone from Keystone. */
export const tokensUrl = (endpoint: string): URL => {
  const url = httpUrl(`${endpoint.replace(/\/+$/, "").replace(/\/v(?:2\.0|3)$/, "")}/v3/auth/tokens`);
  if (url !== undefined) return url;
  throw failed("Cannot use the identity endpoint: it is no http or https URL");
};

const errorShape = object({ error: optional(object({ message: optional(string) })) });

/** A token of Keystone's. @throws {KnownError} AUTH_PROVIDER_FAILED, or the network's */
export async function keystoneToken(identity: KeystoneIdentity, system: System): Promise<string> {
  const url = tokensUrl(identity.endpoint);
  const answer = await sendHttp(
    {
      method: "POST",
      url,
      headers: [
        ["Content-Type", "application/json"],
        ["Accept", "application/json"],
      ],
      body: JSON.stringify(tokenRequest(identity)),
    },
    system,
  );
  const sent = [identity.password.reveal(), identity.applicationCredentialSecret.reveal()];
  if (answer.status !== 200 && answer.status !== 201)
    throw failed(
      `Expected HTTP response code [201] when accessing [POST ${url.origin}${url.pathname}], but got ${statusText(answer.status)} instead: ${reasonOf(answer.body, sent)}`,
    );
  const token = only(answer.headers, "x-subject-token") ?? "";
  if (token === "") throw failed("Keystone's answer has no X-Subject-Token");
  return token;
}

const reasonOf = (body: string, sent: readonly string[]): string => {
  try {
    return excerpt(withoutEcho(errorShape(parseQuietly(body), "").error?.message ?? "", sent));
  } catch (error) {
    if (error instanceof DecodeError) return "";
    throw error;
  }
};
