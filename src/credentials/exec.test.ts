import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { logTo } from "../base/log.ts";
import { Secret } from "../base/secret.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import type { ExecOptions } from "./exec.ts";
import { HOUR, newBench, tokenOf, V1, withExec, type Bench, type ConfigParts } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";
import type { CredentialSource } from "./types.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** Of each turn another token; `$ends` is when that one ends, an hour a turn from the start. */
const answer = (status: string): string =>
  `hours=$(printf '%02d' $run)\nends="2030-01-01T$hours:00:00Z"\n` +
  `printf '{"apiVersion":"${V1}","status":{%s}}' "${status.replaceAll('"', '\\"')}"`;
const COUNTS = answer('"token":"t$run"');
const ENDS = answer('"token":"t$run","expirationTimestamp":"$ends"');

const source = async (
  body: string,
  options: ExecOptions = {},
  parts: ConfigParts = {},
): Promise<CredentialSource> => {
  const command = await bench.script(body);
  return credentialSource(
    await bench.config({ ...parts, exec: { command, ...parts.exec } }),
    bench.system,
    options,
  );
};

describe("when a plugin runs (§2.3)", () => {
  test("N callers at once, one run", async () => {
    const from = await source(COUNTS);
    const all = await Promise.all(Array.from({ length: 100 }, async () => await from.get()));
    expect([new Set(all).size, await bench.runs()]).toEqual([1, 1]);
  });

  test("without an end it is used until a 401", async () => {
    const from = await source(COUNTS);
    const first = await from.get();
    bench.now += 10_000 * HOUR;
    expect([await from.get({ early: true }), await bench.runs()]).toEqual([first, 1]);
  });

  test("a credential is used to its very end, and not after", async () => {
    const from = await source(ENDS);
    expect((await from.get()).expiresAt).toBe(bench.now + HOUR);
    bench.now += HOUR;
    expect(tokenOf(await from.get())).toBe("t1");
    bench.now += 1;
    expect(tokenOf(await from.get())).toBe("t2");
  });

  test("one that has ended already is given, and asked for again by the next", async () => {
    const from = await source(answer('"token":"t$run","expirationTimestamp":"2006-01-02T15:04:05Z"'));
    expect([tokenOf(await from.get()), tokenOf(await from.get())]).toEqual(["t1", "t2"]);
  });

  test("an early caller gets the next one a minute before the end", async () => {
    const from = await source(ENDS);
    await from.get();
    bench.now += HOUR - 60_001;
    expect(tokenOf(await from.get({ early: true }))).toBe("t1");
    bench.now += 1;
    expect(tokenOf(await from.get())).toBe("t1");
    expect(tokenOf(await from.get({ early: true }))).toBe("t2");
  });

  test("of a short life a tenth is early", async () => {
    const from = await source(answer('"token":"t$run","expirationTimestamp":"2030-01-01T00:01:40Z"'));
    await from.get();
    bench.now += 89_999;
    expect(tokenOf(await from.get({ early: true }))).toBe("t1");
    bench.now += 1;
    expect(tokenOf(await from.get({ early: true }))).toBe("t2");
  });

  test("an early run that fails leaves the good one and warns once; after the end it is an error (F14)", async () => {
    const from = await source(`[ $run -gt 1 ] && exit 1\n${ENDS}`);
    await from.get();
    bench.now += HOUR - 60_000;
    for (let turn = 0; turn < 3; turn += 1) expect(tokenOf(await from.get({ early: true }))).toBe("t1");
    expect([await bench.runs(), bench.said.match(/Warning: /g)?.length]).toEqual([2, 1]);
    bench.now += 10_000;
    expect(tokenOf(await from.get({ early: true }))).toBe("t1");
    expect([await bench.runs(), bench.said.match(/Warning: /g)?.length]).toEqual([3, 1]);
    bench.now += 50_001;
    expect((await failureOf(from.get({ early: true }))).code).toBe("EXEC_FAILED");
    expect((await failureOf(from.get())).code).toBe("EXEC_FAILED");
  });

  test("an early run that fails warns once, however many asked at once (F14)", async () => {
    const from = await source(`[ $run -gt 1 ] && exit 1\n${ENDS}`);
    await from.get();
    bench.now += HOUR - 60_000;
    const all = Array.from({ length: 10 }, async () => tokenOf(await from.get({ early: true })));
    expect(new Set(await Promise.all(all))).toEqual(new Set(["t1"]));
    expect([await bench.runs(), bench.said.match(/Warning: /g)?.length]).toEqual([2, 1]);
  });

  test("a page that asks again and again starts a plugin that fails every 10 s only", async () => {
    const from = await source("exit 7");
    for (let turn = 0; turn < 5; turn += 1)
      expect((await failureOf(from.get({ early: true }))).message).toContain("exit code 7");
    expect(await bench.runs()).toBe(1);
    bench.now += 10_000;
    await failureOf(from.get({ early: true }));
    expect(await bench.runs()).toBe(2);
    // Whoever is not the proxy asks as kubectl does.
    await failureOf(from.get());
    expect(await bench.runs()).toBe(3);
  });

  test("a caller who goes away leaves the run to the others", async () => {
    const from = await source(COUNTS);
    const gone = new AbortController();
    const [left, stays] = [from.get({ signal: gone.signal }), from.get()];
    gone.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect([tokenOf(await stays), await bench.runs()]).toEqual(["t1", 1]);
  });

  test("a failure is not remembered", async () => {
    const from = await source(`[ $run = 1 ] && exit 1\n${COUNTS}`);
    await failureOf(from.get());
    expect(tokenOf(await from.get())).toBe("t2");
  });

  test("nothing is kept on a disk", async () => {
    const from = await source(answer('"token":"hunter2-canary"'));
    const { files } = bench.system;
    const before = await files.list(bench.directory);
    await from.get();
    expect(new Set(await files.list(bench.directory))).toEqual(new Set([...before, "runs"]));
  });
});

