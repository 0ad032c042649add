import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KnownError } from "../base/errors.ts";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { epochMillis, millis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import { loadKubeconfig, selectContext } from "../kubeconfig/index.ts";
import type { ExecOptions } from "./exec.ts";
import { credentialSource } from "./source.ts";
import type { Credential, CredentialSource } from "./types.ts";

const V1 = "client.authentication.k8s.io/v1";
const BETA = "client.authentication.k8s.io/v1beta1";
const START = Date.parse("2030-01-01T00:00:00Z");

let directory: string;
let now: number;
let said: string;
let system: System;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-exec-"));
  now = START;
  said = "";
  system = {
    ...realSystem(),
    env: { PATH: process.env["PATH"], FROM_PARENT: "parent", TWICE: "parent", KUBERNETES_EXEC_INFO: "old" },
    stdinIsTerminal: false,
    now: () => epochMillis(now),
    log: logTo({ out: () => undefined, err: (text) => (said += text) }, 1),
  };
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);

interface Setup {
  /** Body of the plugin; `print(status, version)` writes an ExecCredential, `run` is its turn from 1. */
  readonly script: string;
  readonly version?: string;
  readonly exec?: object;
  readonly cluster?: object;
  readonly options?: ExecOptions;
}

const source = async ({ script, version = V1, exec, cluster, options }: Setup): Promise<CredentialSource> => {
  await writeFile(
    at("plugin.cjs"),
    `const fs = require("node:fs");
     fs.appendFileSync(${JSON.stringify(at("runs"))}, "x");
     const run = fs.statSync(${JSON.stringify(at("runs"))}).size;
     const print = (status, apiVersion = ${JSON.stringify(version)}) =>
       console.log(JSON.stringify({ kind: "ExecCredential", apiVersion, status }));
     ${script}`,
  );
  const plugin = {
    command: process.execPath,
    args: [at("plugin.cjs"), ";touch x", "$(touch x)"],
    apiVersion: version,
    interactiveMode: "Never",
    ...exec,
  };
  const config = {
    users: [{ name: "u", user: { exec: plugin } }],
    clusters: [{ name: "c", cluster: { server: "https://s", ...cluster } }],
  };
  await writeFile(at("config"), JSON.stringify(config), { mode: 0o600 });
  const kubeconfig = await loadKubeconfig(system, { explicit: at("config") });
  return credentialSource(selectContext(kubeconfig, { user: "u", cluster: "c" }), system, options);
};
const runs = async (): Promise<number> => (await readFile(at("runs"), "utf8").catch(() => "")).length;
const token = (credential: Credential | undefined): string | undefined =>
  credential?.header?.kind === "bearer" ? credential.header.token.reveal() : undefined;
const failure = async (work: Promise<unknown>): Promise<KnownError> => {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof KnownError)) throw new TypeError("nothing known was thrown");
  return error;
};

const TELL = `
  fs.writeFileSync(process.argv[1] + ".out", JSON.stringify({ env: process.env, args: process.argv.slice(2) }));
  print({ token: "t" });`;
const told = async (): Promise<{ env: Record<string, string>; args: string[] }> =>
  JSON.parse(await readFile(at("plugin.cjs.out"), "utf8")) as { env: Record<string, string>; args: string[] };

