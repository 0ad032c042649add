import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { loadPluginPolicy } from "./kuberc.ts";
import type { PluginPolicy } from "./types.ts";

let directory: string;
let said: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-kuberc-"));
  await mkdir(join(directory, ".kube"));
  said = "";
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);
const system = (env: Record<string, string> = {}): System => ({
  ...realSystem(),
  env,
  home: directory,
  cwd: directory,
  log: logTo({ out: () => undefined, err: (text) => (said += text) }, 0),
});
const failure = async (work: Promise<unknown>): Promise<KnownError> => {
  const error = await failureOf(work);
  expect([error.code, error.exit]).toEqual(["KUBERC_INVALID", 2]);
  return error;
};

const BETA = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
const ALPHA = BETA.replace("v1beta1", "v1alpha1");
const DENY = `${BETA}credentialPluginPolicy: DenyAll\n`;
const allow = (list: string): string =>
  `${BETA}credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: ${list}\n`;
const policyOf = async (text: string): Promise<PluginPolicy> => {
  await writeFile(at("named"), text);
  return await loadPluginPolicy(system(), { explicit: "named" });
};

describe("1.9 which file", () => {
  beforeEach(async () => {
    await writeFile(at(".kube/kuberc"), DENY);
    await writeFile(at("flag"), allow("[{command: flag}]"));
    await writeFile(at("variable"), allow("[{command: variable}]"));
  });

  test.each<[string, string | undefined, Record<string, string>, PluginPolicy]>([
    ["1.9 home", undefined, {}, { kind: "DenyAll" }],
    ["1.9 an empty KUBERC is none", undefined, { KUBERC: "" }, { kind: "DenyAll" }],
    ["1.9 KUBERC over home", undefined, { KUBERC: "variable" }, { kind: "Allowlist", entries: ["variable"] }],
    ["1.9 --kuberc over KUBERC", "flag", { KUBERC: "variable" }, { kind: "Allowlist", entries: ["flag"] }],
    ["1.9 KUBERC=off", undefined, { KUBERC: "off" }, { kind: "AllowAll" }],
    ["1.9 KUBECTL_KUBERC=false", undefined, { KUBECTL_KUBERC: "false" }, { kind: "AllowAll" }],
    [
      "1.9 KUBECTL_KUBERC=FALSE",
      undefined,
      { KUBECTL_KUBERC: "FALSE", KUBERC: "variable" },
      { kind: "AllowAll" },
    ],
    ["1.9 KUBECTL_KUBERC=true", undefined, { KUBECTL_KUBERC: "true" }, { kind: "DenyAll" }],
  ])("%s", async (_name, explicit, env, wanted) => {
    expect(await loadPluginPolicy(system(env), { explicit })).toEqual(wanted);
    expect(said).toBe("");
  });

  test.each<[string, string, Record<string, string>, string]>([
    [
      "1.9 off and the flag",
      "flag",
      { KUBERC: "off" },
      "disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive",
    ],
    ["1.9 the flag without a value", "", {}, "kuberc file is not found"],
    ["1.9 the flag where the feature is off", "flag", { KUBECTL_KUBERC: "false" }, "unknown flag: --kuberc"],
    [
      "1.9 a file of the flag that is missing",
      "none",
      {},
      "kuberc error kuberc: open none: no such file or directory",
    ],
    ["1.9 a directory", ".kube", {}, "kuberc error kuberc: read .kube: is a directory"],
  ])("%s", async (_name, explicit, env, wanted) => {
    expect((await failure(loadPluginPolicy(system(env), { explicit }))).message).toBe(wanted);
  });

  test("1.9 a file of KUBERC that is missing", async () => {
    const { message } = await failure(loadPluginPolicy(system({ KUBERC: "none" })));
    expect(message).toBe("kuberc error kuberc: open none: no such file or directory");
  });

  test("1.9 the default file is missing", async () => {
    await rm(at(".kube/kuberc"));
    expect(await loadPluginPolicy(system())).toEqual({ kind: "AllowAll" });
    expect(said).toBe("");
  });

  test.each([
    ["larger than 1 MiB", `${DENY}#${"#".repeat(1024 * 1024)}`, "it is larger than"],
    [
      "of breaks that only Go sees",
      `${BETA}# x\rcredentialPluginPolicy: DenyAll\n`,
      "yaml: line 3: a carriage",
    ],
    ["of breaks before a good one", `${BETA}# \u2028a: 1\n---\n${BETA}`, "yaml: line 3: a line break"],
    ["no YAML", `${DENY}}`, "no valid preferences found in F"],
  ])("1.9 the default file is %s: no plugin may run", async (_name, text, wanted) => {
    await writeFile(at(".kube/kuberc"), text);
    const { message } = await failure(loadPluginPolicy(system()));
    expect(message).toContain(`kuberc error kuberc: `);
    expect(message).toContain(wanted.replace("F", at(".kube/kuberc")));
  });

  test.each([
    ["1.9 the default file is bad", "nonsense", "no valid preferences found in F, use --v=5 to see details"],
  ])("%s", async (_name, text, wanted) => {
    await writeFile(at(".kube/kuberc"), text);
    expect(await loadPluginPolicy(system())).toEqual({ kind: "AllowAll" });
    expect(said).toContain(`kuberc: no preferences loaded from ${at(".kube/kuberc")}: `);
    expect(said).toContain(wanted.replace("F", at(".kube/kuberc")));
  });
});

