import { KnownError } from "../base/errors.ts";

/**
 * The server of a kubeconfig as client-go takes it (credentials.md §1.6, O12): what has no scheme is plain http,
 * whatever the entry says of TLS, so no credential goes there. The path stays as a prefix; query and fragment go.
 * @throws {KnownError} CLIENT_CONFIG_INVALID
 */
export const serverUrl = (text: string): URL => {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = URL.canParse(hasScheme ? text : `http://${text}`)
    ? new URL(hasScheme ? text : `http://${text}`)
    : undefined;
  // `host:port/path` is neither of the two.
  const path = hasScheme ? "/" : text.replace(/^[^/]*/, "");
  if (url === undefined || url.hostname === "" || (path !== "" && path !== "/")) throw noAddress(text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new KnownError(
      "CLIENT_CONFIG_INVALID",
      `unsupported protocol scheme "${url.protocol.slice(0, -1)}"`,
      { hint: `The server of the cluster is "${withoutUser(text)}"; it has to begin with https://` },
    );
  url.search = "";
  url.hash = "";
  // Where a password in the URL would go is the business of whoever sends it, and kauth does not.
  url.username = "";
  url.password = "";
  return url;
};

const withoutUser = (text: string): string => text.replace(/(^|\/\/)[^/@]*@/, "$1");

const noAddress = (text: string): KnownError =>
  new KnownError(
    "CLIENT_CONFIG_INVALID",
    `host must be a URL or a host:port pair: ${JSON.stringify(withoutUser(text))}`,
  );
