import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { epochMillis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import { credentialSource } from "./source.ts";
import { BETA, newBench, tokenOf, V1, withExec, type Bench } from "./plugin.test-d.ts";

/** The rows of client-go's TestRefreshCreds by their names (credentials.md §2.5), each in both versions. */

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const life = { notBefore: epochMillis(Date.now() - 1000), notAfter: epochMillis(Date.now() + 3_600_000) };
const PAIR = createAuthority({ commonName: "ca", ...life }).issue({
  commonName: "me",
  use: "client",
  ...life,
});
const REFUSED = "getting credentials: exec plugin cannot support interactive mode: ";

interface Scenario {
  readonly name: string;
  /** Default IfAvailable. */
  readonly mode?: "Never" | "IfAvailable" | "Always";
  readonly terminal?: boolean;
  /** Standard input is used by something else, "" without words. */
  readonly unavailable?: string;
  readonly command?: string;
  readonly installHint?: string;
  readonly cluster?: object;
  readonly provideClusterInfo?: boolean;
  readonly exit?: number;
  /** Of the output. `undefined` leaves the field out. */
  readonly status?: object | undefined;
  readonly version?: undefined;
  /** What it was told. */
  readonly spec?: object;
  readonly wanted?: { readonly token?: string; readonly certificate?: boolean; readonly expires?: string };
  readonly error?: string;
}

const TOKEN = { token: "foo-bar" };
const asked = (interactive: boolean): Pick<Scenario, "status" | "spec" | "wanted"> => ({
  status: TOKEN,
  spec: { interactive },
  wanted: TOKEN,
});
const AUTHORITY = Buffer.from("baz").toString("base64");
const PLUGIN_CONFIG = { apiVersion: "group/v1", kind: "PluginConfig", spec: { audience: "snorlax" } };
const CLUSTER = {
  server: "https://foo",
  "tls-server-name": "bar",
  "certificate-authority-data": AUTHORITY,
  extensions: [{ name: "client.authentication.k8s.io/exec", extension: PLUGIN_CONFIG }],
};

const SCENARIOS: readonly Scenario[] = [
  {
    name: "beta-with-TLS-credentials",
    status: { clientKeyData: PAIR.key, clientCertificateData: PAIR.cert },
    spec: { interactive: false },
    wanted: { certificate: true },
  },
  {
    name: "beta-with-bad-TLS-credentials",
    status: { clientKeyData: "foo", clientCertificateData: "bar" },
    error:
      "getting credentials: failed parsing client key/certificate: tls: failed to find any PEM data in certificate input",
  },
  {
    name: "beta-cert-but-no-key",
    status: { clientCertificateData: PAIR.cert },
    error: "getting credentials: exec plugin returned only certificate or key, not both",
  },
  { name: "beta-basic-request", ...asked(false) },
  { name: "beta-basic-request-with-never-interactive-mode", mode: "Never", ...asked(false) },
  {
    name: "beta-basic-request-with-never-interactive-mode-and-stdin-unavailable",
    mode: "Never",
    unavailable: "",
    ...asked(false),
  },
  { name: "beta-basic-request-with-if-available-interactive-mode", ...asked(false) },
  {
    name: "beta-basic-request-with-if-available-interactive-mode-and-stdin-unavailable",
    unavailable: "",
    ...asked(false),
  },
  {
    name: "beta-basic-request-with-if-available-interactive-mode-and-terminal",
    terminal: true,
    ...asked(true),
  },
  {
    name: "beta-basic-request-with-if-available-interactive-mode-and-terminal-and-stdin-unavailable",
    terminal: true,
    unavailable: "",
    ...asked(false),
  },
  {
    name: "beta-basic-request-with-always-interactive-mode",
    mode: "Always",
    error: `${REFUSED}standard input is not a terminal`,
  },
  {
    name: "beta-basic-request-with-always-interactive-mode-and-terminal-and-stdin-unavailable",
    mode: "Always",
    terminal: true,
    unavailable: "",
    error: `${REFUSED}standard input is unavailable`,
  },
  {
    name: "beta-basic-request-with-always-interactive-mode-and-terminal-and-stdin-unavailable-with-message",
    mode: "Always",
    terminal: true,
    unavailable: "some message",
    error: `${REFUSED}standard input is unavailable: some message`,
  },
  {
    name: "beta-basic-request-with-always-interactive-mode-and-terminal",
    mode: "Always",
    terminal: true,
    ...asked(true),
  },
  {
    name: "beta-expiry",
    status: { ...TOKEN, expirationTimestamp: "2006-01-02T15:04:05Z" },
    spec: { interactive: false },
    wanted: { ...TOKEN, expires: "2006-01-02T15:04:05Z" },
  },
  {
    name: "beta-no-group-version",
    status: TOKEN,
    version: undefined,
    error: `getting credentials: exec plugin is configured to use API version VERSION, plugin returned version client.authentication.k8s.io/__internal`,
  },
  {
    name: "beta-no-status",
    status: undefined,
    error: "getting credentials: exec plugin didn't return a status field",
  },
  {
    name: "beta-no-token",
    status: {},
    error: "getting credentials: exec plugin didn't return a token or cert/key pair",
  },
  {
    name: "unknown-binary",
    command: "does not exist",
    installHint: "some install hint",
    error:
      "getting credentials: exec: executable does not exist not found\n\n" +
      "It looks like you are trying to use a client-go credential plugin that is not installed.\n\n" +
      "To learn more about this feature, consult the documentation available at:\n" +
      "      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins\n\n" +
      "some install hint",
  },
  {
    name: "binary-fails",
    exit: 73,
    error: "getting credentials: exec: executable COMMAND failed with exit code 73",
  },
  {
    name: "beta-with-cluster-and-provide-cluster-info-is-serialized",
    cluster: CLUSTER,
    provideClusterInfo: true,
    status: TOKEN,
    spec: {
      cluster: {
        server: "https://foo",
        "tls-server-name": "bar",
        "certificate-authority-data": AUTHORITY,
        config: PLUGIN_CONFIG,
      },
      interactive: false,
    },
    wanted: TOKEN,
  },
  {
    name: "beta-with-cluster-and-without-provide-cluster-info-is-not-serialized",
    cluster: CLUSTER,
    ...asked(false),
  },
  { name: "v1-basic-request", ...asked(false) },
];

describe.each([BETA, V1])("%s", (version) => {
  test.each(SCENARIOS)("$name", async (row) => {
    const command = await bench.script(
      `printf '%s' "$KUBERNETES_EXEC_INFO" >"$0.info"\nprintf '%s' "$TEST_OUTPUT"\nexit $TEST_EXIT_CODE`,
    );
    const output = {
      kind: "ExecCredential",
      ...("version" in row ? {} : { apiVersion: version }),
      status: row.status,
    };
    const config = await bench.config({
      exec: {
        command: row.command ?? command,
        apiVersion: version,
        interactiveMode: row.mode ?? "IfAvailable",
        installHint: row.installHint,
        provideClusterInfo: row.provideClusterInfo,
        env: [
          { name: "PATH", value: process.env["PATH"] },
          { name: "TEST_OUTPUT", value: JSON.stringify(output) },
          { name: "TEST_EXIT_CODE", value: String(row.exit ?? 0) },
        ],
      },
      ...(row.cluster === undefined ? {} : { cluster: row.cluster }),
    });
    const { unavailable } = row;
    const system = { ...bench.system, env: {}, stdinIsTerminal: row.terminal === true };
    const source = credentialSource(config, system, {
      interactive: () => unavailable === undefined,
      ...(unavailable === undefined || unavailable === "" ? {} : { unavailable }),
    });
    if (row.error !== undefined) {
      const wanted = row.error.replace("VERSION", version).replace("COMMAND", command);
      expect((await failureOf(source.get())).message.split("\nIt said: ")[0]).toBe(wanted);
      return;
    }
    const credential = await source.get();
    expect(tokenOf(credential)).toBe(row.wanted?.token);
    expect(credential.certificate?.cert).toBe(row.wanted?.certificate === true ? PAIR.cert : undefined);
    expect(credential.expiresAt).toBe(
      row.wanted?.expires === undefined ? undefined : Date.parse(row.wanted.expires),
    );
    expect(await bench.read("plugin.sh.info")).toBe(
      `{"kind":"ExecCredential","apiVersion":"${version}","spec":${JSON.stringify(row.spec)}}\n`,
    );
  });
});

test("v1-with-missing-interactive-mode", async () => {
  const config = await bench.config({ exec: { command: await bench.script("exit 0") } });
  const source = credentialSource(withExec(config, { interactiveMode: "" }), bench.system);
  expect((await failureOf(source.get())).message).toBe(`${REFUSED}unknown interactiveMode: ""`);
  expect(await bench.runs()).toBe(0);
});
