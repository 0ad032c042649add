import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { integer, object, parseJson, string } from "../src/base/decode.ts";

const run = promisify(execFile);

/** The facts of a test cluster that `KAUTH_E2E_CLUSTER` names (a cluster.json). */
export interface Kit {
  readonly server: string;
  readonly kubectl: string;
  /** Makes client certificates. */
  readonly kubekit: string;
  readonly pki: string;
  readonly auditLog: string;
  readonly execLog: string;
  /** An authority that is not the API server's. */
  readonly webhookCaFile: string;
  /** Where the API server asks on 127.0.0.1 whose a token is that it does not know. */
  readonly webhookPort: number;
  kubeconfig(user: string): string;
  /** kubectl as the administrator. */
  admin(...args: readonly string[]): Promise<string>;
  /** One of the kit's faults, e.g. `restart-kubelet`. */
  fault(...args: readonly string[]): Promise<void>;
  /** The kit's `trust-issuer`: from its return on the API server takes tokens of that issuer, or no longer. */
  trustIssuer(...args: readonly string[]): Promise<void>;
  /** Audit events since a byte offset of the log. */
  audit(from: number): Promise<readonly AuditEvent[]>;
  auditSize(): Promise<number>;
}

export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: string;
  readonly userAgent: string;
  readonly uri: string;
  readonly code: number;
  readonly line: string;
}

const shape = object({
  server: string,
  kubeconfigs: string,
  kubectl: string,
  kubekit: string,
  pki: string,
  auditLog: string,
  execLog: string,
  webhookCaFile: string,
  webhookPort: integer,
});

interface RawAudit {
  readonly stage?: string;
  readonly verb?: string;
  readonly user?: { readonly username?: string };
  readonly userAgent?: string;
  readonly requestURI?: string;
  readonly responseStatus?: { readonly code?: number };
}

/** The words that open the kit's UI as alice, over one carrier. */
export const overCarrier = (kit: Kit, carrier: string): string[] => [
  "svc/ui",
  "-n",
  "apps",
  "--tunnel",
  carrier,
  "--kubeconfig",
  kit.kubeconfig("alice-token"),
];

export async function openKit(): Promise<Kit> {
  const path = process.env["KAUTH_E2E_CLUSTER"];
  if (path === undefined || path === "") throw new Error("KAUTH_E2E_CLUSTER must name a cluster.json");
  const facts = shape(parseJson(await readFile(path, "utf8")), "");
  const kit = process.env["KAUTH_E2E_KIT"] ?? join(dirname(import.meta.dirname), "..", "shared", "cluster");
  const admin = join(facts.kubeconfigs, "admin");
  return {
    ...facts,
    kubeconfig: (user) => join(facts.kubeconfigs, user),
    admin: async (...args) => {
      const { stdout } = await run(facts.kubectl, [`--kubeconfig=${admin}`, ...args], {
        maxBuffer: 16 * 1024 * 1024,
      });
      return stdout;
    },
    fault: async (...args) => {
      await run(join(kit, "fault"), [...args], { timeout: 120_000 });
    },
    trustIssuer: async (...args) => {
      await run(join(kit, "trust-issuer"), [...args], { timeout: 120_000 });
    },
    auditSize: async () => (await stat(facts.auditLog)).size,
    audit: async (from) => {
      const text = (await readFile(facts.auditLog)).subarray(from).toString("utf8");
      return text
        .split("\n")
        .filter((line) => line.endsWith("}"))
        .map((line) => {
          const raw = JSON.parse(line) as RawAudit;
          return {
            stage: raw.stage ?? "",
            verb: raw.verb ?? "",
            user: raw.user?.username ?? "",
            userAgent: raw.userAgent ?? "",
            uri: raw.requestURI ?? "",
            code: raw.responseStatus?.code ?? 0,
            line,
          };
        });
    },
  };
}
