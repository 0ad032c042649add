import { isKnownError } from "../../../base/errors.ts";
import { openCallback } from "../../../oidc/index.ts";
import { whyNoBrowser } from "../../open/browser.ts";
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
  run: async ({ system }) => {
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
