import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** Something that answers at a loopback port as the same app would. */
export interface Contender extends AsyncDisposable {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What the load generator has to send. */
  readonly headers: Readonly<Record<string, string>>;
  readonly pid: number | undefined;
  /** From spawn to the first answer of the app. */
  readonly startMillis: number;
}

const ROOT = dirname(import.meta.dirname);

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
};

/** One GET; resolves to its status. */
const ask = async (
  at: { readonly host: string; readonly port: number; readonly headers: Readonly<Record<string, string>> },
  path: string,
  agent: Agent | false = false,
): Promise<{ status: number; cookies: readonly string[] }> =>
  await new Promise((resolve, reject) => {
    const sent = request(
      { host: at.host, port: at.port, path, headers: { ...at.headers }, agent },
      (response) => {
        response.resume();
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, cookies: response.headers["set-cookie"] ?? [] }),
        );
      },
    );
    sent.once("error", reject);
    sent.end();
  });

export interface Place {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly service: string;
  readonly namespace: string;
}

export async function kubectlForward(place: Place): Promise<Contender> {
  const started = performance.now();
  const child = spawn(
    place.kubectl,
    ["--kubeconfig", place.kubeconfig, "-n", place.namespace, "port-forward", `svc/${place.service}`, ":80"],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let port = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /127\.0\.0\.1:(\d+)/.exec(line);
    if (found !== null) {
      port = Number(found[1]);
      break;
    }
  }
  child.stdout.resume();
  const at = { host: "127.0.0.1", port, headers: {} };
  await ask(at, "/healthz");
  return {
    name: "kubectl port-forward",
    ...at,
    pid: child.pid,
    startMillis: performance.now() - started,
    [Symbol.asyncDispose]: async () => await end(child),
  };
}

/** One for all runs, as a person has one: compiled code and the carrier that worked are kept there. */
let home: string | undefined;

/** `kauth open` with default flags, then a session as the browser gets it from the launch link. */
export async function kauthOpen(place: Place, program: readonly string[]): Promise<Contender> {
  home ??= await mkdtemp(join(tmpdir(), "kauth-bench-"));
  const [file = "", ...first] = program;
  const started = performance.now();
  const child = spawn(
    file,
    [
      ...first,
      "open",
      `svc/${place.service}`,
      "-n",
      place.namespace,
      "--kubeconfig",
      place.kubeconfig,
      "--skip-open-browser",
      "--output",
      "json",
      "--print-link",
      "--address",
      "127.0.0.1:0",
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], HOME: home, KAUTH_HOME: home },
    },
  );
  let link = "";
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const event = JSON.parse(line) as { event: string; url?: string };
    if (event.event === "link") {
      link = event.url ?? "";
      break;
    }
  }
  child.stdout.resume();
  let url = new URL(link);
  const at = { host: "127.0.0.1", port: Number(url.port) };
  const browserAt = (page: URL): Readonly<Record<string, string>> => ({
    host: page.host,
    "sec-fetch-site": "same-origin",
    origin: page.origin,
  });
  // The start page comes first, and leads on to the target.
  const { next } = await session({ ...at, headers: browserAt(url) }, url.hash.slice(1));
  if (next !== undefined) url = new URL(next);
  // A browser asks for the page on the connection that its session was made on.
  const agent = new Agent({ keepAlive: true });
  const { cookie } = await session({ ...at, headers: browserAt(url) }, url.hash.slice(1), agent);
  const headers = { Host: url.host, "sec-fetch-site": "same-origin", cookie };
  const answer = await ask({ ...at, headers }, "/healthz", agent);
  agent.destroy();
  if (answer.status !== 200) throw new Error(`with the session the answer was ${answer.status}`);
  const startMillis = performance.now() - started;
  const refused = await ask({ ...at, headers: { host: url.host } }, "/healthz");
  if (refused.status !== 401) throw new Error(`without a session the answer was ${refused.status}, not 401`);
  return {
    name: "kauth open",
    ...at,
    headers,
    pid: child.pid,
    startMillis,
    [Symbol.asyncDispose]: async () => await end(child),
  };
}

const session = async (
  at: { readonly host: string; readonly port: number; readonly headers: Readonly<Record<string, string>> },
  token: string,
  agent: Agent | false = false,
): Promise<{ readonly cookie: string; readonly next: string | undefined }> =>
  await new Promise((resolve, reject) => {
    const sent = request(
      {
        host: at.host,
        port: at.port,
        path: "/__kauth/session",
        method: "POST",
        headers: { ...at.headers },
        agent,
      },
      (response) => {
        const cookie = response.headers["set-cookie"]?.[0]?.split(";")[0];
        let text = "";
        response.on("data", (part: Buffer) => (text += part.toString()));
        response.once("end", () => {
          if (cookie === undefined) reject(new Error(`no session: ${response.statusCode}`));
          else resolve({ cookie, next: (JSON.parse(text) as { readonly next?: string }).next });
        });
      },
    );
    sent.once("error", reject);
    sent.end(token);
  });

/** kauthproxy, where a binary of it is on PATH. */
export async function kauthproxy(place: Place, file: string): Promise<Contender> {
  const started = performance.now();
  const port = 28_123;
  const child = spawn(
    file,
    [
      "--kubeconfig",
      place.kubeconfig,
      "-n",
      place.namespace,
      "--skip-open-browser",
      "--address",
      `127.0.0.1:${port}`,
      `http://${place.service}.svc`,
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  const at = { host: "127.0.0.1", port, headers: {} };
  for (;;) {
    const answer = await ask(at, "/healthz").catch(() => undefined);
    if (answer?.status === 200) break;
    if (child.exitCode !== null) throw new Error("kauthproxy ended");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {
    name: "kauthproxy",
    ...at,
    pid: child.pid,
    startMillis: performance.now() - started,
    [Symbol.asyncDispose]: async () => await end(child),
  };
}

export const NODE_PROGRAM: readonly string[] = [
  process.execPath,
  join(ROOT, "dist", "cli", "bin", "kauth.js"),
];

/** What is measured: the compiled kauth that `BENCH_BINARY` names, else kauth on Node. */
export const benchedProgram = (): readonly string[] => {
  const binary = process.env["BENCH_BINARY"] ?? "";
  return binary === "" ? NODE_PROGRAM : [binary];
};

/** Seconds of processor time and the highest resident size (MiB) of a process so far. */
export const usage = async (pid: number): Promise<{ cpu: number; rss: number }> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const peak = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, rss: peak / 1024 };
};
