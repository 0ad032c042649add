import { isKnownError, type KnownError } from "../../../base/errors.ts";
import { httpUrl } from "../../../base/http-url.ts";
import { parseQuietly, quoted, statusText } from "../../../base/quote.ts";
import { environmentProxy, proxyName } from "../../../base/proxy-rule.ts";
import { discover, type Wire } from "../../../oidc/index.ts";
import { badNote } from "../../doctor/check.ts";
import type { Note } from "../../doctor/finding.ts";
import { oidcCheck, type OidcScene } from "./scene.ts";

export const settingsCheck = oidcCheck({
  id: "settings",
  subject: "settings",
  needs: [],
  run: ({ examined }) => ({
    notes: [
      {
        state: "ok",
        found: `issuer ${examined.issuer}, client ${examined.clientId}, from ${examined.from}`,
      },
    ],
  }),
});

export const proxyCheck = oidcCheck({
  id: "proxy",
  subject: "proxy",
  needs: [],
  run: ({ examined, system }) => {
    const url = httpUrl(examined.issuer);
    const proxy = url === undefined ? undefined : environmentProxy(url, system.env);
    return {
      notes: [
        proxy === undefined
          ? { state: "none", found: "none is on the way to the provider" }
          : { state: "ok", found: `${proxyName(proxy)}, from ${proxy.from}` },
      ],
    };
  },
});

/** Discovery, byte for byte: what Kubernetes compares too. */
export const discoveryCheck = oidcCheck({
  id: "discovery",
  subject: "discovery",
  needs: [],
  run: async (scene) => {
    const { examined, wire, signal } = scene;
    try {
      const metadata = await discover(examined.issuer, wire, signal);
      return {
        learned: { metadata },
        notes: [reachedNote(`${metadata.issuer} is an OpenID provider`, examined.issuer, wire)],
      };
    } catch (error) {
      if (!isKnownError(error)) throw error;
      signal.throwIfAborted();
      return { notes: [await discoveryFault(error, scene)] };
    }
  },
});

const reachedNote = (what: string, issuer: string, wire: Wire): Note => {
  if (!issuer.startsWith("https:"))
    return {
      state: "warning",
      found: `${what}; over plain http`,
      next: "Good for trying it out: an API server takes only issuers with https",
    };
  if (wire.reach.verify !== false) return { state: "ok", found: `${what}; its certificate is trusted` };
  return {
    state: "warning",
    found: `${what}; its certificate is not looked at`,
    next: "Name the provider's authority with --certificate-authority instead of --insecure-skip-tls-verify",
  };
};

export const discoveryFault = async (error: KnownError, scene: OidcScene): Promise<Note> => {
  const note = badNote(error);
  if (error.code === "TLS_UNTRUSTED") {
    const there = (await issuerAt(scene.examined.issuer, scene.blindWire, scene.signal))
      ? "What answers there says that it is the provider, so most likely only its authority is missing."
      : "";
    const next = scene.examined.hasOwnAuthorities
      ? "The authorities that were named, and the system's, did not issue its certificate: name the right one with --certificate-authority."
      : "Name the authority that issued its certificate: --certificate-authority FILE. The API server needs the same (--oidc-ca-file, or certificateAuthority of AuthenticationConfiguration).";
    return { ...note, next: [there, next].filter((part) => part !== "").join(" ") };
  }
  const known = KNOWN_ISSUERS.find(({ pattern }) => pattern.test(scene.examined.issuer));
  if (error.code !== "OIDC_PROVIDER_INVALID") return note;
  if (known !== undefined && /calls itself/.test(error.message)) return { ...note, next: known.next };
  if (/ answered 404/.test(error.message)) {
    const other = await elsewhere(scene);
    if (other !== undefined)
      return { ...note, next: `There is a provider at ${other}: use that as the issuer, letter by letter` };
  }
  return note;
};

/** Who answers there, if it is a provider. */
const issuerAt = async (issuer: string, wire: Wire, signal: AbortSignal): Promise<string | undefined> => {
  try {
    return (await discover(issuer, wire, signal)).issuer;
  } catch (error) {
    signal.throwIfAborted();
    if (!isKnownError(error)) throw error;
    return undefined;
  }
};

/** Issuers that call themselves otherwise by design. */
const KNOWN_ISSUERS: readonly { readonly pattern: RegExp; readonly next: string }[] = [
  {
    pattern: /^https:\/\/login\.microsoftonline\.com\/(?:common|organizations|consumers)\b/,
    next: "Microsoft's shared address stands for no issuer: put your tenant's id in its place, as in https://login.microsoftonline.com/TENANT-ID/v2.0",
  },
  {
    pattern: /\.b2clogin\.com\//,
    next: "Azure AD B2C is found at the address of a policy and calls itself otherwise. Use the issuer that it says; where that cannot be found, the API server needs discoveryURL in AuthenticationConfiguration (Kubernetes 1.30)",
  },
  {
    pattern: /^https:\/\/sts\.windows\.net\//,
    next: "That is the issuer of Microsoft's old tokens (v1). Use https://login.microsoftonline.com/TENANT-ID/v2.0, and set requestedAccessTokenVersion 2 in the app's manifest",
  },
];

/** Where well-known providers have their documents, below an address that people take for the issuer. */
const PLACES = ["/v2.0", "/oauth2/default", "/dex", "/oidc"];

