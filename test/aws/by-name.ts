import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secureServer } from "../api-server.ts";
import { connectProxy } from "../proxies.ts";

export interface ByName extends AsyncDisposable {
  /** Connections that were made to it. */
  readonly connections: number;
  /** What a program needs in its environment to come here by STS's real names. */
  readonly env: Readonly<Record<"HTTPS_PROXY" | "SSL_CERT_FILE" | "SSL_CERT_DIR", string>>;
}

const NAMES = ["sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts.us-west-2.amazonaws.com"];

/**
 * STS under its real names, for whoever goes through the proxy of `env` and trusts its authority: so nobody needs a back
 * door in the rule of hosts.
 */
export async function stsByName(handler: RequestListener): Promise<ByName> {
  const served = await secureServer(handler, { names: NAMES, commonName: "sts" });
  const proxy = await connectProxy({
    route: (host, port) =>
      NAMES.includes(host) && port === 443 ? { host: "127.0.0.1", port: served.port } : undefined,
  });
  const directory = await mkdtemp(join(tmpdir(), "kauth-sts-"));
  const ca = join(directory, "ca.pem");
  await writeFile(ca, served.authority.cert);
  return {
    get connections() {
      return served.accepted;
    },
    env: { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: ca, SSL_CERT_DIR: directory },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
