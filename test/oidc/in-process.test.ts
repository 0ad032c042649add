import { chmod, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { testDemo } from "../demo.ts";
import { writeKubeconfig } from "../kubeconfigs.ts";
import { kauth, PROGRAM, startOpen } from "../program.ts";
import { PERSON } from "./certified.ts";
import { credentialOf, inScene, visit, type Scene } from "./scene.ts";

/** A kubeconfig whose plugin is kauth itself signs in within the process that asks, and any other is spawned (issue E.6). */

interface Linked {
  /** The name that `kauth link` would have made. */
  readonly plugin: string;
  readonly args: readonly string[];
  /** The command line of what started the browser. */
  readonly starter: () => Promise<string>;
}

const linked = async (made: Scene): Promise<Linked> => {
  const plugin = join(made.home, "kubelogin");
  const own = PROGRAM.at(-1) ?? "";
  const ending = extname(own);
  await symlink(/^\.[jt]s$/.test(ending) ? join(dirname(own), `kubelogin${ending}`) : own, plugin);
  const browser = join(made.home, "telling-browser");
  const seen = join(made.home, "starter");
  await writeFile(
    browser,
    `#!/bin/sh\ntr '\\0' ' ' <"/proc/$PPID/cmdline" >'${seen}'\nexec '${made.browserCommand}' "$@"\n`,
  );
  await chmod(browser, 0o755);
  return {
    plugin,
    args: made.args(`--browser-command=${browser}`),
    starter: async () => (await readFile(seen, "utf8")).trim(),
  };
};

const exec = (command: string, args: readonly string[], more: object = {}): object => ({
  exec: {
    apiVersion: "client.authentication.k8s.io/v1",
    command,
    args,
    interactiveMode: "IfAvailable",
    ...more,
  },
});

const inDemo = async (
  body: (made: Scene, demo: Awaited<ReturnType<typeof testDemo>>) => Promise<void>,
): Promise<void> => {
  await using demo = await testDemo();
  await inScene({}, async (made) => await body(made, demo));
};

describe.concurrent("a kubeconfig whose plugin is kauth", () => {
  test("signs in in process, by a linked name, with the plugin's environment", async () => {
    await inDemo(async (made, demo) => {
      const { plugin, args, starter } = await linked(made);
      const words = args.filter((word) => !word.startsWith("--oidc-client-id"));
      const env = [{ name: "KAUTH_OIDC_CLIENT_ID", value: "kubernetes" }];
      const path = await writeKubeconfig(demo, made.home, "config", { user: exec(plugin, words, { env }) });
      const ended = await kauth(["token", "--kubeconfig", path], { HOME: made.home });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      const claims = JSON.parse(
        Buffer.from(ended.stdout.split(".")[1] ?? "", "base64url").toString(),
      ) as object;
      expect(claims).toMatchObject({ sub: PERSON, aud: "kubernetes" });
      expect(await starter()).toContain(` token --kubeconfig ${path}`);
    });
  });

  test("shows the address to open whole, where no browser is to be started", async () => {
    await inDemo(async (made, demo) => {
      const { plugin } = await linked(made);
      const args = made.args("--skip-open-browser");
      const path = await writeKubeconfig(demo, made.home, "config", { user: exec(plugin, args) });
      using running = made.start(["token", "--kubeconfig", path], { command: PROGRAM });
      await running.says("Please visit the following URL in your browser: ");
      const url = /browser: (\S+)\n/.exec(running.stderr())?.[1] ?? "";
      await visit(made, url);
      const ended = await running.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(ended.stdout.split(".")).toHaveLength(3);
      expect(await made.opened()).toBe(0);
    });
  });

  test("and any other is spawned as it is written", async () => {
    await inDemo(async (made, demo) => {
      const { plugin, args, starter } = await linked(made);
      const wrapper = join(made.home, "wrapper");
      const [file = ""] = PROGRAM;
      const call = PROGRAM.length > 1 ? `'${file}' '${plugin}'` : `'${plugin}'`;
      await writeFile(wrapper, `#!/bin/sh\nexec ${call} "$@"\n`);
      await chmod(wrapper, 0o755);
      const path = await writeKubeconfig(demo, made.home, "config", { user: exec(wrapper, args) });
      const ended = await kauth(["token", "--kubeconfig", path], { HOME: made.home });
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(await starter()).toContain("get-token");
      expect(await starter()).not.toContain(" token --kubeconfig");
    });
  });

  test.each([
    { kuberc: "credentialPluginPolicy: DenyAll", says: 'policy set to "DenyAll"' },
    {
      kuberc: "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{name: /usr/bin/other}]",
      says: "credential plugin allowlist",
    },
  ])("is held to kuberc all the same (security.md R-N10): $kuberc", async ({ kuberc, says }) => {
    await inDemo(async (made, demo) => {
      const { plugin, args } = await linked(made);
      const path = await writeKubeconfig(demo, made.home, "config", { user: exec(plugin, args) });
      const preferences = join(made.home, "kuberc");
      await writeFile(
        preferences,
        `apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n${kuberc}\n`,
      );
      const ended = await kauth(["token", "--kubeconfig", path, "--kuberc", preferences]);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain(says);
      expect(made.provider.heard).toEqual([]);
    });
  });

  test("and told of its failures as of any plugin's", async () => {
    await inDemo(async (made, demo) => {
      const { plugin } = await linked(made);
      const path = await writeKubeconfig(demo, made.home, "config", { user: exec(plugin, ["get-token"]) });
      const ended = await kauth(["token", "--kubeconfig", path]);
      expect(ended).toMatchObject({ code: 1, stdout: "" });
      expect(ended.stderr).toContain(`${basename(plugin)}: error: --oidc-issuer-url is missing`);
      expect(ended.stderr).toContain("failed with exit code 1");
      expect(ended.stderr).toContain("[EXEC_FAILED]");
    });
  });

  test("opens a UI as the person whom the provider knows", async () => {
    await inDemo(async (made, demo) => {
      const { plugin, args } = await linked(made);
      const { token } = credentialOf(await made.run(args), made.provider);
      demo.cluster.people.add({ username: "oidc:alice", uid: "", groups: ["devs"], rights: "all" });
      demo.cluster.people.issue(token, "oidc:alice");
      const path = await writeKubeconfig(demo, made.home, "config", { user: exec(plugin, args) });
      const who = await kauth(["whoami", "--kubeconfig", path, "-o", "name"], { HOME: made.home });
      expect(who, who.stderr).toMatchObject({ code: 0, stdout: "oidc:alice\n" });
      await using open = await startOpen(["svc/ui", "--kubeconfig", path], { env: { HOME: made.home } });
      expect(open.ready).toMatchObject({ event: "ready" });
      expect(open.stderr()).not.toContain("failed");
      // One sign-in, by the plugin itself, at the very beginning.
      expect(await made.opened()).toBe(1);
    });
  });
});
