import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { writeExecInfo } from "./exec-info.ts";
import { BETA, newBench, V1, type Bench, type ConfigParts } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** The value as a plugin saw it. */
const told = async (parts: ConfigParts, env: Record<string, string> = {}): Promise<string> => {
  const command = await bench.script(`printf '%s' "$KUBERNETES_EXEC_INFO" >"$0.info"\nexit 1`);
  const config = await bench.config({ ...parts, exec: { command, provideClusterInfo: true, ...parts.exec } });
  await failureOf(credentialSource(config, { ...bench.system, env: { ...bench.system.env, ...env } }).get());
  return await bench.read("plugin.sh.info");
};
const whole = (cluster: string): string =>
  `{"kind":"ExecCredential","apiVersion":"${V1}","spec":{"cluster":{${cluster}},"interactive":false}}\n`;
const extension = (config: unknown): object => ({
  extensions: [{ name: "client.authentication.k8s.io/exec", extension: config }],
});

/** The bytes were compared with kubectl 1.35's. */
describe("KUBERNETES_EXEC_INFO (§2.1)", () => {
  test.each([[V1], [BETA]])("%s: without the cluster", async (apiVersion) => {
    expect(await told({ exec: { apiVersion, provideClusterInfo: false } })).toBe(
      `{"kind":"ExecCredential","apiVersion":"${apiVersion}","spec":{"interactive":false}}\n`,
    );
  });

  test("a cluster of its server alone: the config is null", async () => {
    expect(await told({})).toBe(whole('"server":"https://s","config":null'));
  });

  test("all its fields in their order, the CA file read into it", async () => {
    await writeFile(bench.at("ca.crt"), "ca");
    const cluster = {
      "disable-compression": true,
      "proxy-url": "http://u:p@proxy:1",
      "certificate-authority": "ca.crt",
      "tls-server-name": "n",
      ...extension({ a: 1 }),
    };
    expect(await told({ cluster })).toBe(
      whole(
        '"server":"https://s","tls-server-name":"n","certificate-authority-data":"Y2E=",' +
          '"proxy-url":"http://u:p@proxy:1","disable-compression":true,"config":{"a":1}',
      ),
    );
  });

  test("a cluster that is not verified", async () => {
    expect(await told({ cluster: { "insecure-skip-tls-verify": true } })).toBe(
      whole('"server":"https://s","insecure-skip-tls-verify":true,"config":null'),
    );
  });

  test("a flag changes what is told", async () => {
    const overrides = { server: "https://other", tlsServerName: "flag" };
    expect(await told({ overrides })).toBe(
      whole('"server":"https://other","tls-server-name":"flag","config":null'),
    );
  });

  test.each([
    ["https://s/p?x=1#y", "https://s/p"],
    ["https://s?x=1#y", "https://s?x=1#y"],
    ["https://s/?x=1", "https://s/?x=1"],
  ])("the server %s is told as %s (O12)", async (server, wanted) => {
    expect(await told({ cluster: { server } })).toBe(whole(`"server":"${wanted}","config":null`));
  });

  test("the proxy of the environment is never told", async () => {
    expect(await told({}, { HTTPS_PROXY: "http://127.0.0.1:1", https_proxy: "http://127.0.0.1:1" })).toBe(
      whole('"server":"https://s","config":null'),
    );
  });

  test("escapes and the order of keys are Go's", async () => {
    const config = { b: [1, 1e30, null, true], a: { z: "<&>", y: "\u2028é", 10: 1, 9: 2 } };
    expect(await told({ cluster: { "tls-server-name": "a<b>", ...extension(config) } })).toBe(
      whole(
        String.raw`"server":"https://s","tls-server-name":"a\u003cb\u003e",` +
          String.raw`"config":{"a":{"10":1,"9":2,"y":"\u2028é","z":"\u003c\u0026\u003e"},"b":[1,1e+30,null,true]}`,
      ),
    );
  });

  test("a CA file that cannot be read: nothing is started", async () => {
    const command = await bench.script("exit 0");
    const cluster = { "certificate-authority": "none" };
    const config = await bench.config({ exec: { command, provideClusterInfo: true }, cluster });
    const error = await failureOf(credentialSource(config, bench.system).get());
    expect([error.code, error.exit]).toEqual(["CLIENT_CONFIG_INVALID", 2]);
    expect(error.message).toMatch(/^failed to load CA bundle for execProvider: .*none/);
    expect(await bench.runs()).toBe(0);
  });

  test("a config that is nested without end is refused", async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    const config = await bench.config({});
    const cluster = { ...config.cluster, execConfig: deep };
    const write = (): string =>
      writeExecInfo({
        apiVersion: V1,
        interactive: false,
        cluster: { config: { ...config, cluster }, certificateAuthorityData: undefined },
      });
    expect(write).toThrow(KnownError);
  });
});
