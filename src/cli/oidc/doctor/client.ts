import { isKnownError, type KnownError } from "../../../base/errors.ts";
import { only } from "../../../base/headers.ts";
import { excerpt, quoted, statusText } from "../../../base/quote.ts";
import { Secret } from "../../../base/secret.ts";
import { beginAuthorization, isPassing, refreshTokens, type Metadata } from "../../../oidc/index.ts";
import { badNote } from "../../doctor/check.ts";
import type { Note } from "../../doctor/finding.ts";
import { oidcCheck, redirectUris, usesBrowser, type Examined, type OidcScene } from "./scene.ts";

export const pkceCheck = oidcCheck({
  id: "pkce",
  subject: "PKCE",
  needs: ["metadata"],
  applies: ({ examined }) => usesBrowser(examined),
  run: ({ examined }, { metadata: { challengeMethods } }) => {
    if (examined.pkce === "no")
      return {
        notes: [
          {
            state: "warning",
            found: "it is switched off, so a stolen code is worth a token",
            next: "Leave --oidc-pkce-method no out, unless the provider cannot do without",
          },
        ],
      };
    if (challengeMethods === undefined)
      return { notes: [{ state: "ok", found: "S256 is sent; the provider does not say whether it looks" }] };
    if (challengeMethods.includes("S256"))
      return { notes: [{ state: "ok", found: "the provider protects codes with S256" }] };
    return {
      notes: [
        {
          state: examined.pkce === "S256" ? "warning" : "bad",
          found: `of the ways to protect a code the provider names ${challengeMethods.slice(0, 5).join(", ") || "none"}, not S256`,
          next: "Ask whoever runs the provider to allow S256; without it all the same: --oidc-pkce-method no",
        },
      ],
    };
  },
});

interface GrantFacts {
  /** As `grant_types_supported` has it. */
  readonly named: string;
  readonly endpoint: (metadata: Metadata) => string | undefined;
  readonly wants: string;
}

const GRANTS: Readonly<Record<string, GrantFacts>> = {
  authcode: {
    named: "authorization_code",
    endpoint: (metadata) => metadata.authorizationEndpoint,
    wants: "authorization_endpoint",
  },
  "device-code": {
    named: "urn:ietf:params:oauth:grant-type:device_code",
    endpoint: (metadata) => metadata.deviceEndpoint,
    wants: "device_authorization_endpoint",
  },
  password: { named: "password", endpoint: (metadata) => metadata.tokenEndpoint, wants: "token_endpoint" },
  "client-credentials": {
    named: "client_credentials",
    endpoint: (metadata) => metadata.tokenEndpoint,
    wants: "token_endpoint",
  },
};

/** Which ways to sign in there are, and whether the one that is wished is among them. */
export const grantsCheck = oidcCheck({
  id: "grants",
  subject: "grants",
  needs: ["metadata"],
  run: ({ examined }, { metadata }) => {
    const offers = (name: string): boolean => {
      const facts = GRANTS[name];
      if (facts === undefined || facts.endpoint(metadata) === undefined) return false;
      // Silence means authorization_code (RFC 8414 §2); an endpoint of its own speaks for itself.
      if (metadata.grantTypes === undefined) return name === "authcode" || name === "device-code";
      return name === "device-code" || metadata.grantTypes.includes(facts.named);
    };
    const offered = Object.keys(GRANTS).filter(offers);
    const said = offered.length === 0 ? "none that kauth knows" : offered.join(", ");
    const wished =
      examined.grant === "auto" || examined.grant === "authcode-keyboard" ? "authcode" : examined.grant;
    if (offered.includes(wished) || GRANTS[wished] === undefined)
      return { notes: [{ state: "ok", found: `the provider offers ${said}` }] };
    const { endpoint, wants } = GRANTS[wished];
    const missing = endpoint(metadata) === undefined ? ` (it has no ${wants})` : "";
    return {
      notes: [
        {
          state: endpoint(metadata) === undefined ? "bad" : "warning",
          found: `the provider does not offer ${wished}${missing}, but ${said}`,
          next:
            offered.length === 0
              ? "Ask whoever runs the provider to allow it for the client"
              : `Choose another way: --grant-type ${offered[0] ?? ""}`,
        },
      ],
    };
  },
});

