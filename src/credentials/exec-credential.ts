import { createPrivateKey, X509Certificate } from "node:crypto";
import { object, optional, parseJson, record, string } from "../base/decode.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, type EpochMillis } from "../base/units.ts";
import type { Cluster } from "../kubeconfig/index.ts";
import { checkToken } from "./token.ts";
import type { Credential } from "./types.ts";

const GROUP = "client.authentication.k8s.io";
const VERSIONS: ReadonlySet<string> = new Set([`${GROUP}/v1`, `${GROUP}/v1beta1`]);

/** @throws {KnownError} CLIENT_CONFIG_INVALID */
export const checkExecVersion = (apiVersion: string): void => {
  if (!VERSIONS.has(apiVersion))
    throw new KnownError("CLIENT_CONFIG_INVALID", `exec plugin: invalid apiVersion "${apiVersion}"`);
};

export interface ExecInfo {
  readonly apiVersion: string;
  readonly interactive: boolean;
  /** Only with provideClusterInfo. */
  readonly cluster: Cluster | undefined;
  /** PEM; a CA file has been read into it. */
  readonly certificateAuthorityData: string | undefined;
}

/** The value of KUBERNETES_EXEC_INFO: compact JSON in client-go's field order, with a line feed (credentials.md §2.1). */
export const writeExecInfo = (info: ExecInfo): string => {
  const { cluster } = info;
  const spec = {
    ...(cluster === undefined
      ? {}
      : {
          cluster: {
            server: cluster.server ?? "",
            ...(cluster.tlsServerName === undefined ? {} : { "tls-server-name": cluster.tlsServerName }),
            ...(cluster.insecureSkipTlsVerify ? { "insecure-skip-tls-verify": true } : {}),
            ...(info.certificateAuthorityData === undefined
              ? {}
              : {
                  "certificate-authority-data": Buffer.from(info.certificateAuthorityData, "utf8").toString(
                    "base64",
                  ),
                }),
            ...(cluster.proxyUrl === undefined ? {} : { "proxy-url": cluster.proxyUrl }),
            ...(cluster.disableCompression ? { "disable-compression": true } : {}),
            config: cluster.execConfig ?? null,
          },
        }),
    interactive: info.interactive,
  };
  return `${JSON.stringify({ kind: "ExecCredential", apiVersion: info.apiVersion, spec })}\n`;
};

const statusShape = object({
  token: optional(string),
  clientCertificateData: optional(string),
  clientKeyData: optional(string),
  expirationTimestamp: optional(string),
});

const invalid = (message: string, cause?: unknown): KnownError =>
  new KnownError(
    "EXEC_OUTPUT_INVALID",
    `getting credentials: ${message}`,
    cause === undefined ? {} : { cause },
  );

/**
 * What a plugin printed → credential. The checks and their texts are client-go's, in its order (credentials.md §2.2).
 * @throws {KnownError} EXEC_OUTPUT_INVALID, TOKEN_INVALID; no message quotes the output
 */
export async function readExecCredential(
  stdout: string,
  wanted: string,
  command: string,
): Promise<Credential> {
  const document = await readDocument(stdout);
  const { kind, apiVersion, status } = document;
  if (kind !== undefined && kind !== "" && kind !== "ExecCredential")
    throw invalid(
      `decoding stdout: no kind "${printable(kind)}" is registered for version "${printable(apiVersion)}"`,
    );
  if (typeof apiVersion !== "string" || apiVersion === "")
    throw invalid("decoding stdout: Object 'apiVersion' is missing");
  if (apiVersion !== wanted)
    throw invalid(
      `exec plugin is configured to use API version ${wanted}, plugin returned version ${printable(apiVersion)}`,
    );
  if (status === undefined || status === null) throw invalid("exec plugin didn't return a status field");
  const fields = readStatus(status);
  const token = fields.token ?? "";
  const cert = fields.clientCertificateData ?? "";
  const key = fields.clientKeyData ?? "";
  if (token === "" && cert === "" && key === "")
    throw invalid("exec plugin didn't return a token or cert/key pair");
  if ((cert === "") !== (key === "")) throw invalid("exec plugin returned only certificate or key, not both");
  if (cert !== "") checkPair(cert, key);
  return {
    header:
      token === ""
        ? undefined
        : { kind: "bearer", token: checkToken(token, `credential plugin "${command}"`) },
    certificate: cert === "" ? undefined : { cert, key: new Secret(key) },
    expiresAt: readTime(fields.expirationTimestamp),
  };
}

const printable = (value: unknown): string =>
  typeof value === "string" ? value.slice(0, 100) : typeof value;

const readDocument = async (stdout: string): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return record(parseJson(stdout), "");
  } catch {
    // kubectl takes YAML as well.
  }
  try {
    const { parse } = await import("yaml");
    return record(parse(stdout, { maxAliasCount: 0 }) as unknown, "output");
  } catch {
    // The parser's own message would quote the output, and with it a token.
    throw invalid("decoding stdout: it is neither JSON nor YAML of an ExecCredential");
  }
};

const readStatus = (status: unknown): ReturnType<typeof statusShape> => {
  try {
    return statusShape(status, "status");
  } catch (error) {
    throw invalid(`decoding stdout: ${messageOf(error)}`, error);
  }
};

const readTime = (text: string | undefined): EpochMillis | undefined => {
  if (text === undefined || text === "") return undefined;
  const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
  const time = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw invalid(
      `decoding stdout: expirationTimestamp must be an RFC 3339 time, not "${text.slice(0, 40)}"`,
    );
  return epochMillis(time);
};

const checkPair = (cert: string, key: string): void => {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(cert);
  } catch (error) {
    throw invalid(`failed parsing client leaf certificate: ${messageOf(error)}`, error);
  }
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key)))
      throw new Error("private key does not match public key");
  } catch (error) {
    throw invalid(`failed parsing client key/certificate: ${messageOf(error)}`, error);
  }
};