describe("1.9 which document", () => {
  const none = "kuberc error kuberc: no valid preferences found in named, use --v=5 to see details";

  test.each<[string, string]>([
    ["1.9 v1beta1", DENY],
    [
      "1.9 JSON",
      '{"apiVersion":"kubectl.config.k8s.io/v1beta1","kind":"Preference","credentialPluginPolicy":"DenyAll"}',
    ],
    ["1.9 the first that decodes", `kind: Other\n---\n${DENY}---\n${BETA}`],
    ["1.9 after one that is no YAML", `a: [\n---\n${DENY}`],
    ["1.9 after one of wrong types", `${BETA}aliases: 3\n--- # more\n${DENY}`],
    [
      "1.9 after an unknown version",
      `${DENY.replace("v1beta1", "v9").replace("Deny", "Allow")}---\r\n${DENY}`,
    ],
    [
      "1.9 with known fields",
      `${DENY}defaults: [{command: get, options: [{name: a, default: b}]}]\naliases: [{name: x, command: get, prependArgs: [a], appendArgs: [b], options: []}]\n`,
    ],
  ])("%s", async (_name, text) => {
    expect(await policyOf(text)).toEqual({ kind: "DenyAll" });
    expect(said).toBe("");
  });

  test.each<[string, string, PluginPolicy]>([
    [
      "1.9 v1alpha1 has no policy",
      `${ALPHA}overrides: [{command: a, flags: []}]\n---\n${DENY}`,
      { kind: "AllowAll" },
    ],
    ["1.9 an empty file", "", { kind: "AllowAll" }],
    [
      "1.9 a policy of null",
      `${BETA}credentialPluginPolicy: null\ncredentialPluginAllowlist: null\n`,
      { kind: "AllowAll" },
    ],
  ])("%s", async (_name, text, wanted) => {
    expect(await policyOf(text)).toEqual(wanted);
    expect(said).toBe("");
  });

  test.each([
    ["1.9 text", "nonsense"],
    ["1.9 no YAML", "a: ["],
    ["1.9 a comment alone", "# nothing"],
    ["1.9 null", "null"],
    ["1.9 no kind", DENY.replace("kind: Preference\n", "")],
    ["1.9 no version", DENY.replace(/^.*\n/, "")],
    ["1.9 a policy that is a number", `${BETA}credentialPluginPolicy: 3`],
    ["1.9 entries that are text", allow("[plugin]")],
    ["1.9 an option's default that is a number", `${DENY}aliases: [{options: [{name: a, default: 1}]}]`],
  ])("%s", async (_name, text) => {
    expect((await failure(policyOf(text))).message).toBe(none);
  });

  test.each([
    [
      "1.9 unknown fields, sorted",
      `${DENY}extra: {a: 1}\nalias: 1\naliases: [{options: [{name: a, z: 1}]}]\n`,
      'unknown field "alias", unknown field "aliases[0].options[0].z", unknown field "extra"',
    ],
    [
      "1.9 a field of another case",
      `${DENY}CredentialPluginPolicy: AllowAll\n`,
      'unknown field "CredentialPluginPolicy"',
    ],
    [
      "1.9 a key twice, of which the last counts",
      `${BETA}credentialPluginPolicy: AllowAll\ncredentialPluginPolicy: DenyAll\n`,
      'yaml: unmarshal errors:\n  line 4: key "credentialPluginPolicy" already set in map',
    ],
    [
      "1.9 both",
      `${DENY}defaults: [{command: a, command: b}]\nmetadata: 1\n`,
      'yaml: unmarshal errors:\n  line 4: key "command" already set in map, unknown field "metadata"',
    ],
  ])("lenient: %s", async (_name, text, wanted) => {
    expect(await policyOf(text)).toEqual({ kind: "DenyAll" });
    expect(said.replaceAll("\n", "")).toContain(
      `kuberc: ignoring strict decoding error in named: strict decoding error: ${wanted}`.replaceAll(
        "\n",
        "",
      ),
    );
  });

  test("1.9 v1alpha1 with a policy is warned of", async () => {
    expect(await policyOf(`${ALPHA}credentialPluginAllowlist: []\n`)).toEqual({ kind: "AllowAll" });
    expect(said).toContain('unknown field "credentialPluginAllowlist"');
  });
});

