import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { logTo } from "../src/base/log.ts";
import { realSystem, type System } from "../src/base/system.ts";
import { epochMillis } from "../src/base/units.ts";
import {
  credentialHeaders,
  credentialSource,
  type Credential,
  type CredentialSource,
} from "../src/credentials/index.ts";
import { loadKubeconfig, selectContext } from "../src/kubeconfig/index.ts";
import { secureServer, type SecureServed } from "./api-server.ts";
import { connectProxy, type TestProxy } from "./proxies.ts";

/** An identity provider or a cloud under its real names, and a person whose kubeconfig has an auth provider. */

/** Names that the fake server has a certificate for. They are reached through a proxy only, as behind a company's. */
const HOSTS = [
  "issuer.example",
  "keystone.example",
  "oauth2.googleapis.com",
  "login.microsoftonline.com",
  "login.microsoftonline.us",
  "login.microsoftonline.de",
  "login.chinacloudapi.cn",
] as const;

export const START = Date.parse("2030-01-01T00:00:00Z");

export interface Asked {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly form: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, or what becomes JSON; "cut" in place of an answer ends the connection. */
  readonly body?: unknown;
}

export interface FakeCloud extends AsyncDisposable {
  readonly asked: readonly Asked[];
  /** What the proxy was asked for. */
  readonly proxied: readonly string[];
  readonly authority: string;
  /** The proxy, and where the authority is a file of the system's. */
  readonly env: Readonly<Record<string, string>>;
}

type Script = (asked: Asked, turn: number) => Answer | "cut" | Promise<Answer | "cut">;

export async function fakeCloud(script: Script): Promise<FakeCloud> {
  const asked: Asked[] = [];
  const directory = await mkdtemp(join(tmpdir(), "kauth-cloud-"));
  const server: SecureServed = await secureServer(
    (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts).toString();
        const one: Asked = {
          method: request.method ?? "",
          host: request.headers.host ?? "",
          path: request.url ?? "",
          headers: request.headers,
          form: Object.fromEntries(new URLSearchParams(body)),
          body,
        };
        asked.push(one);
        void (async () => {
          const answer = await script(one, asked.length);
          if (answer === "cut") {
            response.socket?.destroy();
            return;
          }
          const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {});
          response
            .writeHead(answer.status ?? 200, { "Content-Type": "application/json", ...answer.headers })
            .end(text);
        })();
      });
    },
    { names: [...HOSTS] },
  );
  const proxy: TestProxy = await connectProxy({ route: () => ({ host: "127.0.0.1", port: server.port }) });
  const file = join(directory, "authority.pem");
  await writeFile(file, server.authority.cert);
  return {
    asked,
    proxied: proxy.asked,
    authority: server.authority.cert,
    env: { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: file, SSL_CERT_DIR: directory },
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

export interface Person extends AsyncDisposable {
  readonly home: string;
  /** The kubeconfig. */
  readonly path: string;
  readonly system: System;
  /** All that was printed. */
  readonly said: () => string;
  /** How long anybody slept. */
  readonly slept: readonly number[];
  /** How often the kubeconfig was written. */
  readonly writes: () => number;
  readonly pass: (milliseconds: number) => void;
  /** `auth-provider.config` as the file has it now. */
  readonly stored: () => Promise<Readonly<Record<string, string>>>;
  /** Reads the kubeconfig and makes the source of its user. */
  readonly source: (system?: System) => Promise<CredentialSource>;
}

export interface PersonOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Further fields of the user. */
  readonly user?: object;
  readonly server?: string;
  readonly level?: number;
  /** Whoever sleeps wakes at once, and the clock has moved on. Default: real time, as for programs that run. */
  readonly dreams?: boolean;
}

export async function person(
  name: string,
  config: Readonly<Record<string, string>>,
  options: PersonOptions = {},
): Promise<Person> {
  const home = await mkdtemp(join(tmpdir(), "kauth-person-"));
  const path = join(home, ".kube", "config");
  await mkdir(dirname(path), { mode: 0o700 });
  await writeFile(
    path,
    JSON.stringify({
      users: [{ name: "u", user: { "auth-provider": { name, config }, ...options.user } }],
      clusters: [{ name: "c", cluster: { server: options.server ?? "https://cluster.example" } }],
    }),
    { mode: 0o600 },
  );
  let now = START;
  let said = "";
  let writes = 0;
  const slept: number[] = [];
  const real = realSystem();
  const system: System = {
    ...real,
    env: { PATH: process.env["PATH"], HOME: home, ...options.env },
    home,
    cwd: home,
    now: () => epochMillis(now),
    sleep: async (time, signal) => {
      if (options.dreams !== true) return await real.sleep(time, signal);
      signal?.throwIfAborted();
      slept.push(time);
      now += time;
      return undefined;
    },
    files: {
      ...real.files,
      replace: async (target, ...rest) => {
        if (target === path) writes += 1;
        await real.files.replace(target, ...rest);
      },
    },
    log: logTo({ out: () => undefined, err: (text) => (said += text) }, options.level ?? 0),
  };
  return {
    home,
    path,
    system,
    said: () => said,
    slept,
    writes: () => writes,
    pass: (milliseconds) => (now += milliseconds),
    stored: async () => {
      const text = JSON.parse(await readFile(path, "utf8")) as {
        users: { user: { "auth-provider": { config: Record<string, string> } } }[];
      };
      return text.users[0]?.user["auth-provider"].config ?? {};
    },
    source: async (other = system) =>
      credentialSource(
        selectContext(await loadKubeconfig(other, { explicit: path }), { user: "u", cluster: "c" }, other),
        other,
      ),
    [Symbol.asyncDispose]: async () => {
      await rm(home, { recursive: true });
    },
  };
}

/** What goes into the Authorization header. */
export const sent = (credential: Credential | undefined): string | undefined =>
  credential === undefined ? undefined : credentialHeaders(credential)[0]?.[1];

/** A JWT whose signature nobody checks. */
export const idToken = (claims: object, mark = "sig"): string =>
  [{ alg: "none" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .concat(mark)
    .join(".");
