import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { startBent, type BentProvider, type BentWishes } from "./bent-provider.ts";
import { browse, type BrowserSettings, type PageSeen } from "./browser.ts";
import { PERSON, PUBLIC } from "./certified.ts";
import { claimsOf } from "./bend.ts";
import { start, type Ended, type Running, type RunWishes } from "./target.ts";

/** A person's home, a provider, and a browser that signs in. */
export interface Scene extends AsyncDisposable {
  readonly home: string;
  /** For `--token-cache-dir`. */
  readonly cache: string;
  readonly provider: BentProvider;
  readonly browserCommand: string;
  /** What the browser saw since the start. */
  pages(): Promise<readonly PageSeen[]>;
  /** The page that the command under test shows at the end. It may come after the command's end. */
  lastPage(): Promise<PageSeen>;
  /** How often a browser was opened. */
  opened(): Promise<number>;
  setBrowser(settings: Partial<BrowserSettings>): Promise<void>;
  /** The arguments of `get-token` that every scenario has, then its own. */
  args(...more: readonly string[]): readonly string[];
  start(args: readonly string[], wishes?: Partial<RunWishes>): Running;
  run(args: readonly string[], wishes?: Partial<RunWishes>): Promise<Ended>;
  getToken(...more: readonly string[]): Promise<Ended>;
}

export interface SceneWishes extends Omit<BentWishes, "directory"> {
  readonly browser?: Partial<BrowserSettings>;
  /** `KUBERNETES_EXEC_INFO`. Default: v1, interactive. */
  readonly execInfo?: string | undefined;
}

export const execInfo = (apiVersion = "client.authentication.k8s.io/v1", interactive = true): string =>
  JSON.stringify({ kind: "ExecCredential", apiVersion, spec: { interactive } });