describe("1.9 which policy", () => {
  test.each<[string, string, PluginPolicy]>([
    ['1.9 ""', `${BETA}credentialPluginPolicy: ""\n`, { kind: "AllowAll" }],
    ["1.9 none", BETA, { kind: "AllowAll" }],
    ["1.9 AllowAll", DENY.replace("DenyAll", "AllowAll"), { kind: "AllowAll" }],
    ["1.9 DenyAll", DENY, { kind: "DenyAll" }],
    [
      "1.9 Allowlist",
      allow("[{command: /bin/a}, {command: b}]"),
      { kind: "Allowlist", entries: ["/bin/a", "b"] },
    ],
    [
      "1.9 the old word",
      allow("[{name: a}, {name: b, command: b}]"),
      { kind: "Allowlist", entries: ["a", "b"] },
    ],
  ])("%s", async (_name, text, wanted) => {
    expect(await policyOf(text)).toEqual(wanted);
  });

  const misconfigured = "misconfigured credential plugin allowlist: ";
  test.each([
    [
      "1.9 a list with no policy",
      `${BETA}credentialPluginAllowlist: [{command: a}]\n`,
      `${misconfigured}plugin policy is "" but allowlist is non-nil`,
    ],
    [
      "1.9 an empty list with AllowAll",
      `${DENY.replace("DenyAll", "AllowAll")}credentialPluginAllowlist: []\n`,
      `${misconfigured}plugin policy is "AllowAll" but allowlist is non-nil`,
    ],
    [
      "1.9 a list with DenyAll",
      `${DENY}credentialPluginAllowlist: [{command: a/}]\n`,
      `${misconfigured}plugin policy is "DenyAll" but allowlist is non-nil`,
    ],
    [
      "1.9 Allowlist without a list",
      allow("null"),
      'credential plugin policy set to "Allowlist", but allowlist is unspecified',
    ],
    [
      "1.9 Allowlist with an empty list",
      allow("[]"),
      'credential plugin policy set to "Allowlist", but allowlist is empty; use "DenyAll" policy instead',
    ],
    ["1.9 an empty entry", allow("[{command: a}, {}]"), `${misconfigured}empty allowlist entry #2`],
    ["1.9 an entry of null", allow("[null]"), `${misconfigured}empty allowlist entry #1`],
    [
      "1.9 a path that is not clean",
      allow("[{command: /bin/../bin/x}]"),
      'non-normalized file path: "/bin/../bin/x" vs "/bin/x"',
    ],
    ["1.9 ./x", allow("[{command: ./x}]"), 'non-normalized file path: "./x" vs "x"'],
    ["1.9 x/", allow("[{command: x/}]"), 'non-normalized file path: "x/" vs "x"'],
    [
      "1.9 two words that differ",
      allow("[{command: a, name: b}]"),
      "both `Name` and `Command` were supplied with different values. `Name` is deprecated, use `Command` instead",
    ],
    ["1.9 an unknown policy", DENY.replace("DenyAll", "denyAll"), 'unknown plugin policy: "denyAll"'],
    [
      "1.9 an unknown policy with a list",
      `${DENY.replace("DenyAll", "Some")}credentialPluginAllowlist: []\n`,
      'unknown plugin policy: "Some"',
    ],
  ])("%s", async (_name, text, wanted) => {
    const error = await failure(policyOf(text));
    expect([error.message, error.hint.endsWith(" in named")]).toEqual([wanted, true]);
  });

  test("1.9 a mistake of the policy is no lesser one in the default file", async () => {
    await writeFile(at(".kube/kuberc"), allow("[{command: a, name: b}]"));
    await failure(loadPluginPolicy(system()));
  });
});

test("whatever the text, there is a policy or a coded error", async () => {
  const words = fc.constantFrom(
    BETA,
    ALPHA,
    DENY,
    "---\n",
    "credentialPluginAllowlist: ",
    "[{command: a}]",
    "\n",
    "- ",
    "  ",
    "&a ",
    "*a",
    "{",
    "[",
    '"',
    "? ",
    ": ",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), async (parts) => {
      await policyOf(parts.join("")).catch((error: unknown) => {
        if (!(error instanceof KnownError)) throw error;
      });
    }),
    { numRuns: 300 },
  );
});
