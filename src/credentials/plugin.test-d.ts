import { readFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logTo } from "../base/log.ts";
import { realSystem, type System } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import {
  loadKubeconfig,
  selectContext,
  type ClientConfig,
  type ExecConfig,
  type Overrides,
} from "../kubeconfig/index.ts";
import type { Credential } from "./types.ts";

/** Real plugins in a directory of their own, a clock that stands still, and what was said. */

export const V1 = "client.authentication.k8s.io/v1";
export const BETA = "client.authentication.k8s.io/v1beta1";
export const HOUR = 3_600_000;

export interface ConfigParts {
  readonly exec?: object;
  readonly user?: object;
  readonly cluster?: object;
  readonly overrides?: Overrides;
}

export class Bench {
  readonly directory: string;
  now = Date.parse("2030-01-01T00:00:00Z");
  said = "";
  readonly system: System;

  constructor(directory: string) {
    this.directory = directory;
    this.system = {
      ...realSystem(),
      env: { PATH: process.env["PATH"] },
      cwd: directory,
      stdinIsTerminal: false,
      now: () => epochMillis(this.now),
      log: logTo({ out: () => undefined, err: (text) => (this.said += text) }, 1),
    };
  }

  at(name: string): string {
    return join(this.directory, name);
  }

  /** A plugin for sh. `$run` is its turn from 1; it notes each. */
  async script(body: string, name = "plugin.sh"): Promise<string> {
    const runs = this.at("runs");
    const text = `#!/bin/sh\necho >>'${runs}'\nrun=$(wc -l <'${runs}')\nrun=$((run))\n${body}\n`;
    await writeFile(this.at(name), text, { mode: 0o755 });
    return this.at(name);
  }

  /** A plugin for Node, for what sh cannot do. */
  async program(body: string): Promise<{ readonly command: string; readonly args: readonly string[] }> {
    await writeFile(
      this.at("plugin.cjs"),
      `require("node:fs").appendFileSync(${JSON.stringify(this.at("runs"))}, "\\n");\n${body}`,
    );
    return { command: process.execPath, args: [this.at("plugin.cjs")] };
  }

  /** What a kubeconfig file with one user and one cluster says. */
  async config({ exec, user, cluster, overrides }: ConfigParts): Promise<ClientConfig> {
    const plugin = { apiVersion: V1, interactiveMode: "Never", ...exec };
    const text = JSON.stringify({
      users: [{ name: "u", user: { ...(exec === undefined ? {} : { exec: plugin }), ...user } }],
      clusters: [{ name: "c", cluster: { server: "https://s", ...cluster } }],
    });
    // As Go writes it: in YAML that character ends a line.
    await writeFile(this.at("config"), text.replaceAll("\u2028", String.raw`\u2028`), { mode: 0o600 });
    const kubeconfig = await loadKubeconfig(this.system, { explicit: this.at("config") });
    return selectContext(kubeconfig, { user: "u", cluster: "c", ...overrides }, this.system);
  }

  async read(name: string): Promise<string> {
    return await readFile(this.at(name), "utf8");
  }

  async runs(): Promise<number> {
    return (await this.read("runs").catch(() => "")).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const newBench = async (): Promise<Bench> => new Bench(await mkdtemp(join(tmpdir(), "kauth-plugin-")));

/** The same with other fields of its plugin, also such as no kubeconfig may have. */
export const withExec = (config: ClientConfig, exec: Partial<ExecConfig>): ClientConfig => ({
  ...config,
  user: {
    ...config.user,
    exec: config.user.exec === undefined ? undefined : { ...config.user.exec, ...exec },
  },
});

/** sh that prints an ExecCredential. */
export const prints = (status: object, version = V1): string =>
  `printf '%s' '${JSON.stringify({ kind: "ExecCredential", apiVersion: version, status })}'`;

export const tokenOf = (credential: Credential | undefined): string | undefined =>
  credential?.header?.kind === "bearer" ? credential.header.token.reveal() : undefined;
