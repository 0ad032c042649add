import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { quietSystem } from "../../../test/api-server.ts";
import { failureOf } from "../../../test/failure.ts";
import type { System } from "../../base/system.ts";
import { tokenSource } from "./token-source.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "kauth-source-"));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

const NAME = "oidc-client-assertion";
const systemOf = (env: Readonly<Record<string, string>> = {}): System => ({
  ...quietSystem({ PATH: process.env["PATH"] ?? "", HOME: home, ...env }),
  home,
});
const ask = async (text: string, system = systemOf()): Promise<string> =>
  (await tokenSource(text, NAME, system)({ issuer: "https://issuer.example.com" })).reveal();

describe("where a token comes from", () => {
  test("a file, read anew each time: Kubernetes replaces a projected token", async () => {
    const path = join(home, "token");
    const source = tokenSource(`file:${path}`, NAME, systemOf());
    await writeFile(path, "first\n");
    expect((await source({ issuer: "" })).reveal()).toBe("first");
    await writeFile(path, "second\n");
    expect((await source({ issuer: "" })).reveal()).toBe("second");
  });

  test("a variable, as GitLab gives it", async () => {
    expect(await ask("env:ID_TOKEN", systemOf({ ID_TOKEN: "of a job".replaceAll(" ", "-") }))).toBe(
      "of-a-job",
    );
  });

  test("a program, without a shell, under the policy of kuberc (R-N10)", async () => {
    const path = join(home, "program");
    await writeFile(path, "#!/bin/sh\necho printed\n");
    await chmod(path, 0o700);
    expect(await ask(`command:${path}`, systemOf({ KUBERC: "off" }))).toBe("printed");
    const policy = join(home, "kuberc");
    await writeFile(
      policy,
      "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: DenyAll\n",
      { mode: 0o600 },
    );
    expect(await failureOf(ask(`command:${path}`, systemOf({ KUBERC: policy })))).toMatchObject({
      code: "EXEC_DENIED",
    });
  });

  test("GitHub Actions, for the audience", async () => {
    const heard: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      heard.push(request.url, request.headers.authorization);
      response.end(JSON.stringify({ value: "github-token" }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const system = systemOf({
        ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?api-version=2`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "canary-request-token",
      });
      expect(await ask("github:kubernetes", system)).toBe("github-token");
      expect(await ask("github", system)).toBe("github-token");
      expect(heard).toEqual([
        "/token?api-version=2&audience=kubernetes",
        "Bearer canary-request-token",
        "/token?api-version=2&audience=https%3A%2F%2Fissuer.example.com",
        "Bearer canary-request-token",
      ]);
    } finally {
      server.close();
    }
  });

  test.each([
    { name: "a file that is missing", text: "file:/nowhere/token" },
    { name: "a variable that is not set", text: "env:NOT_SET" },
    { name: "GitHub outside of a job", text: "github" },
    { name: "a program that is missing", text: "command:/nowhere/program" },
  ])("$name", async ({ text }) => {
    expect(await failureOf(ask(text, systemOf({ KUBERC: "off" })))).toMatchObject({
      code: "OIDC_ASSERTION_MISSING",
    });
  });

  test("a request token of GitHub's goes nowhere over http", async () => {
    const system = systemOf({
      ACTIONS_ID_TOKEN_REQUEST_URL: "http://attacker.example/token",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "canary",
    });
    expect(await failureOf(ask("github", system))).toMatchObject({ code: "OIDC_ASSERTION_MISSING" });
  });

  test.each(["", "file:", "env:", "https://x", "token"])("%j is none", (text) => {
    expect(() => tokenSource(text, NAME, systemOf())).toThrow(/names no source of a token/);
  });
});
