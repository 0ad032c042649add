import { isKnownError } from "../../../base/errors.ts";
import { isPassing } from "../../../oidc/index.ts";
import { badNote } from "../../doctor/check.ts";
import { entryKey } from "../entry-key.ts";
import { signInEntry } from "../sign-in.ts";
import { openStorage } from "../storage.ts";
import { oidcCheck } from "./scene.ts";

/** With `--renew`: what a refresh token gives, and whether it is good once. What comes of it is kept, as ever. */
export const renewalCheck = oidcCheck({
  id: "renewal",
  subject: "renewal",
  needs: ["metadata"],
  applies: ({ invocation }) => invocation.options.boolean("renew"),
  run: async ({ invocation, options, settings, system, signal }) => {
    const storage = await openStorage(settings, system, signal);
    const key = entryKey(settings);
    const before = await storage?.read(key);
    if (before?.refreshToken === undefined)
      return {
        notes: [
          {
            state: "none",
            found:
              before === undefined
                ? "nobody is signed in with these options, so there is nothing to renew"
                : "the provider has given no refresh token",
          },
        ],
      };
    try {
      const after = await signInEntry(
        { ...invocation, options },
        {
          settings,
          storage,
          key,
          info: { apiVersion: "", interactive: undefined, given: false },
          least: "renewed",
        },
      );
      if (after.refreshToken === undefined)
        return {
          notes: [
            {
              state: "warning",
              found: "the provider takes the refresh token, and gives none any more",
              next: "You sign in again at the end of this token: look at the client's refresh tokens at the provider",
            },
          ],
        };
      const rotates = !after.refreshToken.equals(before.refreshToken);
      return {
        notes: [
          {
            state: "ok",
            found: rotates
              ? "tokens are renewed; each refresh token is good once (it is rotated), so no other tool may use it"
              : "tokens are renewed, with the same refresh token each time",
          },
        ],
      };
    } catch (error) {
      if (!isKnownError(error)) throw error;
      signal.throwIfAborted();
      return {
        notes: [
          isPassing(error)
            ? badNote(error)
            : {
                ...badNote(error),
                // kubelogin issue 536.
                next: /id_token/.test(error.message)
                  ? "The provider renews without an ID token: have the client get one with each refresh, or use --oidc-use-access-token where the API server takes access tokens"
                  : error.hint,
              },
        ],
      };
    }
  },
});
