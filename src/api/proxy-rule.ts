import { BlockList, isIP, isIPv4 } from "node:net";
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

/** The first of some variables that says something; empty counts as unset. */
const firstOf = (env: Readonly<Record<string, string | undefined>>, names: readonly string[]): string =>
  names.map((name) => env[name] ?? "").find((value) => value !== "") ?? "";

const environmentProxy = (
  server: URL,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  const secure = server.protocol === "https:";
  const proxy = firstOf(env, secure ? ["HTTPS_PROXY", "https_proxy"] : ["HTTP_PROXY", "http_proxy"]);
  if (proxy === "") return undefined;
  const host = unbracketed(server.hostname.toLowerCase());
  if (host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."))) return undefined;
  const port = server.port === "" ? (secure ? "443" : "80") : server.port;
  const exempt = firstOf(env, ["NO_PROXY", "no_proxy"])
    .toLowerCase()
    .split(",")
    .some((entry) => isExempt(entry.trim(), host, port));
  return exempt ? undefined : proxy;
};

const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, "");

/** One entry of NO_PROXY as Go reads it: `*`, a network, an address or a domain, the last two with or without a port. */
const isExempt = (entry: string, host: string, port: string): boolean => {
  if (entry === "*") return true;
  const [network = "", prefix, ...more] = entry.split("/");
  if (prefix !== undefined) return more.length === 0 && isWithin(host, network, prefix);
  const [, name = "", wantedPort] =
    isIP(entry) === 0 ? (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []) : [entry, entry];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const wanted = unbracketed(name).replace(/^\*\./, ".");
  if (isIP(host) !== 0 || wanted === "") return wanted !== "" && wanted === host;
  // A leading dot means only what lies below.
  return wanted.startsWith(".") ? host.endsWith(wanted) : host === wanted || host.endsWith(`.${wanted}`);
};

const isWithin = (host: string, network: string, prefix: string): boolean => {
  const family = isIP(host);
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.POSITIVE_INFINITY;
  if (family === 0 || family !== isIP(network) || bits > (family === 4 ? 32 : 128)) return false;
  const kind = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(network, bits, kind);
  return list.check(host, kind);
};