describe("after a 401 (§2.3, F12)", () => {
  test("one forced run for all who got it, then peace for 5 s", async () => {
    const from = await source(COUNTS);
    const first = await from.get();
    const renewed = await Promise.all(Array.from({ length: 100 }, async () => await from.renew(first)));
    expect([new Set(renewed.map(tokenOf)), await bench.runs()]).toEqual([new Set(["t2"]), 2]);
    const second = await from.get();
    expect(await from.renew(first)).toBe(second);
    bench.now += 4_999;
    expect([await from.renew(second), await bench.runs()]).toEqual([undefined, 2]);
    bench.now += 1;
    expect([tokenOf(await from.renew(second)), await bench.runs()]).toEqual(["t3", 3]);
  });

  test("a clock that is set back throws no new credential away, and makes no gap longer (F26)", async () => {
    const from = await source(COUNTS);
    const first = await from.get();
    bench.now -= HOUR;
    const second = await from.renew(first);
    expect([tokenOf(second), await from.get()]).toEqual(["t2", second]);
    bench.now -= HOUR;
    expect(second === undefined ? undefined : tokenOf(await from.renew(second))).toBe("t3");
    expect([tokenOf(await from.get()), await bench.runs()]).toEqual(["t3", 3]);
  });

  test("a forced run that fails or brings the same leaves the old one", async () => {
    const from = await source(`[ $run = 2 ] && exit 1\n${answer('"token":"t"')}`);
    const first = await from.get();
    expect(await from.renew(first)).toBeUndefined();
    expect(bench.said).toContain("refreshing credentials: getting credentials: exec: executable ");
    expect(await from.get()).toBe(first);
    bench.now += 5_000;
    expect([await from.renew(first), await bench.runs()]).toEqual([undefined, 3]);
  });

  test("a credential that is no longer the current one starts nothing", async () => {
    const from = await source(ENDS);
    const first = await from.get();
    bench.now += HOUR + 1;
    const second = await from.get();
    expect([await from.renew(first), await bench.runs()]).toEqual([second, 2]);
  });
});

/** client-go's TestCacheKey and exec_cache_test (§2.5): what counts as the same plugin in one process. */
describe("TestCacheKey", () => {
  const base: ConfigParts = {
    exec: {
      command: "x",
      args: ["1", "2"],
      env: [
        { name: "3", value: "4" },
        { name: "5", value: "6" },
      ],
      provideClusterInfo: true,
    },
    cluster: { server: "https://foo", "tls-server-name": "bar", "certificate-authority-data": "YmF6" },
  };
  const with_ = (exec: object, cluster: object = {}): ConfigParts => ({
    exec: { ...base.exec, ...exec },
    cluster: { ...base.cluster, ...cluster },
  });
  const extension = (audience: string): object => ({
    extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience } }],
  });
  test.each<[string, ConfigParts, ExecOptions, boolean]>([
    ["equal config and cluster", with_({}), {}, true],
    ["other args", with_({ args: ["1"] }), {}, false],
    ["fewer variables", with_({ env: [{ name: "3", value: "4" }] }), {}, false],
    ["another cluster config", with_({}, extension("snorlax")), {}, false],
    ["provideClusterInfo flips", with_({ provideClusterInfo: false }), {}, false],
    ["another cluster", with_({}, { server: "https://other" }), {}, false],
    ["StdinUnavailable", with_({}), { interactive: () => false }, false],
    ["its message", with_({}), { unavailable: "it is read" }, false],
    ["another policy", with_({}), { policy: { kind: "DenyAll" } }, false],
    ["another hint", with_({ installHint: "h" }), {}, false],
    ["another mode", with_({ interactiveMode: "IfAvailable" }), {}, false],
  ])("%s: the same %s", async (_name, parts, options, same) => {
    const first = credentialSource(await bench.config(base), bench.system);
    const second = credentialSource(await bench.config(parts), bench.system, options);
    expect(second === first).toBe(same);
  });

  test("nil cluster: without provideClusterInfo the cluster does not count", async () => {
    const without = { provideClusterInfo: false };
    const first = credentialSource(await bench.config(with_(without)), bench.system);
    const other = await bench.config(with_(without, { server: "https://other" }));
    expect(credentialSource(other, bench.system)).toBe(first);
  });

  test("names of users and contexts do not count, the file does", async () => {
    const config = await bench.config(base);
    const first = credentialSource(config, bench.system);
    const renamed: ClientConfig = { ...config, userName: "other", contextName: "other" };
    expect(credentialSource(renamed, bench.system)).toBe(first);
    expect(credentialSource({ ...config, userOrigin: "/other" }, bench.system)).not.toBe(first);
  });

  test("who ends at another time, or shares another terminal, has a source of their own", async () => {
    const config = await bench.config(base);
    const stop = new AbortController();
    const own: ExecOptions = { signal: stop.signal, interactive: () => true };
    const first = credentialSource(config, bench.system, own);
    expect(credentialSource(config, bench.system, { ...own })).toBe(first);
    expect(credentialSource(config, bench.system, { ...own, interactive: () => true })).not.toBe(first);
    expect(credentialSource(config, bench.system)).not.toBe(first);
  });

  test("two sources of one config run a plugin once", async () => {
    const [one, two] = [await source(COUNTS), await source(COUNTS)];
    expect([tokenOf(await one.get()), tokenOf(await two.get()), await bench.runs()]).toEqual(["t1", "t1", 1]);
  });
});

