import type { Metadata } from "../../../oidc/index.ts";
import type { Note } from "../../doctor/finding.ts";
import { entryKey } from "../entry-key.ts";
import { openStorage } from "../storage.ts";
import { oidcCheck, type Examined } from "./scene.ts";

const isGoogle = ({ issuer }: Pick<Examined, "issuer">): boolean => issuer === "https://accounts.google.com";

/** Whether a session outlives its first token: `offline_access` at most providers, `access_type=offline` at Google. */
export const offlineCheck = oidcCheck({
  id: "offline",
  subject: "refresh",
  needs: ["metadata"],
  applies: ({ examined }) => examined.grant !== "client-credentials",
  run: async ({ examined, settings, system, signal }, { metadata }) => {
    const note = offlineNote(examined, metadata);
    // What is kept says more than what was asked for: many providers give one unasked.
    const kept =
      note.state === "warning" && settings.storage === "disk"
        ? await (await openStorage(settings, system, signal))?.read(entryKey(settings))
        : undefined;
    return {
      notes: [
        kept?.refreshToken === undefined
          ? note
          : { state: "ok", found: "the provider has given a refresh token, which is kept" },
      ],
    };
  },
});

export const offlineNote = (
  examined: Pick<Examined, "issuer" | "scopes" | "extra">,
  { grantTypes, scopes }: Pick<Metadata, "grantTypes" | "scopes">,
): Note => {
  const asked = examined.scopes.includes("offline_access");
  if (isGoogle(examined)) {
    if (asked)
      return {
        state: "bad",
        found: "Google knows no scope offline_access, and refuses a request with it",
        next: "Leave it out: kauth sends access_type=offline, which is what Google wants",
      };
    if (examined.extra.get("prompt") === "consent")
      return { state: "ok", found: "access_type=offline and prompt=consent ask Google for a refresh token" };
    return {
      state: "ok",
      found: "access_type=offline asks Google for a refresh token, which it gives at the first consent only",
    };
  }
  if (grantTypes !== undefined && !grantTypes.includes("refresh_token"))
    return {
      state: "warning",
      found: "the provider offers no refresh tokens, so you sign in again whenever a token ends",
      next: "Ask whoever runs the provider for the grant refresh_token, or for tokens that live longer",
    };
  if (asked)
    return scopes === undefined || scopes.includes("offline_access")
      ? { state: "ok", found: "offline_access asks for a refresh token" }
      : {
          state: "warning",
          found: "offline_access is asked for, and the provider does not list it",
          next: "Where the sign-in ends with invalid_scope, leave it out",
        };
  if (scopes?.includes("offline_access") === true)
    return {
      state: "warning",
      found: "no refresh token is asked for, so you may have to sign in again whenever a token ends",
      next: "Ask for one: --oidc-extra-scope offline_access",
    };
  return { state: "ok", found: "the provider lists no offline_access: it may give refresh tokens by itself" };
};
