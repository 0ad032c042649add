import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "../../src/base/x509.ts";
import { VALID } from "../api-server.ts";
import { connectProxy, socksProxy, type TestProxy } from "../proxies.ts";
import { scriptedProvider, type ProviderScript } from "./identity-provider.ts";
import { record, type Answer, type Recorder, type Seen } from "./recorder.ts";

/** Names that only the proxies know: the loopback is never proxied. */
const FAR_NAME = "api.far.test";
/** The only name in the certificate of the server `<named>`. */
const OTHER_NAME = "elsewhere.test";

/** The servers that kubeconfigs name, and a directory for the files. */
export interface Scene extends AsyncDisposable {
  readonly directory: string;
  /** What stands for a word in `<>`. */
  readonly words: ReadonlyMap<string, string>;
  answer(answer: Answer): void;
  /** What the identity provider answers. */
  provide(script: ProviderScript): void;
  /** What servers and proxies saw since the last call. */
  take(): {
    readonly requests: readonly Seen[];
    readonly proxied: readonly string[];
    readonly provider: readonly string[];
  };
}

const PROXY_USER = { username: "user", password: "pass word" };

export async function createScene(): Promise<Scene> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "kauth-differential-")));
  const authority = createAuthority({ commonName: "authority", ...VALID });
  const stranger = createAuthority({ commonName: "stranger", ...VALID });
  const server = (names: readonly string[]): ReturnType<typeof authority.issue> =>
    authority.issue({ commonName: "kube-apiserver", names, use: "server", ...VALID });
  const certificate = authority.issue({
    commonName: "cert-user",
    organizations: ["certs"],
    use: "client",
    ...VALID,
  });
  const other = authority.issue({ commonName: "other-cert", use: "client", ...VALID });
  const https = await record(server(["127.0.0.1", "localhost", FAR_NAME]));
  const named = await record(server([OTHER_NAME]));
  const http = await record();
  const provider = await scriptedProvider(server(["127.0.0.1"]));
  const recorders: readonly Recorder[] = [https, named, http];
  const route = (host: string, port: number): { readonly host: string; readonly port: number } => ({
    host: "127.0.0.1",
    port: host === FAR_NAME ? (port === 80 ? http.port : https.port) : port,
  });
  const proxy = await connectProxy({ route });
  const strict = await connectProxy({ route, credentials: PROXY_USER });
  const secure = await connectProxy({ route, certificate: server(["127.0.0.1"]) });
  const socks = await socksProxy({ route });
  const proxies: Readonly<Record<string, TestProxy>> = { proxy, strict, secure, socks };
  const told = new Map(Object.keys(proxies).map((name) => [name, 0]));
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const words = new Map([
    ["dir", directory],
    ["https", https.url],
    ["https-port", String(https.port)],
    ["http", http.url],
    ["http-port", String(http.port)],
    ["named", named.url],
    ["far", `https://${FAR_NAME}`],
    ["idp", provider.url],
    ["proxy", proxy.url],
    ["proxy-port", String(proxy.port)],
    ["strict", strict.url],
    ["strict-port", String(strict.port)],
    ["secure", secure.url],
    ["socks", socks.url],
    ["ca", base64(authority.cert)],
    ["other-ca", base64(stranger.cert)],
    ["cert", base64(certificate.cert)],
    ["key", base64(certificate.key)],
    ["cert2", base64(other.cert)],
    ["key2", base64(other.key)],
    ["ca-pem", authority.cert],
    ["other-ca-pem", stranger.cert],
    ["cert-pem", certificate.cert],
    ["key-pem", certificate.key],
    ["cert2-pem", other.cert],
    ["key2-pem", other.key],
  ]);
  return {
    directory,
    words,
    answer: (answer) => recorders.forEach((recorder) => recorder.answer(answer)),
    provide: (script) => provider.play(script),
    take: () => ({
      provider: provider.take(),
      requests: recorders.flatMap((recorder) => recorder.take()),
      proxied: Object.entries(proxies).flatMap(([name, each]) => {
        const asked = each.asked.slice(told.get(name) ?? 0);
        told.set(name, each.asked.length);
        return asked.map((what) => `${name}: ${what}`);
      }),
    }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(
        [...recorders, provider, ...Object.values(proxies)].map((each) => each[Symbol.asyncDispose]()),
      );
      await rm(directory, { recursive: true, force: true });
    },
  };
}