/** An issuer near the one that was asked for. */
const elsewhere = async ({ examined, wire, signal }: OidcScene): Promise<string | undefined> => {
  const base = examined.issuer.replace(/\/+$/, "");
  const url = httpUrl(base);
  if (url === undefined) return undefined;
  const above = url.pathname === "/" ? [] : [url.origin];
  for (const issuer of [...above, ...PLACES.map((place) => base + place)]) {
    const found = await issuerAt(issuer, wire, signal);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** `Date` counts whole seconds, and what is close has been taken for the same already. */
const FAR = 60_000;

export const clockCheck = oidcCheck({
  id: "clock",
  subject: "clock",
  needs: ["metadata"],
  run: ({ wire }) => {
    const skew = wire.skew();
    if (skew === undefined)
      return { notes: [{ state: "none", found: "the provider does not say what time it is" }] };
    const far = Math.abs(skew);
    if (far < 10_000) return { notes: [{ state: "ok", found: "this machine and the provider agree" }] };
    return {
      notes: [
        {
          state: far < FAR ? "warning" : "bad",
          found: `this machine's clock is ${Math.round(far / 1000)} s ${skew > 0 ? "behind" : "ahead of"} the provider's`,
          next: "Set the clock (NTP). kauth corrects for it; the API server and kubectl judge tokens by their own",
        },
      ],
    };
  },
});

/** The keys that tokens are verified with, here and at the API server. */
export const keysCheck = oidcCheck({
  id: "keys",
  subject: "keys",
  needs: ["metadata"],
  run: async ({ wire, signal }, { metadata }) => {
    const { jwksUri } = metadata;
    const answer = await wire.send({ method: "GET", url: new URL(jwksUri) }, signal);
    const at = quoted(jwksUri);
    if (answer.status !== 200) return { notes: [keysFault(`${at} answered ${statusText(answer.status)}`)] };
    const keys = keysOf(parseQuietly(answer.body));
    if (keys === undefined) return { notes: [keysFault(`${at} is no JSON Web Key Set (no list "keys")`)] };
    if (keys.length === 0) return { notes: [keysFault(`${at} publishes no key`)] };
    const types = new Set(keys.map(({ kty }) => kty));
    const learned = { keyTypes: types };
    const nameless = keys.filter(({ kid }) => kid === "").length;
    const found = `${keys.length} ${keys.length === 1 ? "key" : "keys"} (${[...types].join(", ")}) at ${jwksUri}`;
    if (nameless > 0 && keys.length > 1)
      return {
        learned,
        notes: [
          {
            state: "warning",
            found: `${found}; ${nameless} of them have no name (kid), so a token cannot say which is its own`,
            next: "Whoever runs the provider should name its keys",
          },
        ],
      };
    return { learned, notes: [{ state: "ok", found }] };
  },
});

const keysFault = (found: string): Note => ({
  state: "bad",
  found,
  next: "Without keys neither kauth nor the API server can verify a token: ask whoever runs the provider",
});

interface PublishedKey {
  readonly kty: string;
  readonly kid: string;
}

const keysOf = (value: unknown): readonly PublishedKey[] | undefined => {
  const list = field(value, "keys");
  if (!Array.isArray(list)) return undefined;
  return list.map((key: unknown) => ({ kty: textOf(field(key, "kty")), kid: textOf(field(key, "kid")) }));
};

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** kube-apiserver's --oidc-signing-algs: RS256 unless it is told otherwise. */
const SERVER_DEFAULT = "RS256";
const VERIFIABLE = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/;
/** What the API server can be told to take; EdDSA is none of them. */
const SERVER_ANY = /^(?:RS|PS|ES)(?:256|384|512)$/;

export const algorithmsCheck = oidcCheck({
  id: "algorithms",
  subject: "algorithms",
  needs: ["metadata"],
  run: (_scene, { metadata, keyTypes }) => {
    const all = metadata.signingAlgorithms;
    const usable = all.filter((each) => VERIFIABLE.test(each));
    const server = all.filter((each) => SERVER_ANY.test(each));
    const listed = all.slice(0, 12).join(", ");
    if (usable.length === 0)
      return {
        notes: [
          {
            state: "bad",
            found: `ID tokens are signed with ${listed}, which proves nothing to others`,
            next: "Have the client's ID tokens signed with RS256",
          },
        ],
      };
    if (all.includes(SERVER_DEFAULT)) {
      if (keyTypes === undefined || keyTypes.has("RSA"))
        return {
          notes: [{ state: "ok", found: `${listed}; the API server's default, RS256, is among them` }],
        };
      return {
        notes: [
          {
            state: "bad",
            found: `RS256 is named, and no RSA key is published`,
            next: "Tokens will be signed with another algorithm: see what the client is set to at the provider",
          },
        ],
      };
    }
    return {
      notes: [
        {
          state: server.length === 0 ? "bad" : "warning",
          found: `ID tokens are signed with ${listed}, and an API server takes RS256 only, unless it is told`,
          next:
            server.length === 0
              ? "The API server knows none of these: have the client's ID tokens signed with RS256 or ES256"
              : `Start it with --oidc-signing-algs=${server.join(",")}, or use AuthenticationConfiguration, which takes them all`,
        },
      ],
    };
  },
});
