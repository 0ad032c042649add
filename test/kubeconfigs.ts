import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Demo } from "../src/demo/index.ts";

/** A kubeconfig for the demo's cluster. */
export interface KubeconfigWishes {
  /** The user's stanza. */
  readonly user: unknown;
  /** Instead of the demo's. */
  readonly server?: string;
  /** PEM, instead of the demo's. */
  readonly authority?: string;
  readonly mode?: number;
}

/** Writes it below a directory, and resolves to its path. */
export async function writeKubeconfig(
  demo: Demo,
  directory: string,
  name: string,
  wishes: KubeconfigWishes,
): Promise<string> {
  const path = join(directory, name);
  const { server, authority } = demo.cluster;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "demo",
    clusters: [
      {
        name: "demo",
        cluster: {
          server: wishes.server ?? server,
          "certificate-authority-data": Buffer.from(wishes.authority ?? authority.cert).toString("base64"),
        },
      },
    ],
    users: [{ name: "person", user: wishes.user }],
    contexts: [{ name: "demo", context: { cluster: "demo", user: "person", namespace: "apps" } }],
  };
  await writeFile(path, JSON.stringify(config), { mode: wishes.mode ?? 0o600 });
  return path;
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT that nobody signed. */
export const unsignedJwt = (claims: unknown): string =>
  `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
