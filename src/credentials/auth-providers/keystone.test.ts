import { describe, expect, test } from "vitest";
import { isKnownError } from "../../base/errors.ts";
import { Secret } from "../../base/secret.ts";
import { tokenRequest, tokensUrl, type KeystoneIdentity } from "./keystone.ts";
import { environmentIdentity } from "./openstack-environment.ts";

const NOBODY: KeystoneIdentity = {
  endpoint: "https://keystone.example/v3",
  username: "",
  userId: "",
  password: new Secret(""),
  tenantId: "",
  tenantName: "",
  domainId: "",
  domainName: "",
  applicationCredentialId: "",
  applicationCredentialName: "",
  applicationCredentialSecret: new Secret(""),
};
const textOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isKnownError(error, "AUTH_PROVIDER_FAILED")) return error.message;
    throw error;
  }
  return "no error";
};

const password = new Secret("canary-p");
const applicationCredentialSecret = new Secret("canary-s");

describe("what Keystone is asked (v3)", () => {
  const byPassword = (user: object, scope?: object): object => ({
    auth: {
      identity: { methods: ["password"], password: { user: { ...user, password: "canary-p" } } },
      ...(scope === undefined ? {} : { scope }),
    },
  });
  const byCredential = (credential: object): object => ({
    auth: { identity: { methods: ["application_credential"], application_credential: credential } },
  });
  const inDomain = { name: "me", domain: { name: "d" } };

  test.each<[string, Partial<KeystoneIdentity>, object]>([
    ["a name in a named domain", { username: "me", domainName: "d", password }, byPassword(inDomain)],
    [
      "a name in a numbered domain",
      { username: "me", domainId: "1", password },
      byPassword({ name: "me", domain: { id: "1" } }),
    ],
    ["a number", { userId: "7", password }, byPassword({ id: "7" })],
    [
      "a project's number",
      { username: "me", domainName: "d", password, tenantId: "t", tenantName: "n" },
      byPassword(inDomain, { project: { id: "t" } }),
    ],
    [
      "a project's name in the user's domain",
      { username: "me", domainName: "d", password, tenantName: "n" },
      byPassword(inDomain, { project: { name: "n", domain: { name: "d" } } }),
    ],
    [
      "a project's name in a numbered domain",
      { username: "me", domainId: "1", password, tenantName: "n" },
      byPassword({ name: "me", domain: { id: "1" } }, { project: { name: "n", domain: { id: "1" } } }),
    ],
    [
      "a password before an application credential",
      { userId: "7", password, applicationCredentialId: "a", applicationCredentialSecret },
      byPassword({ id: "7" }),
    ],
    [
      "an application credential's number, without any scope",
      { applicationCredentialId: "a", applicationCredentialSecret, tenantId: "t" },
      byCredential({ id: "a", secret: "canary-s" }),
    ],
    [
      "an application credential's name and a user's number",
      { applicationCredentialName: "a", applicationCredentialSecret, userId: "7" },
      byCredential({ name: "a", secret: "canary-s", user: { id: "7" } }),
    ],
    [
      "an application credential's name and a user's name",
      { applicationCredentialName: "a", applicationCredentialSecret, username: "me", domainName: "d" },
      byCredential({ name: "a", secret: "canary-s", user: inDomain }),
    ],
  ])("%s", (_name, identity, wanted) => {
    expect(tokenRequest({ ...NOBODY, ...identity })).toEqual(wanted);
  });

  const user = { username: "me", domainName: "d" };
  test.each<[string, Partial<KeystoneIdentity>, string]>([
    ["nothing", {}, "You must provide a password to authenticate"],
    [
      "a password of nobody",
      { password },
      "Exactly one of Username and UserID must be provided for password authentication",
    ],
    [
      "two users",
      { ...user, userId: "7", password },
      "Exactly one of Username and UserID must be provided for password authentication",
    ],
    [
      "a name without a domain",
      { username: "me", password },
      "You must provide exactly one of DomainID or DomainName to authenticate by Username",
    ],
    [
      "a name with two domains",
      { ...user, domainId: "1", password },
      "You must provide exactly one of DomainID or DomainName to authenticate by Username",
    ],
    [
      "a number in a domain",
      { userId: "7", domainId: "1", password },
      "DomainID may not be provided when authenticating with a UserID",
    ],
    [
      "a number in a named domain",
      { userId: "7", domainName: "d", password },
      "DomainName may not be provided when authenticating with a UserID",
    ],
    [
      "a project's name without a domain",
      { userId: "7", password, tenantName: "n" },
      "You must provide exactly one of DomainID or DomainName in a Scope with ProjectName",
    ],
    [
      "an application credential without its secret",
      { applicationCredentialId: "a" },
      "You must provide an Application Credential Secret",
    ],
  ])("%s is refused", (_name, identity, wanted) => {
    expect(textOf(() => tokenRequest({ ...NOBODY, ...identity }))).toBe(wanted);
  });

  test.each([
    ["https://keystone.example", "https://keystone.example/v3/auth/tokens"],
    ["https://keystone.example:5000/v3/", "https://keystone.example:5000/v3/auth/tokens"],
    ["https://keystone.example/identity", "https://keystone.example/identity/v3/auth/tokens"],
    ["https://keystone.example/identity/v3", "https://keystone.example/identity/v3/auth/tokens"],
    ["https://keystone.example/v2.0", "https://keystone.example/v3/auth/tokens"],
  ])("%s is asked at %s", (endpoint, wanted) => {
    expect(tokensUrl(endpoint).href).toBe(wanted);
  });

  test.each([["keystone.example"], ["file:///etc"], [""]])("%j is no endpoint", (endpoint) => {
    expect(textOf(() => tokensUrl(endpoint))).toBe(
      "Cannot use the identity endpoint: it is no http or https URL",
    );
  });
});