/** Each run is for another client: what is given twice to the same client at once has been refused by a server. */
const another = (info: string): string =>
  info.replace(/(?<="spec":\{)/, `"cluster":{"server":"https://${randomUUID()}.example"},`);

export async function scene(wishes: SceneWishes = {}): Promise<Scene> {
  const home = await mkdtemp(join(tmpdir(), "kauth-oidc-"));
  const cache = join(home, "cache");
  await mkdir(cache, { mode: 0o700 });
  const provider = await startBent({ ...wishes, directory: home });
  const browserCommand = join(home, "browser");
  const log = join(home, "browser.log");
  const settingsFile = join(home, "browser.json");
  const quoted = [process.execPath, join(import.meta.dirname, "browser.ts"), settingsFile].map(
    (word) => `'${word}'`,
  );
  await writeFile(browserCommand, `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`);
  await chmod(browserCommand, 0o755);
  const setBrowser = async (settings: Partial<BrowserSettings>): Promise<void> => {
    const ca = provider.caFile === undefined ? [] : [provider.caFile];
    await writeFile(settingsFile, JSON.stringify({ log, login: PERSON, ca, ...settings }));
  };
  await setBrowser(wishes.browser ?? {});
  const pages = async (): Promise<readonly PageSeen[]> =>
    (await readFile(log, "utf8").catch(() => ""))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as PageSeen);
  const given = "execInfo" in wishes ? wishes.execInfo : execInfo();
  const args = (...more: readonly string[]): readonly string[] => [
    "get-token",
    `--oidc-issuer-url=${provider.issuer}`,
    ...(more.some((word) => word.startsWith("--oidc-client-id")) ? [] : [`--oidc-client-id=${PUBLIC}`]),
    ...(provider.caFile === undefined || more.some((word) => word.startsWith("--certificate-authority"))
      ? []
      : [`--certificate-authority=${provider.caFile}`]),
    ...(more.some((word) => word.startsWith("--token-cache-dir")) ? [] : [`--token-cache-dir=${cache}`]),
    ...(more.some((word) => word.startsWith("--listen-address")) ? [] : ["--listen-address=127.0.0.1:0"]),
    ...(more.some((word) => word.startsWith("--browser-command") || word.startsWith("--skip-open-browser"))
      ? []
      : [`--browser-command=${browserCommand}`]),
    ...more,
  ];
  const begin: Scene["start"] = (words, more = {}) =>
    start(words, {
      home,
      ...more,
      env: { ...(given === undefined ? {} : { KUBERNETES_EXEC_INFO: another(given) }), ...more.env },
    });
  return {
    home,
    cache,
    provider,
    browserCommand,
    pages,
    lastPage: async () => {
      for (let turn = 0; turn < 400; turn++) {
        const seen = await pages();
        const last = seen.findLast(({ event }) => event !== "opened");
        if (last?.event === "error") throw new Error(`the browser failed: ${last.body}`);
        if (last !== undefined && !last.url.startsWith(provider.issuer)) return last;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(
        `the browser saw no last page: ${JSON.stringify((await pages()).map(({ url }) => url))}`,
      );
    },
    opened: async () => (await pages()).filter(({ event }) => event === "opened").length,
    setBrowser,
    args,
    start: begin,
    run: async (words, more) => await begin(words, more).ended,
    getToken: async (...more) => await begin(args(...more)).ended,
    [Symbol.asyncDispose]: async () => {
      if ((JSON.parse(await readFile(settingsFile, "utf8")) as BrowserSettings).mode === "hang")
        for (const { pid } of await pages()) if (pid !== undefined) process.kill(pid);
      await provider[Symbol.asyncDispose]();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export interface Credential {
  readonly token: string;
  readonly claims: ReturnType<typeof claimsOf>;
}

/** Exit 0, and stdout is one ExecCredential and nothing else; nothing on stderr is a secret. */
export function credentialOf(
  ended: Ended,
  provider: BentProvider,
  apiVersion = "client.authentication.k8s.io/v1",
): Credential {
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  const value = JSON.parse(ended.stdout) as { status: { token: string; expirationTimestamp: string } };
  const { token } = value.status;
  const claims = claimsOf(token);
  const expiry = new Date(Number(claims.exp) * 1000).toISOString().replace(".000Z", "Z");
  expect(value).toEqual({
    kind: "ExecCredential",
    apiVersion,
    spec: { interactive: false },
    status: { token, expirationTimestamp: expiry },
  });
  expect(ended.stdout.trimEnd().split("\n")).toHaveLength(1);
  keepsSecrets(ended, provider, [token]);
  return { token, claims };
}

/** No secret that the provider gave or got is in what was printed. @param allowed what may be on stdout */
export function keepsSecrets(ended: Ended, provider: BentProvider, allowed: readonly string[] = []): void {
  for (const secret of provider.secrets) {
    expect(
      ended.stderr.includes(secret),
      `a secret on stderr: ${secret.slice(0, 12)}…\n${ended.stderr}`,
    ).toBe(false);
    if (!allowed.includes(secret)) expect(ended.stdout.includes(secret), "a secret on stdout").toBe(false);
  }
}

/** The authorization request, as the provider got it. */
export const authorization = (provider: BentProvider): URLSearchParams => {
  const found = provider.heard.filter(({ path }) => path === "/auth");
  expect(found, "one authorization request").toHaveLength(1);
  const query = found[0]?.query ?? new URLSearchParams();
  // What was pushed beforehand (RFC 9126) is named only.
  if (!query.has("request_uri")) return query;
  return provider.heard.findLast(({ path }) => path === "/request")?.form ?? query;
};

export const tokenForms = (provider: BentProvider, grant: string): readonly URLSearchParams[] =>
  provider.heard
    .filter(({ path, form }) => path === "/token" && form.get("grant_type") === grant)
    .map(({ form }) => form);

export const refreshTokens = ({ provider }: Scene): readonly (string | null)[] =>
  tokenForms(provider, "refresh_token").map((form) => form.get("refresh_token"));

export const inScene = async (wishes: SceneWishes, body: (scene: Scene) => Promise<void>): Promise<void> => {
  await using made = await scene(wishes);
  await body(made);
};

/** Waits until a token's life is over. */
export const untilExpired = async ({ claims }: Credential): Promise<void> => {
  const left = Number(claims.exp) * 1000 - Date.now();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, left + 50)));
};

/** A person with another machine's browser. */
export const visit = async ({ home, provider }: Scene, url: string, stop?: string): Promise<void> => {
  await browse(url, {
    log: join(home, "elsewhere.log"),
    login: PERSON,
    ca: provider.caFile === undefined ? [] : [provider.caFile],
    ...(stop === undefined ? {} : { stop }),
  });
};
