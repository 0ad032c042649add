import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = dirname(import.meta.dirname);
const BINARY = process.env["KAUTH_E2E_BINARY"];
/** The built program, or the compiled one that `KAUTH_E2E_BINARY` names. */
const PROGRAM: readonly string[] =
  BINARY === undefined || BINARY === ""
    ? [process.execPath, join(ROOT, "dist", "cli", "bin", "kauth.js")]
    : [BINARY];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Leave the API token out. */
  readonly anonymous?: boolean;
}

export interface Opened extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly port: number;
  readonly host: string;
  readonly link: string;
  readonly token: string;
  readonly ready: Readonly<Record<string, unknown>>;
  events(): readonly Readonly<Record<string, unknown>>[];
  stderr(): string;
  fetch(options?: RequestOptions): Promise<Answer>;
  json(path: string): Promise<Record<string, unknown>>;
  /** KAUTH_HOME of the process. */
  readonly home: string;
  stop(): Promise<number | null>;
}

export interface Followed extends Answer {
  /** `name=value` of the session. */
  readonly cookie: string;
}

const exchange = async (
  to: URL,
  options: { method: string; path: string; headers: Readonly<Record<string, string>>; body?: string },
): Promise<Answer> =>
  await new Promise((resolve, reject) => {
    // Only browsers know *.localhost names, so the address is dialled and the name sent.
    const sent = request(
      {
        host: "127.0.0.1",
        port: to.port,
        agent: false,
        method: options.method,
        path: options.path,
        headers: { host: to.host, ...options.headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(options.body);
  });

/** Does what the launch page does in a browser, then asks for a path with the session. */
export async function follow(link: string, path: string): Promise<Followed> {
  const url = new URL(link);
  const own = { origin: url.origin, "sec-fetch-site": "same-origin" };
  const made = await exchange(url, {
    method: "POST",
    path: "/__kauth/session",
    headers: own,
    body: url.hash.slice(1),
  });
  const cookie = made.headers["set-cookie"]?.[0]?.split(";")[0];
  if (cookie === undefined)
    throw new Error(`no session: ${made.status} ${made.body.toString().slice(0, 200)}`);
  const answer = await exchange(url, { method: "GET", path, headers: { ...own, cookie } });
  return { ...answer, cookie };
}

const environment = (home: string, extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: home,
  KAUTH_HOME: home,
  ...extra,
});

/** Runs a command to its end. */
export async function kauth(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const home = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
  const [file = "", ...first] = PROGRAM;
  const child = spawn(file, [...first, ...args], {
    env: environment(home, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  await once(child, "close");
  clearTimeout(timer);
  await rm(home, { recursive: true, force: true });
  return { code: child.exitCode, stdout, stderr };
}

/** Starts `kauth open …` and waits until it is ready. Rejects with what it printed if it ends before. */
export async function open(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Opened> {
  const home = await mkdtemp(join(tmpdir(), "kauth-e2e-"));
  const tokenFile = join(home, "api-token");
  const [file = "", ...first] = PROGRAM;
  const own = ["--output", "json", "--print-link", "--skip-open-browser", "--api-token-file", tokenFile];
  const address = args.includes("--address") ? [] : ["--address", "127.0.0.1:0"];
  const child = spawn(file, [...first, "open", ...args, ...own, ...address], {
    env: environment(home, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const events: Record<string, unknown>[] = [];
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stdout });
  const waiting = new Map<string, (event: Record<string, unknown>) => void>();
  lines.on("line", (line) => {
    const event = JSON.parse(line) as Record<string, unknown>;
    events.push(event);
    waiting.get(String(event["event"]))?.(event);
  });
  const first_ = async (name: string): Promise<Record<string, unknown>> =>
    await new Promise((resolve, reject) => {
      const seen = events.find((event) => event["event"] === name);
      if (seen !== undefined) return resolve(seen);
      waiting.set(name, resolve);
      void closed.then(() => reject(new Error(`kauth ended with ${child.exitCode}: ${stderr}`)));
    });
  const ready = await first_("ready");
  const link = await first_("link");
  const origin = new URL(String(ready["url"]));
  const token = (await readFile(tokenFile, "utf8")).trim();
  const port = Number(origin.port);
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await closed;
    await rm(home, { recursive: true, force: true });
    return child.exitCode;
  };
  const fetch = async (options: RequestOptions = {}): Promise<Answer> =>
    await exchange(origin, {
      method: options.method ?? "GET",
      path: options.path ?? "/",
      headers: { ...(options.anonymous === true ? {} : { "x-kauth-token": token }), ...options.headers },
      ...(options.body === undefined ? {} : { body: options.body }),
    });
  return {
    child,
    origin: origin.origin,
    host: origin.host,
    port,
    link: String(link["url"]),
    token,
    ready,
    events: () => events,
    stderr: () => stderr,
    fetch,
    json: async (path) => JSON.parse((await fetch({ path })).body.toString()) as Record<string, unknown>,
    home,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
