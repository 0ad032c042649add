import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROGRAM } from "../../test/program.ts";
import { recorded } from "../../test/recorded.ts";
import { COMMANDS } from "./commands.ts";
import { SHELLS } from "./commands/completion.ts";
import { candidates, cobraCompletion } from "./completion.ts";
import { uiTable } from "./open/ui-table.ts";
import { run } from "./run.ts";

/** Known UIs, by the names that `kauth open` finds them by. */
const UIS = uiTable().all.map(({ id }) => id);
const TARGETS = ["svc/", "pod/", "deploy/", "sts/", "rs/", ...UIS];

describe("what may stand next", () => {
  test.each([
    { words: [""], found: [...new Set(COMMANDS.map(({ path }) => path[0]))] },
    { words: ["o"], found: ["open", "oidc"] },
    { words: ["oidc", "get"], found: ["get-token"] },
    { words: ["oidc", "get-token", "--grant-type", "d"], found: ["device-code"] },
    { words: ["oidc", "get-token", "--oidc-is"], found: ["--oidc-issuer-url"] },
    { words: ["zzz"], found: [] },
    { words: ["open", ""], found: TARGETS },
    { words: ["open", "p"], found: ["pod/", "prometheus"] },
    { words: ["open", "headl"], found: ["headlamp"] },
    { words: ["doctor", ""], found: ["svc/", "pod/", "deploy/", "sts/", "rs/"] },
    { words: ["open", "--tun"], found: ["--tunnel"] },
    { words: ["open", "--tunnel", ""], found: ["auto", "spdy", "websocket"] },
    { words: ["open", "--tunnel", "w"], found: ["websocket"] },
    { words: ["open", "--context", ""], found: [] },
    { words: ["open", "-n", ""], found: [] },
    { words: ["open", "--namespace", ""], found: [] },
    { words: ["open", "-v", ""], found: TARGETS },
    { words: ["open", "-o", ""], found: ["text", "json"] },
    { words: ["whoami", "-o", "y"], found: ["yaml"] },
    { words: ["open", "--anonymous", ""], found: TARGETS },
    { words: ["open", "--vmod"], found: [] },
    { words: ["completion", "f"], found: ["fish"] },
    { words: ["demo", "--on"], found: ["--once"] },
  ])("$words", async ({ words, found }) => {
    await using under = await recorded();
    expect(await candidates(words, under.system())).toEqual(found);
  });

  test.each([
    { words: ["open", "--context", ""], found: ["prod", "dev"] },
    { words: ["token", "--context", "p"], found: ["prod"] },
    { words: ["open", "--cluster", ""], found: ["c"] },
    { words: ["open", "--user", ""], found: ["alice@example"] },
    { words: ["open", "--kubeconfig", "/nowhere", "--context", ""], found: [] },
    { words: ["open", "--kubeconfig=/nowhere", "--context", ""], found: [] },
  ])("names of the kubeconfig: $words", async ({ words, found }) => {
    await using under = await recorded();
    await mkdir(join(under.home, ".kube"));
    const config = {
      clusters: [{ name: "c", cluster: {} }],
      users: [{ name: "alice@example", user: {} }],
      contexts: [{ name: "prod" }, { name: "dev" }, { name: "$(rm -rf x)" }, { name: "two\nlines" }],
    };
    await writeFile(join(under.home, ".kube", "config"), JSON.stringify(config), { mode: 0o600 });
    expect(await candidates(words, under.system())).toEqual(found);
  });

  test("every option of every command is found by itself", async () => {
    await using under = await recorded();
    for (const { path, options } of COMMANDS)
      for (const [name, spec] of Object.entries(options))
        expect((await candidates([...path, `--${name}`], under.system())).includes(`--${name}`), name).toBe(
          spec.ignored !== true,
        );
  });

  test("kubectl, and scripts of other tools, get a directive", async () => {
    await using under = await recorded();
    expect(await cobraCompletion(["open"], ["--tunn"], under.system())).toBe("--tunnel\n:4");
    expect(await cobraCompletion(["open"], [""], under.system())).toBe([...TARGETS, ":6"].join("\n"));
  });
});

const scriptFor = async (shell: string, program = "kauth"): Promise<string> => {
  await using under = await recorded();
  const status = await run({
    args: ["completion", shell],
    program,
    signal: new AbortController().signal,
    system: under.system,
  });
  expect(status).toBe(0);
  return under.out.join("\n");
};

/** The script in a real bash, with the name standing for these sources. */
const inBash = async (words: readonly string[], name = "kauth"): Promise<readonly string[]> => {
  const program = PROGRAM.map((word) => `'${word}'`).join(" ");
  const typed = [name, ...words].map((word) => `'${word}'`).join(" ");
  const { stdout, stderr, status } = spawnSync(
    "bash",
    [
      "--norc",
      "--noprofile",
      "-euc",
      [
        `${name}() { ${program.replace(/kauth(?=\.ts)/, name)} "$@"; }`,
        // Only a completion in progress knows compopt.
        "compopt() { printf 'option %s\\n' \"$2\"; }",
        await scriptFor("bash", name),
        `complete -p ${name} >/dev/null`,
        `COMP_WORDS=(${typed}); COMP_CWORD=${words.length}`,
        `_${name.replaceAll("-", "_")} || true`,
        'printf "%s\\n" "${COMPREPLY[@]}"',
      ].join("\n"),
    ],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout.trimEnd().split("\n");
};

describe("the scripts", () => {
  test.each([
    { words: ["comp"], found: ["completion"] },
    { words: ["open", "--tunnel", ""], found: ["auto", "spdy", "websocket"] },
    { words: ["open", "--skip"], found: ["--skip-open-browser"] },
    { words: ["open", "sv"], found: ["option nospace", "svc/"] },
  ])("bash completes $words", async ({ words, found }) => {
    expect(await inBash(words)).toEqual(found);
  });

  test.each([
    { name: "kubelogin", words: ["get-t"], found: ["get-token"] },
    { name: "kubelogin", words: ["get-token", "--grant-type", "d"], found: ["device-code"] },
    { name: "aws-iam-authenticator", words: ["mapping", "l"], found: ["lint"] },
    { name: "aws-iam-authenticator", words: ["token", "--token"], found: ["--token-only"] },
  ])("under the linked name too: $name $words", async ({ name, words, found }) => {
    expect(await inBash(words, name)).toEqual(found);
  });

  test.each(["kubelogin", "aws-iam-authenticator"])("a script of %s's own is answered", async (program) => {
    await using under = await recorded();
    const { signal } = new AbortController();
    const args = ["__complete", "clea"];
    await run({ args, program, signal, system: under.system });
    expect(under.out.join("\n")).toBe(program === "kubelogin" ? "clean\n:4" : ":4");
  });

  test("bash can be told by source, as the help says", async () => {
    const { status } = spawnSync("bash", ["-n"], { input: await scriptFor("bash") });
    expect(status).toBe(0);
  });

  test.each(SHELLS)("%s's asks kauth for the words", async (shell) => {
    expect(await scriptFor(shell)).toMatch(/kauth __complete/);
  });

  test.each([["csh"], [""], []])("not for %s", async (...words) => {
    await using under = await recorded();
    const signal = new AbortController().signal;
    expect(
      await run({ args: ["completion", ...words], program: "kauth", signal, system: under.system }),
    ).toBe(2);
    expect(under.err.join()).toContain("bash, zsh, fish, powershell");
  });
});