describe("what a plugin gets (§2.1)", () => {
  test.each([[V1], [BETA]])(
    "%s: the environment, the arguments without a shell, the info",
    async (version) => {
      const env = [
        { name: "TWICE", value: "mine" },
        { name: "KUBERNETES_EXEC_INFO", value: "mine" },
      ];
      await (await source({ script: TELL, version, exec: { env } })).get();
      const { env: got, args } = await told();
      expect([got["FROM_PARENT"], got["TWICE"]]).toEqual(["parent", "mine"]);
      expect(got["KUBERNETES_EXEC_INFO"]).toBe(
        `{"kind":"ExecCredential","apiVersion":"${version}","spec":{"interactive":false}}\n`,
      );
      expect(args).toEqual([";touch x", "$(touch x)"]);
    },
  );

  test("the cluster with provideClusterInfo, a CA file read into it", async () => {
    await writeFile(at("ca.crt"), "ca");
    const cluster = {
      "tls-server-name": "n",
      "certificate-authority": "ca.crt",
      "proxy-url": "http://p",
      "disable-compression": true,
      extensions: [{ name: "client.authentication.k8s.io/exec", extension: { a: 1 } }],
    };
    await (await source({ script: TELL, exec: { provideClusterInfo: true }, cluster })).get();
    expect((await told()).env["KUBERNETES_EXEC_INFO"]).toBe(
      `{"kind":"ExecCredential","apiVersion":"${V1}","spec":{"cluster":{"server":"https://s","tls-server-name":"n",` +
        `"certificate-authority-data":"Y2E=","proxy-url":"http://p","disable-compression":true,"config":{"a":1}},` +
        `"interactive":false}}\n`,
    );
  });

  test("empty fields of the cluster are left out, but the config is null", async () => {
    await (await source({ script: TELL, exec: { provideClusterInfo: true } })).get();
    expect((await told()).env["KUBERNETES_EXEC_INFO"]).toContain(
      '"spec":{"cluster":{"server":"https://s","config":null},"interactive":false}}',
    );
  });

  test("a CA file that cannot be read", async () => {
    const cluster = { "certificate-authority": "none" };
    const from = await source({ script: TELL, exec: { provideClusterInfo: true }, cluster });
    expect((await failure(from.get())).message).toContain("failed to load CA bundle for execProvider: ");
    expect(await runs()).toBe(0);
  });

  test.each([["client.authentication.k8s.io/v1alpha1"], ["v1"]])("version %s is refused", async (version) => {
    const { message } = await failure(source({ script: TELL, version }));
    expect(message).toBe(`exec plugin: invalid apiVersion "${version}"`);
  });

  test.each([
    ["Never", true, true, false],
    ["IfAvailable", true, true, true],
    ["IfAvailable", true, false, false],
    ["IfAvailable", false, true, false],
    ["Always", true, true, true],
    ["Always", false, true, "standard input is not a terminal"],
    ["Always", true, false, "standard input is unavailable"],
  ])(
    "%s with a terminal %s that may be given %s (R-N18)",
    async (interactiveMode, terminal, free, wanted) => {
      system = { ...system, stdinIsTerminal: terminal };
      const options = { interactive: () => free };
      const from = await source({ script: TELL, exec: { interactiveMode }, options });
      if (typeof wanted === "string") {
        const error = await failure(from.get());
        expect([error.code, error.message, await runs()]).toEqual([
          "EXEC_NOT_INTERACTIVE",
          `exec plugin cannot support interactive mode: ${wanted}`,
          0,
        ]);
        return;
      }
      await from.get();
      expect((await told()).env["KUBERNETES_EXEC_INFO"]).toContain(`"interactive":${wanted}`);
    },
  );
});

