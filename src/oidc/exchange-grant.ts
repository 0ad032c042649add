import { KnownError } from "../base/errors.ts";
import { scopeText } from "./authorization.ts";
import type { Entry } from "./entry.ts";
import type { Signing } from "./sign-in.ts";
import { generic } from "./token-request.ts";
import type { Tokens } from "./types.ts";

const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN_TYPES = {
  jwt: "urn:ietf:params:oauth:token-type:jwt",
  id: "urn:ietf:params:oauth:token-type:id_token",
  access: "urn:ietf:params:oauth:token-type:access_token",
} as const;

/**
 * Exchanges a token of something else for one of this provider (RFC 8693). More parameters, as `audience` or
 * `requested_token_type`, come from the person.
 */
export async function exchangeGrant({ party, wishes, settle, around }: Signing): Promise<Entry> {
  const { subject } = wishes;
  if (subject === undefined)
    throw new KnownError("USAGE", "Cannot exchange a token: there is none to exchange", {
      hint: "Name it with --oidc-subject-token, e.g. file:/var/run/secrets/tokens/oidc.",
    });
  const token = await subject.token({ issuer: wishes.issuer, signal: around.signal });
  const form = {
    subject_token: token.reveal(),
    subject_token_type: subject.type,
    scope: scopeText(wishes.scopes),
    requested_token_type: wishes.useAccessToken ? TOKEN_TYPES.access : TOKEN_TYPES.id,
    ...Object.fromEntries(wishes.extra),
  };
  return await settle(issued(await generic(party, GRANT, form, [token.reveal()])));
}

/** RFC 8693 §2.2.1: whatever was issued stands in `access_token`. */
const issued = (tokens: Tokens): Tokens =>
  tokens.issuedType === TOKEN_TYPES.id && tokens.idToken === undefined
    ? { ...tokens, idToken: tokens.accessToken }
    : tokens;