describe("whom OS_* names (gophercloud 0.1)", () => {
  const one = (name: string): string => `Missing environment variable [OS_${name}]`;
  const some = (...names: string[]): string =>
    `Missing one of the following environment variables [${names.map((name) => `OS_${name}`).join(", ")}]`;
  const url = { OS_AUTH_URL: "https://keystone.example" };
  const me = { ...url, OS_USERNAME: "me", OS_PASSWORD: "canary-p" };
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["nothing", {}, one("AUTH_URL")],
    ["an empty address", { ...me, OS_AUTH_URL: "" }, one("AUTH_URL")],
    ["nobody", { ...url, OS_PASSWORD: "canary-p" }, some("USERID", "USERNAME")],
    ["a user without a password", { ...url, OS_USERNAME: "me" }, one("PASSWORD")],
    ["a user's number without a password", { ...url, OS_USERID: "7" }, one("PASSWORD")],
    [
      "an application credential's secret alone",
      { ...url, OS_APPLICATION_CREDENTIAL_SECRET: "canary-s" },
      one("PASSWORD"),
    ],
    [
      "an application credential's number without its secret",
      { ...url, OS_APPLICATION_CREDENTIAL_ID: "a" },
      one("APPLICATION_CREDENTIAL_SECRET"),
    ],
    [
      "an application credential's name without its secret",
      { ...me, OS_APPLICATION_CREDENTIAL_NAME: "a" },
      one("APPLICATION_CREDENTIAL_SECRET"),
    ],
    ["a project's name without a domain", { ...me, OS_PROJECT_NAME: "n" }, one("PROJECT_ID")],
    ["a tenant's name without a domain", { ...me, OS_TENANT_NAME: "n" }, one("PROJECT_ID")],
    [
      "an application credential's name of nobody",
      { ...url, OS_APPLICATION_CREDENTIAL_NAME: "a", OS_APPLICATION_CREDENTIAL_SECRET: "canary-s" },
      some("USERID", "USERNAME"),
    ],
    [
      "an application credential's name of a name without a domain",
      {
        ...url,
        OS_USERNAME: "me",
        OS_APPLICATION_CREDENTIAL_NAME: "a",
        OS_APPLICATION_CREDENTIAL_SECRET: "canary-s",
      },
      some("DOMAIN_ID", "DOMAIN_NAME"),
    ],
  ])("%s", (_name, env, wanted) => {
    expect(textOf(() => environmentIdentity(env))).toBe(wanted);
  });

  test.each<[string, Readonly<Record<string, string>>, Partial<KeystoneIdentity>]>([
    ["a user", me, { username: "me", endpoint: "https://keystone.example" }],
    ["a user's number", { ...url, OS_USERID: "7", OS_PASSWORD: "p" }, { userId: "7" }],
    [
      "OS_PROJECT_ID before OS_TENANT_ID",
      { ...me, OS_PROJECT_ID: "p", OS_TENANT_ID: "t" },
      { tenantId: "p" },
    ],
    ["OS_TENANT_ID", { ...me, OS_TENANT_ID: "t" }, { tenantId: "t" }],
    [
      "OS_PROJECT_NAME before OS_TENANT_NAME",
      { ...me, OS_DOMAIN_ID: "1", OS_PROJECT_NAME: "p", OS_TENANT_NAME: "t" },
      { tenantName: "p", domainId: "1" },
    ],
    [
      "an application credential",
      { ...url, OS_APPLICATION_CREDENTIAL_ID: "a", OS_APPLICATION_CREDENTIAL_SECRET: "s" },
      { applicationCredentialId: "a" },
    ],
    [
      "an application credential's name in a domain",
      {
        ...url,
        OS_USERNAME: "me",
        OS_DOMAIN_NAME: "d",
        OS_APPLICATION_CREDENTIAL_NAME: "a",
        OS_APPLICATION_CREDENTIAL_SECRET: "s",
      },
      { applicationCredentialName: "a", domainName: "d" },
    ],
  ])("%s is enough", (_name, env, wanted) => {
    expect(environmentIdentity(env)).toMatchObject(wanted);
  });
});