describe("what a plugin prints (§2.2, R-I3)", () => {
  const say = (text: string): string => `process.stdout.write(${JSON.stringify(text)})`;
  test.each([
    ["nothing", "", "decoding stdout: "],
    ["no object", say("null"), "neither JSON nor YAML"],
    ["broken JSON", say('{"token":"canary'), "neither JSON nor YAML"],
    ["another kind", say(`{"kind":"Foo","apiVersion":"${V1}"}`), 'no kind "Foo" is registered'],
    ["no version", say('{"kind":"ExecCredential","status":{"token":"canary"}}'), "'apiVersion' is missing"],
    [
      "another version",
      `print({token: "canary"}, "${BETA}")`,
      `exec plugin is configured to use API version ${V1}, plugin returned version ${BETA}`,
    ],
    ["no status", "print()", "exec plugin didn't return a status field"],
    ["a status of null", "print(null)", "exec plugin didn't return a status field"],
    ["a status that is text", 'print("canary")', "status must be an object"],
    ["an empty status", "print({})", "exec plugin didn't return a token or cert/key pair"],
    ["a token that is a number", "print({token: 1})", "token must be text"],
    ["a certificate alone", 'print({clientCertificateData: "canary"})', "only certificate or key, not both"],
    ["a key alone", 'print({token: "t", clientKeyData: "canary"})', "only certificate or key, not both"],
    [
      "a certificate that is none",
      'print({clientCertificateData: "canary", clientKeyData: "canary"})',
      "failed parsing client leaf certificate",
    ],
    [
      "an end that is no time",
      'print({token: "canary", expirationTimestamp: "soon"})',
      "expirationTimestamp must be",
    ],
    ["more than 1 MiB", 'process.stdout.write("canary".repeat(400_000))', "printed more than 1048576 bytes"],
  ])("%s", async (_name, script, wanted) => {
    const { code, message } = await failure((await source({ script })).get());
    expect(code).toBe("EXEC_OUTPUT_INVALID");
    expect(message).toContain("getting credentials: ");
    expect(message).toContain(wanted);
    expect(`${message}${said}`).not.toContain("canary");
  });

  test("a token with a line break", async () => {
    const { code, message } = await failure(
      (await source({ script: 'print({token: "canary\\r\\nX: y"})' })).get(),
    );
    expect(code).toBe("TOKEN_INVALID");
    expect(message).not.toContain("canary");
  });

  test.each([
    ["without a kind", say(`{"apiVersion":"${V1}","status":{"token":"t"}}`)],
    ["as YAML", say(`apiVersion: ${V1}\nstatus: {token: t}\n`)],
    ["with an end with an offset", 'print({token: "t", expirationTimestamp: "2030-01-01T02:00:00.5+01:00"})'],
  ])("a credential %s is taken", async (_name, script) => {
    expect(token(await (await source({ script })).get())).toBe("t");
  });

  test("a certificate and its key are taken, another's key is not", async () => {
    const life = { notBefore: epochMillis(Date.now()), notAfter: epochMillis(Date.now() + 3_600_000) };
    const authority = createAuthority({ commonName: "ca", ...life });
    const [a, b] = ["a", "b"].map((commonName) => authority.issue({ commonName, use: "client", ...life }));
    if (a === undefined || b === undefined) throw new TypeError("no certificate");
    const print = (cert: string, key: string): string =>
      `print(${JSON.stringify({ token: "t", clientCertificateData: cert, clientKeyData: key })})`;
    const credential = await (await source({ script: print(a.cert, a.key) })).get();
    expect([token(credential), credential.certificate?.cert]).toEqual(["t", a.cert]);
    const { message } = await failure((await source({ script: print(a.cert, b.key) })).get());
    expect(message).toContain("failed parsing client key/certificate: ");
  });
});

describe("how a plugin ends", () => {
  test("with another code than 0, its stderr cleaned for the terminal (R-N18, R-H6)", async () => {
    const script = String.raw`print({token: "t"}); console.error("log in\u001b]0;x\u0007 Bearer canary"); process.exitCode = 3`;
    const { code, message } = await failure((await source({ script })).get());
    expect(code).toBe("EXEC_FAILED");
    expect(message).toContain(
      `exec: executable ${process.execPath} failed with exit code 3\nIt said: log in`,
    );
    for (const text of [message, said]) {
      expect(text).toContain(String.raw`\u{1b}]0;x\u{7}`);
      expect(text).not.toMatch(/[\u001b\u0007]|canary/);
    }
  });

  test("too late: it and what it started are ended (R-I3)", async () => {
    const script = `
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"], {stdio: "inherit"});
      fs.writeFileSync(process.argv[1] + ".pid", String(child.pid));`;
    const from = await source({ script, options: { timeout: millis(2_000) } });
    const { code, message } = await failure(from.get());
    expect([code, message]).toEqual([
      "EXEC_TIMEOUT",
      `getting credentials: exec: executable ${process.execPath} ran longer than 2 s`,
    ]);
    const pid = await readFile(at("plugin.cjs.pid"), "utf8");
    await expect
      .poll(async () => (await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") Z")).includes(") Z"))
      .toBe(true);
  });

  test("a bare name that is missing gives the cleaned hint, ten times an hour", async () => {
    const exec = { command: "kauth-no-such-plugin", installHint: "install \u001b[1mit" };
    const from = await source({ script: "", exec });
    for (let turn = 0; turn < 10; turn += 1) {
      const { code, message } = await failure(from.get());
      expect(code).toBe("EXEC_NOT_FOUND");
      expect(message).toMatch(
        /executable kauth-no-such-plugin not found\n\nIt looks like [^]*\n\ninstall U\+001B\[1mit$/,
      );
    }
    expect((await failure(from.get())).message).toMatch(/not found$/);
    now += 3_600_000;
    expect((await failure(from.get())).message).toContain("install");
  });

  test("a path that is missing or may not be run has no hint", async () => {
    const from = await source({ script: "", exec: { command: "./none", installHint: "h" } });
    expect((await failure(from.get())).message).toBe(
      `getting credentials: exec: fork/exec ${at("none")}: no such file or directory`,
    );
    await writeFile(at("none"), "");
    expect((await failure(from.get())).message).toMatch(/: permission denied$/);
  });

  test.each([[""], ["."], [":"]])(
    "a bare name is never found in the working directory by PATH %j (R-I2)",
    async (path) => {
      await writeFile(at("login"), "#!/bin/sh\necho found\n", { mode: 0o755 });
      const real = realSystem();
      system = {
        ...system,
        env: { ...system.env, PATH: path },
        files: { ...real.files, facts: (name) => real.files.facts(resolve(directory, name)) },
        spawn: (command) => real.spawn({ ...command, cwd: directory }),
      };
      const from = await source({ script: "", exec: { command: "login" } });
      expect((await failure(from.get())).code).toBe("EXEC_NOT_FOUND");
    },
  );

  test("the plugin of a kubeconfig that everybody may write does not run (R-I1)", async () => {
    const from = await source({ script: TELL });
    await chmod(at("config"), 0o666);
    expect((await failure(from.get())).code).toBe("KUBECONFIG_WRITABLE");
    expect(await runs()).toBe(0);
    await chmod(at("config"), 0o660);
    await from.get();
    expect(said).toContain("The group may write");
  });
});

