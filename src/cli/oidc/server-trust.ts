import { decode, fallback, list, object, optional, string } from "../../base/decode.ts";
import { KnownError } from "../../base/errors.ts";

/** What an API server is told of one OpenID provider. */
export interface ServerTrust {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Undefined: an expression decides, which is not evaluated here. */
  readonly usernameClaim: string | undefined;
  readonly usernamePrefix: string;
  /** Undefined: nobody is in a group, or an expression decides. */
  readonly groupsClaim: string | undefined;
  readonly groupsPrefix: string;
  readonly required: ReadonlyMap<string, string>;
  /** Undefined: all that the API server knows, as AuthenticationConfiguration has it. */
  readonly algorithms: readonly string[] | undefined;
  /** PEM, or the name of a file. */
  readonly authority: string | undefined;
}

/** `apiserver.config.k8s.io`, kind AuthenticationConfiguration, as far as it is looked at. */
const claimOrExpression = object({ claim: fallback(string, ""), prefix: fallback(string, "") });
const authenticator = object({
  issuer: object({
    url: string,
    audiences: fallback(list(string), []),
    certificateAuthority: fallback(string, ""),
  }),
  claimMappings: object({
    username: fallback(claimOrExpression, { claim: "", prefix: "" }),
    groups: optional(claimOrExpression),
  }),
  claimValidationRules: fallback(
    list(object({ claim: fallback(string, ""), requiredValue: fallback(string, "") })),
    [],
  ),
});
const configuration = object({ kind: string, jwt: fallback(list(authenticator), []) });

const given = (text: string): string | undefined => (text === "" ? undefined : text);

/**
 * The providers that a server trusts, from its AuthenticationConfiguration (as `document`), or from any text that has its
 * `--oidc-…` flags, such as the manifest of its pod.
 * @throws {KnownError} OIDC_SERVER_CONFIG
 */
export const readServerTrust = (text: string, document: unknown, what: string): readonly ServerTrust[] => {
  const named = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    Reflect.get(value, "kind") === "AuthenticationConfiguration";
  if (named(document)) return fromConfiguration(document, what);
  return fromFlags(text, what);
};

const fromConfiguration = (document: unknown, what: string): readonly ServerTrust[] =>
  decode(configuration, document, { what, code: "OIDC_SERVER_CONFIG" }).jwt.map(
    ({ issuer, claimMappings: { username, groups }, claimValidationRules }) => ({
      issuer: issuer.url,
      audiences: issuer.audiences,
      usernameClaim: given(username.claim),
      usernamePrefix: username.prefix,
      groupsClaim: given(groups?.claim ?? ""),
      groupsPrefix: groups?.prefix ?? "",
      required: new Map(
        claimValidationRules
          .filter(({ claim }) => claim !== "")
          .map(({ claim, requiredValue }) => [claim, requiredValue]),
      ),
      algorithms: undefined,
      authority: given(issuer.certificateAuthority),
    }),
  );

const DEFAULT_ALGORITHM = "RS256";

/** Flags of kube-apiserver: one provider at most. */
const fromFlags = (text: string, what: string): readonly ServerTrust[] => {
  const flags = new Map<string, string[]>();
  for (const [, name = "", double, single, bare] of text.matchAll(
    /--oidc-([a-z-]+)(?:=|\s+)(?:"([^"]*)"|'([^']*)'|([^\s"',\]]+(?:,[^\s"',\]]+)*))/g,
  ))
    flags.set(name, [...(flags.get(name) ?? []), double ?? single ?? bare ?? ""]);
  const one = (name: string): string | undefined => flags.get(name)?.at(-1);
  const issuer = one("issuer-url");
  if (issuer === undefined)
    throw new KnownError(
      "OIDC_SERVER_CONFIG",
      `Cannot read ${what}: it is no AuthenticationConfiguration, and has no --oidc-issuer-url`,
    );
  const usernameClaim = one("username-claim") ?? "sub";
  const prefix = one("username-prefix");
  return [
    {
      issuer,
      audiences: [one("client-id") ?? ""].filter((id) => id !== ""),
      usernameClaim,
      // kube-apiserver's own: none for e-mail addresses, which say whose they are.
      usernamePrefix: prefix === "-" ? "" : (prefix ?? (usernameClaim === "email" ? "" : `${issuer}#`)),
      groupsClaim: one("groups-claim"),
      groupsPrefix: one("groups-prefix") ?? "",
      required: new Map(
        (flags.get("required-claim") ?? []).map((pair) => {
          const at = pair.indexOf("=");
          return [pair.slice(0, at), pair.slice(at + 1)] as const;
        }),
      ),
      algorithms: one("signing-algs")?.split(",") ?? [DEFAULT_ALGORITHM],
      authority: one("ca-file"),
    },
  ];
};

/** The flags of kube-apiserver that say the same. */
export const serverFlags = (trust: ServerTrust): readonly string[] => [
  `--oidc-issuer-url=${trust.issuer}`,
  `--oidc-client-id=${trust.audiences[0] ?? ""}`,
  `--oidc-username-claim=${trust.usernameClaim ?? "sub"}`,
  `--oidc-username-prefix=${trust.usernamePrefix === "" ? "-" : trust.usernamePrefix}`,
  ...(trust.groupsClaim === undefined
    ? []
    : [`--oidc-groups-claim=${trust.groupsClaim}`, `--oidc-groups-prefix=${trust.groupsPrefix}`]),
  ...[...trust.required].map(([claim, value]) => `--oidc-required-claim=${claim}=${value}`),
  ...(trust.algorithms === undefined ||
  trust.algorithms.length === 0 ||
  trust.algorithms.join(",") === DEFAULT_ALGORITHM
    ? []
    : [`--oidc-signing-algs=${trust.algorithms.join(",")}`]),
  ...(trust.authority === undefined ? [] : ["--oidc-ca-file=/etc/kubernetes/pki/oidc-ca.crt"]),
];

/**
 * The same as an AuthenticationConfiguration, which `--authentication-config` names. v1beta1 is what Kubernetes 1.30 to
 * 1.36 read; the flags may not stand beside it.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 */
export const authenticationConfiguration = (trust: ServerTrust): Readonly<Record<string, unknown>> => ({
  apiVersion: "apiserver.config.k8s.io/v1beta1",
  kind: "AuthenticationConfiguration",
  jwt: [
    {
      issuer: {
        url: trust.issuer,
        audiences: trust.audiences,
        ...(trust.authority === undefined ? {} : { certificateAuthority: trust.authority }),
      },
      ...(trust.required.size === 0
        ? {}
        : {
            claimValidationRules: [...trust.required].map(([claim, requiredValue]) => ({
              claim,
              requiredValue,
            })),
          }),
      claimMappings: {
        username: { claim: trust.usernameClaim ?? "sub", prefix: trust.usernamePrefix },
        ...(trust.groupsClaim === undefined
          ? {}
          : { groups: { claim: trust.groupsClaim, prefix: trust.groupsPrefix } }),
      },
    },
  ],
});
