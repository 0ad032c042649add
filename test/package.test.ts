import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { VERSION } from "../src/base/version.ts";
import { ROOT } from "./house/source.ts";

interface Door {
  readonly types: string;
  readonly default: string;
}

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly type: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, Door | string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;

/** What is code; the others are data. */
const codeDoors: Readonly<Record<string, Door>> = Object.fromEntries(
  Object.entries(manifest.exports).flatMap(([name, door]) =>
    typeof door === "string" ? [] : [[name, door]],
  ),
);

/** Each runtime dependency with its reason. */
const REASONS: Readonly<Record<string, string>> = {
  "@napi-rs/keyring":
    "reaches the keyring of each system, where the key to sealed tokens lies; without dependencies but its own prebuilt part",
  jose: "verifies what OpenID providers sign; written by whoever writes the standards' test suites, without dependencies",
  oauth4webapi:
    "makes the requests to OpenID providers, each way for a client to prove itself too; certified, without dependencies",
  uqr: "draws the QR code for signing in on another device; loaded only then, without dependencies",
  yaml: "reads kubeconfigs and config.yaml, and keeps comments when one is written back",
};

/** `./dist/api/index.js` → `src/api/index.ts` */
const sourceOf = (path: string): string =>
  path
    .replace(/^(?:\.\/)?dist\//, "src/")
    .replace(/\.d\.ts$/, ".ts")
    .replace(/\.js$/, ".ts");

describe("package.json", () => {
  test("no runtime dependency without a reason, and none in more than one version", () => {
    expect(Object.keys(manifest.dependencies)).toEqual(Object.keys(REASONS));
    for (const version of Object.values({ ...manifest.dependencies, ...manifest.devDependencies }))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("names what it is and runs on", () => {
    expect(manifest.version).toBe(VERSION);
    expect(manifest.license).toBe("Apache-2.0");
    expect(manifest.type).toBe("module");
    expect(manifest.engines.node).toBe(">=22");
    expect(Object.keys(manifest.allowScripts).toSorted()).toEqual(["bun", "node"]);
  });

  test("the changelog has an entry for this version", () => {
    expect(read("CHANGELOG.md")).toMatch(new RegExp(`^## ${VERSION.replaceAll(".", "\\.")}\\b`, "m"));
  });

  test("what is published exists, and nothing else is", () => {
    expect(manifest.files.toSorted()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "dist",
      "docs",
    ]);
    for (const path of manifest.files)
      if (path !== "dist") expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test.each(Object.entries(codeDoors).map(([name, paths]) => ({ name, ...paths })))(
    "export $name is a door of the sources",
    ({ types, default: code }) => {
      expect(existsSync(join(ROOT, sourceOf(code)))).toBe(true);
      expect(sourceOf(types)).toBe(sourceOf(code));
    },
  );

  test.each(Object.entries(manifest.bin).map(([name, path]) => ({ name, path })))(
    "$name starts with its line for the shell and gives its own name",
    ({ name, path }) => {
      const text = read(sourceOf(path));
      expect(text.split("\n", 1)).toEqual(["#!/usr/bin/env node"]);
      expect(text).toContain(`main("${name}")`);
    },
  );
});

/** The names that leave each door. A change here is a change of what programs can rely on. */
describe("what programs can import", () => {
  const DOORS: Readonly<Record<string, readonly string[]>> = {
    ".": [
      "KnownError",
      "Secret",
      "connect",
      "createForwarder",
      "credentialHeaders",
      "credentialSource",
      "loadClientConfig",
      "loadKubeconfig",
      "openListener",
      "openRoute",
      "parseTarget",
      "podDialer",
      "realSystem",
      "selectContext",
      "serveProxy",
      "whoAmI",
    ],
    "./kubeconfig": [
      "cleanPath",
      "kubeconfigFaults",
      "loadClientConfig",
      "loadKubeconfig",
      "loadPluginPolicy",
      "persistAuthProvider",
      "proveWritable",
      "resolveClientConfig",
      "resolveCommand",
      "selectContext",
      "usableFaults",
      "writeExecUser",
    ],
    "./oidc": [
      "beginAuthorization",
      "cacheKey",
      "checkContinuity",
      "clientTokens",
      "credentialOf",
      "discover",
      "isFresh",
      "isPassing",
      "listEntries",
      "noteHandedOut",
      "noteRenewed",
      "openCache",
      "openCallback",
      "openWire",
      "otherFiles",
      "passwordTokens",
      "placesOfEntries",
      "providerKeys",
      "redeemCode",
      "refreshTokens",
      "removeEntry",
      "revokeToken",
      "saidBy",
      "signIn",
      "singleFlight",
      "tokenAlgorithm",
      "verifyIdToken",
    ],
    "./credentials": [
      "checkCertificate",
      "checkOwnership",
      "checkToken",
      "credentialHeaders",
      "credentialSource",
      "dateFault",
      "earlyMargin",
      "fetchedSource",
      "runProgram",
      "sameCertificate",
      "tokenClaims",
      "tokenExpiry",
    ],
    "./api": [
      "connect",
      "getObject",
      "impersonationHeaders",
      "inspectServer",
      "listObjects",
      "listPages",
      "mayI",
      "requestToken",
      "updateStatus",
      "watchObjects",
      "whoAmI",
    ],
    "./tunnel": [
      "SPDY_ANSWER",
      "TUNNEL_PROTOCOL",
      "podDialer",
      "probeCarrier",
      "serveSpdy",
      "websocketAnswer",
    ],
    "./route": [
      "authorityOf",
      "chooseServicePort",
      "findServices",
      "openRoute",
      "parseTarget",
      "placeText",
      "resolveBackend",
      "targetText",
    ],
    "./iam": [
      "MAPPING_FORMATS",
      "PARTITIONS",
      "RESERVED_PREFIXES",
      "accountOfKey",
      "arnLike",
      "backendModes",
      "canonicalArn",
      "createMapper",
      "diffMappings",
      "ec2InstanceNames",
      "execCredential",
      "execVersion",
      "explainToken",
      "followMappings",
      "lintMapping",
      "listIamCache",
      "lookupOf",
      "makeToken",
      "mintToken",
      "nearMisses",
      "partitionNamed",
      "readAwsAuth",
      "readDynamicFile",
      "readIdentityMappings",
      "readMappingDocument",
      "readServerConfig",
      "readToken",
      "subjectText",
      "verifyToken",
      "writeMapping",
    ],
    "./proxy": [
      "askSite",
      "candidatesOf",
      "createForwarder",
      "createLazy",
      "createLegs",
      "createPermitted",
      "hostAndPort",
      "isRead",
      "openListener",
      "originOf",
      "serveProxy",
      "startForwarder",
      "troubleOf",
      "writeLaunchFile",
    ],
    "./ui": [
      "CLUSTER",
      "PRESETS",
      "checkReady",
      "checkRecipes",
      "directLeg",
      "headlampCookies",
      "hooksFor",
      "inClusterName",
      "isNamed",
      "isReady",
      "knownUi",
      "mergedRecipes",
      "onlyReads",
      "parseRecipe",
      "possibleBases",
      "presetOfService",
      "presetsWith",
      "renderRecipes",
      "schemeOf",
    ],
    "./demo": ["startDemo"],
  };

  test("and what data", () => {
    const data = Object.entries(manifest.exports).flatMap(([name, door]) =>
      typeof door === "string" ? [{ name, path: door }] : [],
    );
    expect(data).toEqual([{ name: "./iam/vectors.json", path: "./docs/iam-vectors.json" }]);
    for (const { path } of data) expect(() => JSON.parse(read(path)) as unknown).not.toThrow();
  });

  test("every door is listed", () => {
    expect(Object.keys(DOORS)).toEqual(Object.keys(codeDoors));
  });

  test.each(Object.entries(DOORS).map(([name, names]) => ({ name, names })))(
    "from $name",
    async ({ name, names }) => {
      const path = sourceOf(codeDoors[name]?.default ?? "");
      const door = (await import(join(ROOT, path))) as Readonly<Record<string, unknown>>;
      expect(Object.keys(door).toSorted()).toEqual(names);
    },
  );
});
