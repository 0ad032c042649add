import { quoted } from "../../../base/quote.ts";
import { spoken } from "../../../base/spoken.ts";
import { millis } from "../../../base/units.ts";
import type { Note } from "../../doctor/finding.ts";
import type { ServerTrust } from "../server-trust.ts";

/** A token that the API server refused, as far as it can be read. Nothing of it is verified. */
export interface RefusedToken {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly algorithm: string | undefined;
  /** Epoch, in seconds. */
  readonly now: number;
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const audienceOf = ({ claims: { aud } }: RefusedToken): readonly string[] =>
  [aud].flat().filter((each): each is string => typeof each === "string");

/**
 * Why an API server refuses a token, from what it is known to trust, in the order in which it judges; empty where nothing
 * that can be seen is wrong. Without `trusts` nothing is known.
 */
export const refusalNotes = (
  token: RefusedToken,
  trusts: readonly ServerTrust[] | undefined,
): readonly Note[] => {
  const own = timeNotes(token);
  if (trusts === undefined) return [...own, ...whatToCompare(token)];
  const iss = text(token.claims["iss"]);
  const trust = trusts.find(({ issuer }) => issuer === iss);
  if (trust === undefined) return [...own, issuerNote(iss, trusts)];
  const found = [
    ...own,
    ...audienceNotes(token, trust),
    ...algorithmNotes(token, trust),
    ...claimNotes(token, trust),
  ];
  if (found.length > 0) return found;
  return [
    {
      id: "refusal/unknown",
      state: "bad",
      found: "the token fits what the API server is said to trust, and is refused all the same",
      next: 'Look into the API server\'s log for "Unable to authenticate the request": it may not reach the provider, not trust its certificate (--oidc-ca-file, certificateAuthority), or not run with these settings',
    },
  ];
};

const issuerNote = (iss: string | undefined, trusts: readonly ServerTrust[]): Note => {
  const listed = trusts.map(({ issuer }) => quoted(issuer)).join(", ") || "nobody";
  const near = trusts.find(({ issuer }) => plain(issuer) === plain(iss ?? ""));
  return {
    id: "refusal/issuer",
    state: "bad",
    found: `the token's issuer (iss) is ${quoted(iss ?? "")}, and the API server trusts ${listed}`,
    next:
      near === undefined
        ? "Sign in at the provider that the API server trusts, or have it trust this one: kauth oidc setup prints how"
        : `They differ in how they are written only. Write ${quoted(iss ?? "")} at the API server, letter by letter`,
  };
};

const plain = (issuer: string): string =>
  issuer
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/\/+$/, "");

const audienceNotes = (token: RefusedToken, { audiences }: ServerTrust): readonly Note[] => {
  const mine = audienceOf(token);
  if (mine.some((each) => audiences.includes(each))) return [];
  return [
    {
      id: "refusal/audience",
      state: "bad",
      found: `the token is for ${mine.map((each) => quoted(each)).join(", ") || "nobody"} (aud), and the API server takes ${audiences.map((each) => quoted(each)).join(", ")}`,
      next: "Use that as --oidc-client-id, or add the token's audience at the API server (audiences; --oidc-client-id takes one)",
    },
  ];
};

const algorithmNotes = ({ algorithm }: RefusedToken, { algorithms }: ServerTrust): readonly Note[] => {
  if (algorithms === undefined || algorithm === undefined || algorithms.includes(algorithm)) return [];
  return [
    {
      id: "refusal/algorithm",
      state: "bad",
      found: `the token is signed with ${algorithm}, and the API server takes ${algorithms.join(", ")}`,
      next: `Start the API server with --oidc-signing-algs=${[...algorithms, algorithm].join(",")}, or have the client's tokens signed with ${algorithms[0] ?? "RS256"}`,
    },
  ];
};

const claimNotes = ({ claims }: RefusedToken, trust: ServerTrust): readonly Note[] => {
  const notes: Note[] = [];
  const { usernameClaim: claim } = trust;
  if (claim !== undefined && text(claims[claim]) === undefined)
    notes.push({
      id: "refusal/username",
      state: "bad",
      found: `the API server takes the user's name from the claim "${claim}", which the token does not have`,
      next:
        claim === "email" || claim === "preferred_username" || claim === "name"
          ? `Ask for it: --oidc-extra-scope ${claim === "email" ? "email" : "profile"}; or have the provider put it into ID tokens`
          : "Have the provider put it into ID tokens, or name another claim at the API server (sub is always there)",
    });
  // kube-apiserver: an address that is not verified is nobody's.
  if (claim === "email" && claims["email_verified"] !== undefined && claims["email_verified"] !== true)
    notes.push({
      id: "refusal/email",
      state: "bad",
      found:
        "the API server takes the user's name from email, and the provider says that the address is not verified",
      next: "Verify the address at the provider, or name another claim at the API server",
    });
  for (const [name, value] of trust.required)
    if (claims[name] !== value)
      notes.push({
        id: "refusal/required",
        state: "bad",
        found: `the API server wants the claim "${name}" to be ${quoted(value)}, and the token ${claims[name] === undefined ? "has none" : "says otherwise"}`,
        next: "Sign in as somebody who has it, or ask whoever runs the provider",
      });
  return notes;
};

const timeNotes = ({ claims, now }: RefusedToken): readonly Note[] => {
  const { exp, nbf } = claims;
  if (typeof exp === "number" && exp <= now)
    return [
      {
        id: "refusal/expired",
        state: "bad",
        found: `the token ended ${spoken(millis((now - exp) * 1000))} ago`,
        next: "Sign in again, and check this machine's clock",
      },
    ];
  if (typeof nbf === "number" && nbf > now)
    return [
      {
        id: "refusal/early",
        state: "bad",
        found: `the token is good in ${Math.round(nbf - now)} s only`,
        next: "Check the clocks of this machine, the provider and the API server",
      },
    ];
  return [];
};

/** What the API server has to be told, where nobody knows what it was told. */
const whatToCompare = (token: RefusedToken): readonly Note[] => {
  const { claims, algorithm } = token;
  const names = ["sub", "email", "preferred_username", "groups"].filter((name) => claims[name] !== undefined);
  return [
    {
      id: "refusal/compare",
      state: "bad",
      found: [
        `the token says: issuer ${quoted(text(claims["iss"]) ?? "")}`,
        `audience ${
          audienceOf(token)
            .map((each) => quoted(each))
            .join(", ") || "none"
        }`,
        `signed with ${algorithm ?? "?"}`,
        `claims ${names.join(", ") || "none of the usual ones"}`,
      ].join("; "),
      next: "The API server has to trust that very issuer and audience, take the algorithm (RS256 unless told), and find its username claim. Give its settings with --api-server-config FILE to have them compared; kauth oidc setup prints what they should be",
    },
  ];
};
