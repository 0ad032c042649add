import { KnownError } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";

/**
 * A proxy that kubectl would use must not be passed by in silence: it may be the only way, or the only allowed one
 * (credentials.md §4.6). @throws {KnownError} UNSUPPORTED
 */
export const refuseProxy = (config: ClientConfig, system: System): void => {
  const found = config.cluster.proxyUrl ?? environmentProxy(config.server, system.env);
  if (found === undefined) return;
  const from = config.cluster.proxyUrl === undefined ? "the environment" : "the kubeconfig (proxy-url)";
  throw new KnownError("UNSUPPORTED", `Cannot reach ${config.server.host} through the proxy of ${from} yet`, {
    hint: `Reach the cluster without a proxy, e.g. NO_PROXY=${config.server.hostname}`,
  });
};

const environmentProxy = (
  server: URL,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  const names = server.protocol === "https:" ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"];
  const proxy = names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  if (proxy === undefined) return undefined;
  const host = server.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || host === "::1" || host.startsWith("127.")) return undefined;
  const exempt = (env["NO_PROXY"] ?? env["no_proxy"] ?? "")
    .split(",")
    .map((entry) =>
      entry
        .trim()
        .toLowerCase()
        .replace(/^\*?\./, ""),
    )
    .filter((entry) => entry !== "");
  const covered = exempt.some(
    (entry) =>
      entry === "*" || entry === host || entry === server.host.toLowerCase() || host.endsWith(`.${entry}`),
  );
  return covered ? undefined : proxy;
};
