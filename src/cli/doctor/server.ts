import { connect, inspectServer, type ApiResponse } from "../../api/index.ts";
import { fallback, object, string } from "../../base/decode.ts";
import { only } from "../../base/headers.ts";
import { epochMillis, millis } from "../../base/units.ts";
import { check, badNote } from "./check.ts";
import { timeText, type Note } from "./finding.ts";

/** A certificate that ends within days will be somebody's trouble; one that is made for a day is not, until it is old. */
const SOON = 7 * 24 * 60 * 60 * 1000;
const LAST_SHARE = 0.1;

/** The proxy on the way, and the certificate that the server shows, trusted or not. No credential is sent. */
export const tlsCheck = check({
  id: "tls",
  subject: "TLS",
  needs: ["config"],
  run: async ({ system, signal }, { config }) => {
    const seen = await inspectServer(config, system, { signal });
    const { proxy } = seen;
    const way: Note = {
      id: "proxy",
      subject: "proxy",
      ...(proxy === undefined
        ? { state: "none", found: "none is on the way" }
        : { state: "ok", found: `${proxy.name}, from ${proxy.from}` }),
    };
    if (seen.kind === "unreachable")
      return { notes: [way, { id: "connect", subject: "connection", ...badNote(seen.error) }] };
    const { tls } = seen;
    if (tls === undefined)
      return {
        learned: { reachable: true },
        notes: [
          way,
          {
            state: "warning",
            found: "the server is reached over plain http, so no credential is sent",
            next: "Use an https address as the cluster's server",
          },
        ],
      };
    const [leaf] = tls.chain;
    const issuers = tls.chain.slice(0, 3).map(({ issuer }) => issuer);
    const end = leaf?.notAfter ?? epochMillis(0);
    const shown = `${tls.protocol}, certificate for ${namesText(leaf?.names ?? [])}, issued by ${[...new Set(issuers)].join(", by ")}, ends ${timeText(end)}`;
    const [fault, ...others] = tls.faults;
    if (config.cluster.insecureSkipTlsVerify)
      return {
        learned: { reachable: true },
        notes: [
          way,
          {
            state: "warning",
            found: `${shown}; it is not verified (insecure-skip-tls-verify)${fault === undefined ? "" : `: ${fault.message}`}`,
            next: "Name the cluster's certificate-authority instead",
          },
        ],
      };
    if (fault !== undefined)
      return { notes: [way, ...[fault, ...others].map((each) => ({ ...badNote(each) }))] };
    const life = end - (leaf?.notBefore ?? end);
    const soon = end - system.now() < Math.min(SOON, life * LAST_SHARE);
    return {
      learned: { reachable: true },
      notes: [
        way,
        {
          state: soon ? "warning" : "ok",
          found: shown,
          ...(soon ? { next: "The server's certificate has to be renewed within days" } : {}),
        },
      ],
    };
  },
});

const NAMES_SHOWN = 3;

const namesText = (names: readonly string[]): string => {
  if (names.length === 0) return "no name at all";
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more}`;
};

const versionShape = object({
  major: fallback(string, ""),
  minor: fallback(string, ""),
  gitVersion: fallback(string, ""),
});

const ANSWER_WITHIN = millis(15_000);

/** Whether it answers HTTP, its version, and what its clock says. */
export const serverCheck = check({
  id: "server",
  subject: "API server",
  needs: ["config", "source", "credential", "reachable"],
  run: async ({ system, signal, own }, { config, source }) => {
    const connection = own(connect(config, source, system));
    const before = system.now();
    const answer = await connection.request({
      method: "GET",
      path: "/version",
      signal,
      timeout: ANSWER_WITHIN,
    });
    const ours = epochMillis((before + system.now()) / 2);
    const theirs = Date.parse(only(answer.headers, "date") ?? "");
    const version = versionOf(answer);
    return {
      learned: {
        connection,
        version: version?.short,
        clocks: Number.isNaN(theirs) ? undefined : { theirs: epochMillis(theirs), ours },
      },
      notes: [
        {
          state: "ok",
          found: `${connection.server} answers${version === undefined ? ` ${answer.status}` : `: Kubernetes ${version.full}`}`,
        },
      ],
    };
  },
});

const versionOf = (answer: ApiResponse): { readonly short: string; readonly full: string } | undefined => {
  if (answer.status !== 200) return undefined;
  try {
    const { major, minor, gitVersion } = versionShape(answer.body, "");
    return { short: `${major}.${minor.replace(/\D.*$/, "")}`, full: gitVersion };
  } catch {
    // Something else than an API server; what follows will say so.
    return undefined;
  }
};

/** `Date` counts whole seconds. */
const CLOSE = 10_000;
/** EKS takes no token that is 15 minutes off, and most issuers allow less. */
const FAR = 5 * 60 * 1000;

export const clockCheck = check({
  id: "clock",
  subject: "clock",
  needs: ["clocks"],
  run: (_scene, { clocks }) => {
    if (clocks === undefined)
      return { notes: [{ state: "none", found: "the server does not say what time it is" }] };
    const skew = clocks.ours - clocks.theirs;
    const far = Math.abs(skew);
    if (far < CLOSE) return { notes: [{ state: "ok", found: "this machine and the server agree" }] };
    return {
      notes: [
        {
          state: far < FAR ? "warning" : "bad",
          found: `this machine's clock is ${Math.round(far / 1000)} s ${skew > 0 ? "ahead of" : "behind"} the server's`,
          next: "Set the clock (NTP): tokens and certificates are judged by it",
        },
      ],
    };
  },
});
