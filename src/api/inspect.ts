import { X509Certificate } from "node:crypto";
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { type KnownError, systemCode } from "../base/errors.ts";
import { dialTcp, dialThrough } from "../base/proxy-dial.ts";
import { proxyName } from "../base/proxy-rule.ts";
import { systemRoots } from "../base/roots.ts";
import type { System } from "../base/system.ts";
import { escapeLine } from "../base/terminal.ts";
import { startTls } from "../base/tls.ts";
import { epochMillis, type EpochMillis } from "../base/units.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { authoritiesOf, type Authorities } from "./authorities.ts";
import { endpointOf, type Endpoint } from "./endpoint.ts";
import { networkFault } from "./network-fault.ts";
import { CONNECT_TIMEOUT, proxyTrust } from "./pool.ts";

/** A certificate as its server shows it; all text is escaped. */
export interface ShownCertificate {
  /** `CN=kube-apiserver, O=…` */
  readonly subject: string;
  readonly issuer: string;
  /** DNS names and addresses that it is for. */
  readonly names: readonly string[];
  readonly notBefore: EpochMillis;
  readonly notAfter: EpochMillis;
}

export interface ShownTls {
  /** E.g. `TLSv1.3`. */
  readonly protocol: string;
  /** The name that is looked for in the certificate. */
  readonly serverName: string;
  /** The server's own first. */
  readonly chain: readonly ShownCertificate[];
  /** Why it is not to be trusted, each reason once; empty when it is. */
  readonly faults: readonly KnownError[];
}

interface Way {
  /** Scheme, host, port and prefix; undefined where the kubeconfig is wrong. */
  readonly server: string | undefined;
  /** The proxy on the way and where it was named. */
  readonly proxy: { readonly name: string; readonly from: string } | undefined;
}

export type ServerInspection = Way &
  (
    | { readonly kind: "reached"; /** Undefined over plain http. */ readonly tls: ShownTls | undefined }
    | { readonly kind: "unreachable"; readonly error: KnownError }
  );

/**
 * Goes to the API server as a request would, through the same proxy, and looks at its certificate whether or not it is
 * to be trusted. No credential is sent, no client certificate shown, and no HTTP spoken. Never rejects but with the
 * signal's reason.
 */
export async function inspectServer(
  config: ClientConfig,
  system: System,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ServerInspection> {
  const signal = options.signal ?? new AbortController().signal;
  let way: Way = { server: undefined, proxy: undefined };
  let endpoint: Endpoint | undefined;
  try {
    endpoint = endpointOf(config, system);
    const { server, proxy } = endpoint;
    way = { server, proxy: proxy === undefined ? undefined : { name: proxyName(proxy), from: proxy.from } };
    return { ...way, kind: "reached", tls: await lookAt(config, endpoint, system, signal) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return {
      ...way,
      kind: "unreachable",
      error: networkFault(error, way.server ?? "the server", endpoint?.trust),
    };
  }
}

const lookAt = async (
  config: ClientConfig,
  endpoint: Endpoint,
  system: System,
  signal: AbortSignal,
): Promise<ShownTls | undefined> => {
  const { host, port, proxy, secure, serverName } = endpoint;
  const roots = async (): Promise<Authorities> => await systemRoots(system);
  const ca = secure ? await authoritiesOf(config, system, roots)() : undefined;
  const limits = { signal, timeout: CONNECT_TIMEOUT };
  const stream =
    proxy === undefined
      ? await dialTcp({ host, port }, limits)
      : await dialThrough(
          proxy,
          { host, port },
          { ...limits, trust: async () => await proxyTrust(endpoint, ca, roots) },
        );
  if (!secure) {
    stream.destroy();
    return undefined;
  }
  const socket = await startTls({ host, stream }, { ca, verify: false, serverName }, limits);
  try {
    return describe(socket, endpoint, ca, system.now());
  } finally {
    socket.destroy();
  }
};

const describe = (socket: TLSSocket, endpoint: Endpoint, ca: Authorities, now: EpochMillis): ShownTls => {
  const leaf = socket.getPeerCertificate(true);
  const chain = chainOf(leaf);
  const codes = new Set<string>();
  // Node tells one reason; a certificate can have several.
  const said: unknown = socket.authorizationError;
  const code = typeof said === "string" ? said : systemCode(said);
  if (code !== undefined && code !== NAME_FAULT) codes.add(code);
  // Of an unknown authority and a wrong date, only the date is told.
  if (ca !== undefined && (codes.size === 0 || DATE_FAULTS.has(code ?? "")) && !isVouchedFor(leaf, ca))
    codes.add("CERT_UNTRUSTED");
  for (const { notBefore, notAfter } of chain) {
    if (now > notAfter) codes.add("CERT_HAS_EXPIRED");
    if (now < notBefore) codes.add("CERT_NOT_YET_VALID");
  }
  const nameFault = checkServerIdentity(endpoint.serverName, leaf);
  const errors = [...codes].map((each) => Object.assign(new Error(each), { code: each }));
  return {
    protocol: socket.getProtocol() ?? "TLS",
    serverName: endpoint.serverName,
    chain,
    faults: [...errors, ...(nameFault === undefined ? [] : [nameFault])].map((error) =>
      networkFault(error, endpoint.server, endpoint.trust),
    ),
  };
};

const NAME_FAULT = "ERR_TLS_CERT_ALTNAME_INVALID";
const DATE_FAULTS: ReadonlySet<string> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/** Whether the chain that was shown leads to one of the authorities. */
const isVouchedFor = (leaf: DetailedPeerCertificate, ca: readonly string[]): boolean => {
  const authorities = ca.map((pem) => new X509Certificate(pem));
  return links(leaf).some(({ raw }) => {
    const shown = new X509Certificate(raw);
    return authorities.some(
      (authority) =>
        authority.raw.equals(shown.raw) ||
        (shown.checkIssued(authority) && shown.verify(authority.publicKey)),
    );
  });
};

/** Real chains have three or four. */
const CHAIN_LIMIT = 10;

const links = (leaf: DetailedPeerCertificate): readonly DetailedPeerCertificate[] => {
  const found = new Map<string, DetailedPeerCertificate>();
  for (
    let at: DetailedPeerCertificate | undefined = leaf;
    at?.raw !== undefined && !found.has(at.fingerprint256) && found.size < CHAIN_LIMIT;
    at = at.issuerCertificate
  )
    found.set(at.fingerprint256, at);
  return [...found.values()];
};

const chainOf = (leaf: DetailedPeerCertificate): readonly ShownCertificate[] =>
  links(leaf).map((at) => ({
    subject: distinguishedName(at.subject),
    issuer: distinguishedName(at.issuer),
    names: alternativeNames(at.subjectaltname ?? ""),
    notBefore: epochMillis(Date.parse(at.valid_from)),
    notAfter: epochMillis(Date.parse(at.valid_to)),
  }));

const distinguishedName = (name: object): string =>
  escapeLine(
    Object.entries(name)
      .flatMap(([key, value]: [string, unknown]) =>
        (Array.isArray(value) ? (value as unknown[]) : [value]).map((each) => `${key}=${String(each)}`),
      )
      .join(", "),
  );

/** `DNS:a, IP Address:10.0.0.1`; a name with odd letters is quoted. */
const alternativeNames = (text: string): readonly string[] =>
  [...text.matchAll(/(?:DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = ""]) =>
    escapeLine(name),
  );
