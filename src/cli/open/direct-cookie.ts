import { KnownError } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import type { Credential } from "../../credentials/index.ts";
import { headlampCookies } from "../../ui/index.ts";
import { podHeaders } from "./upstream.ts";

/**
 * The token as Headlamp itself would have put it into the browser, and no header: for its functions that look nowhere
 * else, and that might show a header to another cluster. Only the pod gets it.
 * @throws {KnownError} NO_BEARER_TOKEN, TOKEN_INVALID
 */
export const headlampCookie = (credential: Credential, cluster: string): RawHeaders => {
  const cookies = headlampCookies(cluster, podHeaders(credential, true));
  if (cookies.length === 0)
    throw new KnownError(
      "TOKEN_INVALID",
      "Cannot send the token to Headlamp's back end: no cookie can hold it",
    );
  return [["Cookie", cookies.join("; ")]];
};
