import { spawnSync } from "node:child_process";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recorded, type Recorded } from "../../../test/recorded.ts";
import type { System } from "../../base/system.ts";
import {
  loadKubeconfig,
  resolveClientConfig,
  type ClientConfig,
  type Kubeconfig,
} from "../../kubeconfig/index.ts";
import { watchKubeconfig, type KubeconfigWatch } from "./kubeconfig-change.ts";

interface File {
  current?: string;
  server?: string;
  namespace?: string;
  user?: string;
  person?: unknown;
  drop?: string;
}

const text = ({ current = "one", drop, ...more }: File = {}): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": current,
    clusters: [
      { name: "c", cluster: { server: more.server ?? "https://one.test" } },
      { name: "other", cluster: { server: "https://other.test" } },
    ],
    users: [
      { name: "alice", user: more.person ?? { token: "secret-of-alice" } },
      { name: "bob", user: { token: "secret-of-bob" } },
    ],
    contexts: [
      { name: "one", context: { cluster: "c", user: more.user ?? "alice", namespace: more.namespace } },
      { name: "two", context: { cluster: "other", user: "bob" } },
    ].filter(({ name }) => name !== drop),
  });

let under: Recorded;
let path: string;
const watches: Disposable[] = [];
let changes: (readonly string[])[];
/** Lets the watch look once more, and waits until it has. */
let look: () => Promise<void>;
let system: System;

beforeEach(async () => {
  under = await recorded();
  path = join(under.home, "kubeconfig");
  changes = [];
  let wake: () => void = () => undefined;
  let asleep: () => void = () => undefined;
  system = {
    ...under.system(),
    sleep: async (_time, signal) =>
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        signal?.addEventListener("abort", () => reject(new Error("over")));
        asleep();
      }),
  };
  look = async () => {
    const next = new Promise<void>((resolve) => {
      asleep = resolve;
    });
    wake();
    await next;
  };
});
afterEach(async () => {
  for (const each of watches.splice(0)) each[Symbol.dispose]();
  await under[Symbol.asyncDispose]();
});

const read = async (): Promise<Awaited<ReturnType<typeof loadKubeconfig>>> =>
  await loadKubeconfig(system, { explicit: path });

const watch = async (
  options: { readonly context?: string } = {},
): Promise<{ readonly notice: () => string | undefined }> => {
  const first = await read();
  const config = await resolveClientConfig(first, options, system);
  const watched = await watching(first, [config], options.context === undefined);
  return { notice: () => watched.notice(config) };
};

const watching = async (
  first: Kubeconfig,
  configs: readonly ClientConfig[],
  current: boolean,
): Promise<KubeconfigWatch> => {
  const watched = watchKubeconfig({
    system,
    first,
    configs,
    current,
    read,
    select: async (kubeconfig, context) =>
      await resolveClientConfig(kubeconfig, context === undefined ? {} : { context }, system),
    onChange: (found) => changes.push(found),
  });
  watches.push(watched);
  await look();
  return watched;
};