/** Scopes that are asked for and that the provider does not list. */
export const scopesCheck = oidcCheck({
  id: "scopes",
  subject: "scopes",
  needs: ["metadata"],
  run: ({ examined }, { metadata: { scopes } }) => {
    const asked = ["openid", ...examined.scopes];
    if (scopes === undefined)
      return { notes: [{ state: "ok", found: `${asked.join(" ")}; the provider does not list its scopes` }] };
    const unknown = asked.filter((scope) => scope !== "offline_access" && !scopes.includes(scope));
    if (unknown.length === 0)
      return { notes: [{ state: "ok", found: `${asked.join(" ")}: the provider lists them` }] };
    return {
      notes: [
        {
          state: "warning",
          found: `the provider does not list ${unknown.join(", ")}`,
          next: "Where the sign-in ends with invalid_scope, or a claim is missing, look at the scopes of the client",
        },
      ],
    };
  },
});

/** What providers say, and what it means. */
const REFUSALS: readonly { readonly pattern: RegExp; readonly next: string }[] = [
  {
    // kubelogin issue 1048.
    pattern: /AADSTS9002327/,
    next: "At Microsoft, register the redirect URI under “Mobile and desktop applications”, not as a single-page application",
  },
  {
    pattern: /AADSTS7000218/,
    next: "At Microsoft, allow public client flows for the app, or give its secret with --oidc-client-secret",
  },
];

const NO_TOKEN = "kauth-doctor-asks-with-no-token";

/** Asks for a refresh with a token that is none: a provider that knows the client says invalid_grant. */
export const clientCheck = oidcCheck({
  id: "client",
  subject: "client",
  needs: ["metadata"],
  run: async ({ examined, wire, system, signal }, { metadata }) => {
    const kind =
      examined.clientKey !== undefined || examined.clientAssertion !== undefined
        ? "with its assertion"
        : examined.clientSecret === undefined
          ? "without a secret"
          : "with its secret";
    const party = { metadata, client: examined, wire, system, signal };
    try {
      await refreshTokens(party, new Secret(NO_TOKEN));
    } catch (error) {
      if (!isKnownError(error)) throw error;
      signal.throwIfAborted();
      return clientOutcome(error, kind, examined);
    }
    return {
      notes: [
        {
          state: "bad",
          found: "the provider gave tokens for a refresh token that is none",
          next: "Do not trust it",
        },
      ],
    };
  },
});

