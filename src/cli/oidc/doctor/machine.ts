import { dirname, resolve } from "node:path";
import { isKnownError } from "../../../base/errors.ts";
import { quoted } from "../../../base/quote.ts";
import { listEntries, openCallback } from "../../../oidc/index.ts";
import { whyNoBrowser } from "../../open/browser.ts";
import { entryKey } from "../entry-key.ts";
import { openStorage } from "../storage.ts";
import { oidcCheck, usesBrowser } from "./scene.ts";

/** Whether the answer of a sign-in can be listened for, on both loopback families. */
export const listenCheck = oidcCheck({
  id: "listen",
  subject: "callback",
  needs: [],
  applies: ({ examined }) => usesBrowser(examined),
  run: async ({ examined, system }) => {
    const { ports } = examined;
    const [first] = ports;
    try {
      await using callback = await openCallback({ ports }, system);
      const at = `port ${callback.port} of 127.0.0.1 and ::1`;
      if (first === undefined || first === 0 || callback.port === first)
        return { notes: [{ state: "ok", found: `${at} can be listened on` }] };
      return {
        notes: [
          {
            state: "warning",
            found: `port ${first} is taken; ${at} can be listened on`,
            next: "The redirect URI with that port has to be registered too",
          },
        ],
      };
    } catch (error) {
      if (!isKnownError(error)) throw error;
      return {
        notes: [
          {
            state: "bad",
            found: `${error.message} [${error.code}]`,
            next: "End that program, or choose another port with --listen-address 127.0.0.1:PORT and register its redirect URI",
          },
        ],
      };
    }
  },
});

/** How a person gets to the provider's page from here. */
export const browserCheck = oidcCheck({
  id: "browser",
  subject: "browser",
  needs: [],
  applies: ({ examined }) => usesBrowser(examined),
  run: async ({ examined, system }) => {
    if (examined.browserCommand !== undefined)
      return { notes: [{ state: "ok", found: `${quoted(examined.browserCommand)} is told to open it` }] };
    const why = await whyNoBrowser(system);
    if (why === undefined) return { notes: [{ state: "ok", found: "one can be started" }] };
    return {
      notes: [
        {
          state: "warning",
          found: `none can be started: ${why}`,
          next: "Sign in with --grant-type device-code, on any device, or open the address that is printed on this very machine",
        },
      ],
    };
  },
});

/** Where tokens are kept, and what is kept of this provider. Nothing of it is a secret. */
export const cacheCheck = oidcCheck({
  id: "cache",
  subject: "token cache",
  needs: [],
  run: async ({ settings, system, signal }) => {
    const { storage, directory, issuer, clientId } = settings;
    if (storage === "none")
      return {
        notes: [
          {
            state: "warning",
            found: "nothing is kept, so every command signs in",
            next: "Leave --token-cache-storage none out where a disk is there",
          },
        ],
      };
    const opened = await openStorage(settings, system, signal);
    if (opened === undefined)
      return {
        notes: [
          {
            state: "bad",
            found: `${directory} is not yours alone, or cannot be made, so every command signs in`,
            next: "Name a directory of your own with --token-cache-dir, or take the rights of others away: chmod go-rwx",
          },
        ],
      };
    const entry = await opened.read(entryKey(settings));
    const same = (await listEntries(directory, system)).filter(
      ({ about }) => about?.issuer === issuer && about.clientId === clientId,
    ).length;
    const how = storage === "keyring" ? "sealed with a key of the keyring" : "as files of yours alone";
    const others = same - (entry === undefined ? 0 : 1);
    const more = others > 0 ? `; ${others} more of this provider and client, with other options` : "";
    const what =
      entry === undefined
        ? "you are not signed in with these options"
        : entry.refreshToken === undefined
          ? "you are signed in, and sign in again when the token ends"
          : "you are signed in, and tokens are renewed without asking";
    const { place } = opened;
    const elsewhere =
      place !== resolve(system.cwd, directory) && dirname(place) !== resolve(system.cwd, directory);
    if (elsewhere)
      return {
        notes: [
          {
            state: "warning",
            found: `${directory} is not yours alone, or cannot be made; tokens are kept in ${place}: ${what}${more}`,
            next: "Take the rights of others away: chmod go-rwx on it and go-w above it, or name another with --token-cache-dir",
          },
        ],
      };
    return { notes: [{ state: "ok", found: `${place}, ${how}: ${what}${more}` }] };
  },
});

/** A secret that is in everybody's kubeconfig is none (kubelogin issues 1088, 414, 279). */
export const secretCheck = oidcCheck({
  id: "secret",
  subject: "client secret",
  needs: [],
  applies: ({ examined }) => examined.clientSecret !== undefined,
  run: ({ examined }) => ({
    notes: [
      {
        state: "warning",
        found: `client ${examined.clientId} has a secret, which is as public as the kubeconfigs and command lines that it stands in`,
        next: "Register a public (native) client, which is safe with PKCE; or give the secret as KAUTH_OIDC_CLIENT_SECRET",
      },
    ],
  }),
});

/** What a plugin may ask, and what it has to. */
export const promptCheck = oidcCheck({
  id: "prompt",
  subject: "terminal",
  needs: [],
  applies: ({ cluster }) => cluster?.config.user.exec !== undefined,
  run: ({ cluster, examined }) => {
    const mode = cluster?.config.user.exec?.interactiveMode ?? "";
    const asks = examined.grant === "password" || examined.grant === "authcode-keyboard";
    if (mode !== "Never") return { notes: [{ state: "ok", found: `the plugin may ask you (${mode})` }] };
    return {
      notes: [
        {
          state: asks ? "bad" : "warning",
          found: `the plugin may ask nothing (interactiveMode: Never)${asks ? `, and ${examined.grant} has to` : ""}`,
          next: "Write interactiveMode: IfAvailable into the exec entry of the kubeconfig",
        },
      ],
    };
  },
});