describe("when a plugin runs (§2.3)", () => {
  const HOUR = 3_600_000;
  const ENDS =
    "print({token: 't' + run, expirationTimestamp: new Date(" +
    `${START} + run * ${HOUR}` +
    ").toISOString()})";
  const COUNTS = "print({token: 't' + run})";

  test("N callers at once, one run", async () => {
    const from = await source({ script: COUNTS });
    const all = await Promise.all(Array.from({ length: 100 }, () => from.get()));
    expect([new Set(all).size, await runs()]).toEqual([1, 1]);
  });

  test("a credential is used to its very end, and not after", async () => {
    const from = await source({ script: ENDS });
    expect((await from.get()).expiresAt).toBe(START + HOUR);
    now = START + HOUR;
    expect(token(await from.get())).toBe("t1");
    now += 1;
    expect(token(await from.get())).toBe("t2");
  });

  test("an early caller gets the next one a minute before the end", async () => {
    const from = await source({ script: ENDS });
    await from.get();
    now = START + HOUR - 60_001;
    expect(token(await from.get({ early: true }))).toBe("t1");
    now += 1;
    expect(token(await from.get())).toBe("t1");
    expect(token(await from.get({ early: true }))).toBe("t2");
  });

  test("an early run that fails leaves the good one and warns once; after the end it is an error", async () => {
    const from = await source({ script: `if (run > 1) process.exit(1); ${ENDS}` });
    await from.get();
    now = START + HOUR - 1_000;
    expect(token(await from.get({ early: true }))).toBe("t1");
    expect(token(await from.get({ early: true }))).toBe("t1");
    expect([await runs(), said.match(/Warning: /g)?.length]).toEqual([2, 1]);
    now = START + HOUR + 1;
    expect((await failure(from.get({ early: true }))).code).toBe("EXEC_FAILED");
  });

  test("a 401 gives one forced run for all who got it, then peace for 5 s", async () => {
    const from = await source({ script: COUNTS });
    const first = await from.get();
    const renewed = await Promise.all(Array.from({ length: 100 }, () => from.renew(first)));
    expect([new Set(renewed.map(token)), await runs()]).toEqual([new Set(["t2"]), 2]);
    const second = await from.get();
    expect(await from.renew(first)).toBe(second);
    now += 4_999;
    expect([await from.renew(second), await runs()]).toEqual([undefined, 2]);
    now += 1;
    expect([token(await from.renew(second)), await runs()]).toEqual(["t3", 3]);
  });

  test("a forced run that fails or brings the same leaves the old one", async () => {
    const from = await source({ script: "if (run === 2) process.exit(1); print({token: 't'})" });
    const first = await from.get();
    expect(await from.renew(first)).toBeUndefined();
    expect(said).toContain("refreshing credentials: getting credentials: ");
    expect(await from.get()).toBe(first);
    now += 5_000;
    expect([await from.renew(first), await runs()]).toEqual([undefined, 3]);
  });

  test("a caller who goes away leaves the run to the others", async () => {
    const from = await source({ script: COUNTS });
    const gone = new AbortController();
    const [left, stays] = [from.get({ signal: gone.signal }), from.get()];
    gone.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    expect([token(await stays), await runs()]).toEqual(["t1", 1]);
  });
});
