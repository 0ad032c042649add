import * as crypto from "node:crypto";
import { object, optional, parseJson, record, string } from "../base/decode.ts";
import { KnownError, messageOf } from "../base/errors.ts";
import { Secret } from "../base/secret.ts";
import { epochMillis, type EpochMillis } from "../base/units.ts";
import { checkToken } from "./token.ts";
import type { Credential } from "./types.ts";

const GROUP = "client.authentication.k8s.io";
const VERSIONS: ReadonlySet<string> = new Set([`${GROUP}/v1`, `${GROUP}/v1beta1`]);

/** @throws {KnownError} CLIENT_CONFIG_INVALID */
export const checkExecVersion = (apiVersion: string): void => {
  if (!VERSIONS.has(apiVersion))
    throw new KnownError("CLIENT_CONFIG_INVALID", `exec plugin: invalid apiVersion "${apiVersion}"`);
};

const statusShape = object({
  token: optional(string),
  clientCertificateData: optional(string),
  clientKeyData: optional(string),
  expirationTimestamp: optional(string),
});

interface Fault {
  readonly cause?: unknown;
  readonly hint?: string;
}

const invalid = (message: string, fault: Fault = {}): KnownError =>
  new KnownError("EXEC_OUTPUT_INVALID", `getting credentials: ${message}`, fault);

/**
 * What a plugin printed → credential. The checks and their texts are client-go's, in its order (credentials.md §2.2).
 * @throws {KnownError} EXEC_OUTPUT_INVALID, TOKEN_INVALID; no message quotes a value of the status
 */
export async function readExecCredential(
  stdout: string,
  wanted: string,
  command: string,
): Promise<Credential> {
  const document = await readDocument(stdout);
  checkKind(document);
  // The whole output is decoded before anything is said of its version.
  const fields = readStatus(document["status"]);
  const expiresAt = readTime(fields?.expirationTimestamp);
  checkVersion(document, wanted);
  if (fields === undefined) throw invalid("exec plugin didn't return a status field");
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
    expiresAt,
  };
}

type Document = Readonly<Record<string, unknown>>;

const NO_VERSION = "decoding stdout: couldn't get version/kind; json parse error";

const garbage = (): KnownError => invalid(`${NO_VERSION}: it is neither JSON nor YAML of an ExecCredential`);

/** The first document of the output; nothing at all is an empty one, as for kubectl. */
const readDocument = async (stdout: string): Promise<Document> => {
  let value: unknown;
  try {
    value = parseJson(stdout);
  } catch {
    // kubectl takes YAML as well, but what begins as JSON has to be that.
    if (/^[^\S\ufeff]*\{/.test(stdout)) throw garbage();
    value = await readYaml(stdout);
  }
  try {
    return record(value ?? {}, "");
  } catch {
    throw garbage();
  }
};

/** An ExecCredential by hand is some kilobytes; a megabyte of brackets would keep the parser busy for seconds. */
const YAML_LIMIT = 128 * 1024;

const readYaml = async (stdout: string): Promise<unknown> => {
  try {
    if (stdout.length > YAML_LIMIT) throw new RangeError("too long");
    const { parseDocument } = await import("yaml");
    const document = parseDocument(stdout, { uniqueKeys: false, prettyErrors: false, logLevel: "error" });
    const fault = document.errors.find(({ code }) => code !== "MULTIPLE_DOCS");
    if (fault !== undefined) throw fault;
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    // The parser's own message would quote the output, and with it a token.
    throw garbage();
  }
};

/** What client-go calls the version of a document that names none. */
const UNNAMED = `${GROUP}/__internal`;

const checkKind = (document: Document): void => {
  const kind = document["kind"] ?? "";
  const version = document["apiVersion"] ?? "";
  if (typeof kind !== "string" || typeof version !== "string")
    throw invalid(`${NO_VERSION}: kind and apiVersion must be text`);
  const known = (kind === "" || kind === "ExecCredential") && (version === "" || VERSIONS.has(version));
  if (!known)
    throw invalid(
      `decoding stdout: no kind ${shown(kind || "ExecCredential", KIND)} is registered for version ${shown(version || UNNAMED, API_VERSION)}`,
    );
};

const checkVersion = (document: Document, wanted: string): void => {
  const returned = document["apiVersion"];
  if (returned === wanted) return;
  const named = typeof returned === "string" && returned !== "";
  throw invalid(
    `exec plugin is configured to use API version ${wanted}, plugin returned version ${named ? returned : UNNAMED}`,
    named ? {} : { hint: `The plugin has to print "apiVersion": "${wanted}"; it printed none` },
  );
};

/** What Kubernetes has for a kind and for an API version. Anything else may be a token in the wrong place. */
const KIND = /^[A-Z][A-Za-z]{0,40}$/;
const API_VERSION =
  /^(?:[a-z][a-z\d-]{0,20}(?:\.[a-z][a-z\d-]{0,20}){1,4}\/)?(?:v[1-9]\d?(?:(?:alpha|beta)\d{1,2})?|__internal)$/;

const shown = (text: string, usual: RegExp): string =>
  usual.test(text) ? JSON.stringify(text) : '"[redacted]"';

const readStatus = (status: unknown): ReturnType<typeof statusShape> | undefined => {
  try {
    return optional(statusShape)(status, "status");
  } catch (error) {
    throw invalid(`decoding stdout: ${messageOf(error)}`, { cause: error });
  }
};

/** Go's zero time: no end at all. */
const ZERO_TIME = Date.parse("0001-01-01T00:00:00Z");
const RFC3339 = /^(\d{4}-\d\d-(\d\d)T)([01]\d|2[0-3])(:[0-5]\d:[0-5]\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)$/;

const readTime = (text: string | undefined): EpochMillis | undefined => {
  if (text === undefined) return undefined;
  const [, date = "", day = "", hour = "", rest = "", fraction = "", zone = ""] = RFC3339.exec(text) ?? [];
  const time = Date.parse(`${date}${hour}${rest}${fraction.replace(",", ".").slice(0, 4)}${zone}`);
  // Date.parse makes the 30th of February the 2nd of March.
  const exists = new Date(`${date}00:00:00Z`).getUTCDate() === Number(day);
  if (Number.isNaN(time) || !exists) {
    // What is no time at all may be a token in the wrong field.
    const shown = /^[\dTZtz:.,+ -]{1,40}$/.test(text) ? `, not "${text}"` : "";
    throw invalid(`decoding stdout: expirationTimestamp must be an RFC 3339 time${shown}`);
  }
  return time === ZERO_TIME ? undefined : epochMillis(time);
};

/** Go's tls.X509KeyPair finds all that can be wrong with either, so its second check of the leaf never speaks. */
const checkPair = (cert: string, key: string): void => {
  try {
    if (!cert.includes("-----BEGIN CERTIFICATE-----"))
      throw new Error("tls: failed to find any PEM data in certificate input");
    if (!key.includes("-----BEGIN ")) throw new Error("tls: failed to find any PEM data in key input");
    if (!new crypto.X509Certificate(cert).checkPrivateKey(crypto.createPrivateKey(key)))
      throw new Error("tls: private key does not match public key");
  } catch (error) {
    throw invalid(`failed parsing client key/certificate: ${messageOf(error)}`, { cause: error });
  }
};
