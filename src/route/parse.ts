import { KnownError } from "../base/errors.ts";
import type { TargetKind, TargetReference } from "./types.ts";

/** RFC 1123 label and subdomain, as the API server checks names. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const PORT_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** As kubectl takes them, with and without the API group. */
const KINDS: Readonly<Record<string, TargetKind>> = {
  svc: "service",
  service: "service",
  services: "service",
  po: "pod",
  pod: "pod",
  pods: "pod",
  deploy: "deployment",
  deployment: "deployment",
  deployments: "deployment",
  "deployment.apps": "deployment",
  "deployments.apps": "deployment",
  sts: "statefulset",
  statefulset: "statefulset",
  statefulsets: "statefulset",
  "statefulset.apps": "statefulset",
  "statefulsets.apps": "statefulset",
  rs: "replicaset",
  replicaset: "replicaset",
  replicasets: "replicaset",
  "replicaset.apps": "replicaset",
  "replicasets.apps": "replicaset",
};

const SHORT: Readonly<Record<TargetKind, string>> = {
  service: "svc",
  pod: "pod",
  deployment: "deploy",
  statefulset: "sts",
  replicaset: "rs",
};

/** `svc/ui`, `deploy/web`, as a person writes it. */
export const targetText = (reference: Pick<TargetReference, "kind" | "name">): string =>
  `${SHORT[reference.kind]}/${reference.name}`;

const EXAMPLES =
  "Name a target such as svc/headlamp, deploy/web:8080, pod/web-0:8080 or https://NAME.NAMESPACE.svc";

const invalid = (text: string, wanted: string): KnownError =>
  new KnownError("TARGET_INVALID", `Cannot open "${text}": ${wanted}`, { hint: EXAMPLES });

/**
 * `svc/NAME[:PORT]`, `pod/…`, `deploy/…`, `sts/…`, `rs/…`, `NAME[:PORT]` (a Service), and kauthproxy's URLs (open.md §1.2), which here
 * also say namespace, port, path and query.
 * @throws {KnownError} TARGET_INVALID; exit 2
 */
export const parseTarget = (text: string): TargetReference =>
  /^https?:\/\//i.test(text) ? parseUrl(text) : parseName(text);

const parseName = (text: string): TargetReference => {
  const slash = text.indexOf("/");
  const word = slash === -1 ? "svc" : text.slice(0, slash).toLowerCase();
  const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
  if (kind === undefined)
    throw invalid(text, `"${word}" is no kind of target; it must be svc, pod, deploy, sts or rs`);
  const [name = "", port, ...more] = text.slice(slash + 1).split(":");
  if (more.length > 0) throw invalid(text, "it has more than one port");
  checkName(text, name, kind);
  return {
    kind,
    name,
    namespace: undefined,
    port: port === undefined ? undefined : checkPort(text, port),
    scheme: undefined,
    path: "/",
  };
};

const checkName = (text: string, name: string, kind: TargetKind): void => {
  const pattern = kind === "service" ? LABEL : SUBDOMAIN;
  if (!pattern.test(name))
    throw invalid(text, `"${name}" is no name of a ${kind}: it must be lower-case letters, digits and "-"`);
};

const checkPort = (text: string, port: string): string => {
  const number = /^\d+$/.test(port) ? Number(port) : undefined;
  // Without leading zeros: it is compared with what the API server writes.
  if (number !== undefined && number >= 1 && number <= 65_535) return String(number);
  if (number === undefined && PORT_NAME.test(port)) return port;
  throw invalid(text, `"${port}" is no port: it must be a number between 1 and 65535 or a port's name`);
};

const parseUrl = (url: string): TargetReference => readUrl(url, url.replace(/\/\/.*@/s, "//…@"));

/** @param text the same without what may be a password */
const readUrl = (written: string, text: string): TargetReference => {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || url.hostname === "") throw invalid(text, "it is no URL");
  if (url.username !== "" || url.password !== "") throw invalid(text, "it holds a password");
  const scheme = url.protocol === "https:" ? "https" : "http";
  const host = url.hostname.replace(/\.cluster\.local$/, "");
  // `https://x.svc:443` has no port left after parsing, but the person named it.
  const port = /^https?:\/\/[^/?#\\]*:(\d+)(?:[/?#\\]|$)/i.exec(written)?.[1];
  const rest = {
    port: port === undefined ? undefined : checkPort(text, port),
    scheme,
    path: `${url.pathname}${url.search}`,
  } as const;
  if (!host.endsWith(".svc")) {
    checkName(text, url.hostname, "pod");
    return { kind: "pod", name: url.hostname, namespace: undefined, ...rest };
  }
  const [name = "", namespace, ...more] = host.slice(0, -".svc".length).split(".");
  if (more.length > 0) throw invalid(text, "it must be NAME.svc or NAME.NAMESPACE.svc");
  checkName(text, name, "service");
  if (namespace !== undefined && !LABEL.test(namespace))
    throw invalid(text, `"${namespace}" is no name of a namespace`);
  return { kind: "service", name, namespace, ...rest };
};