/** test/cmd/authentication.sh and TestAuthorizationHeaderPresentCancelsExecAction (§2.5, §1.6). */
describe("a plugin that is not asked", () => {
  const PAIR = { "client-certificate-data": "Y2VydA==", "client-key-data": "a2V5" };
  test.each<[string, ConfigParts]>([
    ["--token", { overrides: { token: new Secret("t") } }],
    ["--username and --password", { overrides: { username: "u", password: new Secret("p") } }],
    ["a token in the same user", { user: { token: "t" } }],
    ["a name and a password in the same user", { user: { username: "u", password: "p" } }],
    ["a certificate in the same user", { user: PAIR }],
  ])("%s", async (_name, parts) => {
    const from = await source(COUNTS, { policy: { kind: "DenyAll" } }, parts);
    const credential = await from.get();
    await from.renew(credential);
    expect([from.method === "exec", await bench.runs()]).toEqual([false, 0]);
  });

  test("--client-certificate and --client-key", async () => {
    const overrides = { clientCertificate: "c", clientKey: "k" };
    const from = await source(COUNTS, {}, { overrides });
    await failureOf(from.get());
    expect([from.method, await bench.runs()]).toEqual(["certificate", 0]);
  });

  test("its version is read all the same, as kubectl does", async () => {
    const config = await bench.config({ exec: { command: "x", apiVersion: "v1" }, user: { token: "t" } });
    const make = (): CredentialSource => credentialSource(config, bench.system);
    expect(make).toThrow('exec plugin: invalid apiVersion "v1"');
    const plain = await bench.config({
      exec: { command: "x", apiVersion: "v1" },
      cluster: { server: "http://s" },
    });
    expect(credentialSource(plain, bench.system).method).toBe("none");
  });

  test("ls is no plugin", async () => {
    const from = credentialSource(
      await bench.config({ exec: { command: "ls", args: [bench.directory] } }),
      bench.system,
    );
    expect((await failureOf(from.get())).message).toContain("json parse error");
  });

  test("echo with a version and without a kind is one", async () => {
    const exec = { command: "echo", args: [`{"apiVersion":"${V1}","status":{"token":"t"}}`] };
    expect(tokenOf(await credentialSource(await bench.config({ exec }), bench.system).get())).toBe("t");
  });

  test("v1 without interactiveMode", async () => {
    const { message } = await failureOf(bench.config({ exec: { command: "x", interactiveMode: "" } }));
    expect(message).toBe(
      "invalid configuration: interactiveMode must be specified for u to use exec authentication plugin",
    );
  });

  test("Always, while a manifest is read from stdin", async () => {
    const system = { ...bench.system, stdinIsTerminal: true };
    const config = await bench.config({ exec: { command: "x", interactiveMode: "Always" } });
    const options = { interactive: () => false, unavailable: "used by stdin resource manifest reader" };
    const { message } = await failureOf(credentialSource(config, system, options).get());
    expect(message).toContain("used by stdin resource manifest reader");
  });
});

test("its description names no argument, and no message a secret that it was given", async () => {
  const command = await bench.script("exit 1");
  const args = ["--client-secret", "hunter2-canary"];
  const env = [{ name: "PASSWORD", value: "hunter2-canary" }];
  const log = logTo({ out: () => undefined, err: (text) => (bench.said += text) }, 9);
  const config = withExec(await bench.config({ exec: { command } }), { args, env });
  const from = credentialSource(config, { ...bench.system, log });
  const { message, hint } = await failureOf(from.get());
  expect(`${from.description}${message}${hint}${bench.said}`).not.toContain("hunter2");
});
