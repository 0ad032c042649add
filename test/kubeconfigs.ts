import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { epochMillis } from "../src/base/units.ts";
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

/** The stanza of somebody with a client certificate of the demo's, for an hour. */
export const certificateUser = ({ cluster }: Demo, name: string): Readonly<Record<string, string>> => {
  const pair = cluster.authority.issue({
    commonName: name,
    names: [],
    use: "client",
    notBefore: epochMillis(Date.now() - 60_000),
    notAfter: epochMillis(Date.now() + 3_600_000),
  });
  return {
    "client-certificate-data": Buffer.from(pair.cert).toString("base64"),
    "client-key-data": Buffer.from(pair.key).toString("base64"),
  };
};

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWT that nobody signed. */
export const unsignedJwt = (claims: unknown): string =>
  `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