const clientOutcome = (
  error: KnownError,
  kind: string,
  examined: Examined,
): { readonly notes: readonly Note[]; readonly learned?: { readonly client: true } } => {
  if (error.code === "OIDC_GRANT_REFUSED")
    return {
      learned: { client: true },
      notes: [{ state: "ok", found: `the provider takes client ${examined.clientId} ${kind}` }],
    };
  if (isPassing(error)) return { notes: [badNote(error)] };
  const known = REFUSALS.find(({ pattern }) => pattern.test(error.message));
  if (known !== undefined) return { notes: [{ ...badNote(error), next: known.next }] };
  if (/"invalid_client\b/.test(error.message))
    return {
      notes: [
        {
          state: "bad",
          found: `the provider does not take client ${examined.clientId} ${kind}: ${error.message}`,
          next:
            examined.clientSecret === undefined
              ? "Check the client ID. If the client is registered with a secret, give it with --oidc-client-secret, or register it as a public (native) client, which is better on a person's machine"
              : "Check client ID and secret letter by letter, and whether the client is a public one, which has none",
        },
      ],
    };
  if (/"(?:unauthorized_client|unsupported_grant_type)\b/.test(error.message))
    return {
      learned: { client: true },
      notes: [
        {
          state: "warning",
          found: `client ${examined.clientId} may not refresh tokens: ${error.message}`,
          next: "Allow the grant refresh_token for it at the provider, or sign in again whenever a token ends",
        },
      ],
    };
  return {
    notes: [
      { state: "warning", found: `the provider does not say whether it takes the client: ${error.message}` },
    ],
  };
};

/** Asks the authorization endpoint without a person: a provider answers an address that it knows, or refuses here. */
export const redirectCheck = oidcCheck({
  id: "redirect",
  subject: "redirect URI",
  needs: ["metadata"],
  applies: ({ examined }) => usesBrowser(examined),
  run: async (scene, { metadata }) => {
    if (metadata.parRequired)
      return {
        notes: [
          { state: "none", found: "the provider wants requests pushed, so it is judged at the sign-in only" },
        ],
      };
    const notes: Note[] = [];
    for (const uri of redirectUris(scene.examined)) notes.push(await redirectNote(uri, scene, metadata));
    // The second port is for when the first is taken.
    const [first] = notes;
    const enough = first?.state === "ok" && notes.slice(1).some(({ state }) => state !== "ok");
    if (!enough) return { notes };
    return {
      notes: [
        {
          state: "ok",
          found: `${first.found}; not the other, which is used where the first port is taken: register ${redirectUris(scene.examined).slice(1).join(", ")} too`,
        },
      ],
    };
  },
});

const redirectNote = async (
  redirectUri: string,
  { examined, wire, system, signal }: OidcScene,
  metadata: Metadata,
): Promise<Note> => {
  const { url } = beginAuthorization(
    // Whether S256 is known is another check's matter.
    { ...metadata, challengeMethods: undefined },
    {
      clientId: examined.clientId,
      redirectUri,
      scopes: examined.scopes,
      pkce: examined.pkce,
      extra: new Map([...examined.extra, ["prompt", "none"]]),
    },
    system,
  );
  const answer = await wire.send({ method: "GET", url, headers: [["Accept", "text/html"]] }, signal);
  const location = only(answer.headers, "location") ?? "";
  const isRedirect = answer.status >= 300 && answer.status < 400 && location !== "";
  if (isRedirect && isAt(location, redirectUri))
    return answeredNote(redirectUri, new URL(location), metadata);
  const text = isRedirect ? location : answer.body;
  const about = /redirect[_ -]?uri|AADSTS50011/i.test(text);
  if (answer.status >= 400 || (about && /error|invalid|mismatch|AADSTS/i.test(text))) {
    const unknownClient =
      /invalid_client|client.{0,20}(?:not found|unknown|invalid)|unknown client|AADSTS700016/i;
    return {
      state: "bad",
      found: `the provider does not take ${redirectUri}: it answered ${statusText(answer.status)}${answer.status >= 400 ? `: ${quoted(excerpt(plainText(answer.body), 160))}` : ""}`,
      next:
        !about && unknownClient.test(text)
          ? `Check the client ID: the provider does not know ${examined.clientId}`
          : `Register ${redirectUri} for client ${examined.clientId}, exactly so (no slash at the end), as a native client, or name the registered one with --oidc-redirect-url`,
    };
  }
  return {
    state: "ok",
    found: `the provider asks for a sign-in with ${redirectUri}`,
  };
};

/** An error page without its tags. */
const plainText = (body: string): string =>
  body
    .slice(0, 20_000)
    .replaceAll(/<(style|script)\b.*?<\/\1>/gis, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();

const isAt = (location: string, redirectUri: string): boolean => {
  if (!URL.canParse(location)) return false;
  const [there, ours] = [new URL(location), new URL(redirectUri)];
  return there.origin === ours.origin && there.pathname === ours.pathname;
};

/** OpenID Connect Core 1.0 §3.1.2.6: what a provider says of a request that no person can answer. */
const NOBODY = new Set([
  "login_required",
  "interaction_required",
  "consent_required",
  "account_selection_required",
]);

const answeredNote = (redirectUri: string, location: URL, metadata: Metadata): Note => {
  const error = location.searchParams.get("error") ?? "";
  const words = excerpt(`${error} ${location.searchParams.get("error_description") ?? ""}`.trim(), 200);
  const iss = location.searchParams.get("iss");
  if (iss !== null && iss !== metadata.issuer)
    return {
      state: "bad",
      found: `the provider's answers name the issuer ${quoted(iss)}, not ${quoted(metadata.issuer)}`,
      next: "Sign-ins are refused for it (RFC 9207): show this to whoever runs the provider",
    };
  if (metadata.issuerInAnswers && iss === null)
    return {
      state: "bad",
      found: "the provider promises to name itself in its answers (RFC 9207), and does not",
      next: "Sign-ins are refused for it: show this to whoever runs the provider",
    };
  if (error === "" || NOBODY.has(error)) return { state: "ok", found: `the provider knows ${redirectUri}` };
  return {
    state: "bad",
    found: `the provider knows ${redirectUri}, and refuses the request: ${words}`,
    next:
      error === "invalid_scope"
        ? "Leave the scope out that it names, or allow it for the client"
        : error === "unauthorized_client" || error === "unsupported_response_type"
          ? "Allow the authorization code flow for the client at the provider"
          : "Show this to whoever runs the provider",
  };
};