describe("D.5: what was selected at the start stays, and a change is told", () => {
  test.each<[string, File, string]>([
    ["another current context", { current: "two" }, 'current-context is "two", no longer "one"'],
    ["the context's namespace", { namespace: "apps" }, 'context "one": other namespace'],
    ["the context's user", { user: "bob" }, 'context "one": other user'],
    ["the cluster's address", { server: "https://evil.test" }, 'cluster "c": other server'],
    ["the user's token", { person: { token: "secret-2" } }, 'user "alice": other token'],
    [
      "the user's way to sign in",
      {
        person: {
          exec: { apiVersion: "client.authentication.k8s.io/v1", command: "x", interactiveMode: "Never" },
        },
      },
      'user "alice": other token, exec',
    ],
    ["the context is removed", { drop: "one", current: "two" }, 'context "one" is gone'],
  ])("%s", async (_name, file, sentence) => {
    await writeFile(path, text());
    const { notice } = await watch();
    expect([changes, notice()]).toEqual([[], undefined]);
    await writeFile(path, text(file));
    await look();
    await look();
    expect(changes).toHaveLength(1);
    expect(changes[0]).toContain(sentence);
    expect(notice()).toMatch(
      /^The kubeconfig has changed: .* kauth goes on with what it started with; start it again to follow$/,
    );
    expect(JSON.stringify([changes, notice()])).not.toMatch(/secret|https:/);
    await writeFile(path, text());
    await look();
    expect([changes[1], notice()]).toEqual([[], undefined]);
  });

  test("what was not selected may change as it likes", async () => {
    await writeFile(path, text());
    await watch({ context: "two" });
    await writeFile(path, text({ current: "two", server: "https://a.test", person: { token: "other" } }));
    await look();
    expect(changes).toEqual([]);
  });

  test("of two contexts each has its own notice", async () => {
    await writeFile(path, text());
    const first = await read();
    const [one, two] = [
      await resolveClientConfig(first, { context: "one" }, system),
      await resolveClientConfig(first, { context: "two" }, system),
    ];
    const { notice } = await watching(first, [one, two], false);
    await writeFile(path, text({ server: "https://a.test", current: "two" }));
    await look();
    expect(changes).toEqual([['cluster "c": other server']]);
    expect([notice(one), notice(two)]).toEqual([expect.stringContaining('cluster "c"'), undefined]);
  });

  test("a file of a token is followed, so it is no change", async () => {
    const token = join(under.home, "token");
    await writeFile(token, "first");
    await writeFile(path, text({ person: { tokenFile: token } }));
    await watch();
    await writeFile(token, "second");
    await look();
    expect(changes).toEqual([]);
  });

  test("what an auth provider writes back is no change, its account is", async () => {
    const oidc = (config: object): File => ({
      person: { "auth-provider": { name: "oidc", config: { "client-id": "a", ...config } } },
    });
    await writeFile(path, text(oidc({ "id-token": "one" })));
    await watch();
    await writeFile(path, text(oidc({ "id-token": "two", "refresh-token": "r" })));
    await look();
    expect(changes).toEqual([]);
    await writeFile(path, text(oidc({ "client-id": "b" })));
    await look();
    expect(changes).toEqual([['user "alice": other auth-provider']]);
  });

  test("a file that is replaced, and one half written, which is told only when it stays so", async () => {
    await writeFile(path, text());
    await watch();
    await writeFile(`${path}.new`, text({ namespace: "apps" }));
    await rename(`${path}.new`, path);
    await look();
    expect(changes).toHaveLength(1);
    await writeFile(path, '{"apiVersion":');
    await look();
    expect(changes).toHaveLength(1);
    await look();
    expect(changes[1]).toEqual(["it cannot be read any more"]);
    await rm(path);
    await look();
    expect(changes).toHaveLength(2);
    await writeFile(path, text());
    await look();
    expect(changes[2]).toEqual([]);
  });

  test("a change while kauth was starting is seen too", async () => {
    await writeFile(path, text());
    const first = await read();
    const config = await resolveClientConfig(first, {}, system);
    await writeFile(path, text({ user: "bob" }));
    await watching(first, [config], true);
    expect(changes).toEqual([['context "one": other user']]);
  });

  test("what came through a pipe is not read again", async () => {
    await writeFile(path, text());
    const first = await read();
    const config = await resolveClientConfig(first, {}, system);
    await rm(path);
    spawnSync("mkfifo", [path]);
    let reads = 0;
    using watched = watchKubeconfig({
      system,
      first,
      configs: [config],
      current: true,
      read: () => Promise.resolve(((reads += 1), first)),
      select: () => Promise.resolve(config),
      onChange: (found) => changes.push(found),
    });
    await new Promise((resolve) => setImmediate(resolve));
    await system.files.facts(path);
    await new Promise((resolve) => setImmediate(resolve));
    expect([reads, changes, watched.notice(config)]).toEqual([0, [], undefined]);
  });

  test("names of the file move no cursor", async () => {
    await writeFile(path, text());
    await watch();
    await writeFile(path, text({ current: "two\u001b[2J" }));
    await look();
    expect(JSON.stringify(changes)).not.toContain("\\u001b[");
  });
});
