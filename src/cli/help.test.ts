import { describe, expect, test } from "vitest";
import { COMMANDS } from "./commands.ts";
import { commandHelp, exitStatuses, groupHelp, isKubectls, programHelp } from "./help.ts";

const rows = COMMANDS.map((command) => ({ name: command.path.join(" "), command }));

describe.each(rows)("help of $name", ({ name, command }) => {
  const help = commandHelp(command, `kauth ${name}`);

  test("begins with what it does, and has examples and every exit status", () => {
    expect(help.startsWith(`${command.summary}.\n`)).toBe(true);
    expect(help).toContain(`Usage: kauth ${name}`);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const each of command.examples) {
      expect(help).toContain(`  ${each.command}\n      ${each.does}`);
      expect(each.command).toMatch(new RegExp(`\\bkauth ${name}\\b`));
    }
    const [, after = ""] = help.split("\nExit status:\n");
    const said = after.replaceAll(/\n {6}/g, " ").split("\n");
    expect(said).toEqual(
      exitStatuses(command).map(([status, means]) => `${`  ${status}`.padEnd(6)}${means}`),
    );
    for (const each of said) expect(each).toMatch(/^ {2}\d+ +[A-Z].*\.$/);
  });

  test("speaks of its own exit statuses only", () => {
    const [before = "", after = ""] = help.split("\nExit status:\n");
    if (name !== "doctor") expect(after).not.toContain("kauth open");
    expect(before).not.toMatch(/[Ee]xit status/);
    expect(after.includes("Ended by SIGTERM")).toBe(command.lasting !== true);
  });

  test("names each option that means something, and no other", () => {
    for (const [option, spec] of Object.entries(command.options))
      expect(help.includes(`--${option}`), option).toBe(spec.ignored !== true);
    expect(help).toContain("-v, --verbose LEVEL");
  });

  test("fits a terminal of 80 columns, but for examples, which are to be copied", () => {
    const examples = new Set(command.examples.map((each) => `  ${each.command}`));
    expect(help.split("\n").filter((line) => line.length > 80 && !examples.has(line))).toEqual([]);
  });

  test("has its own options before kubectl's", () => {
    const [own = "", kubectls = ""] = help.split("\nOptions that mean what they mean to kubectl:\n");
    for (const [option, spec] of Object.entries(command.options)) {
      expect(
        (isKubectls(option, spec) ? own : kubectls)
          .split("\n")
          .some((line) => new RegExp(`^ {2}(-., )?--${option}( |$)`).test(line)),
        option,
      ).toBe(false);
    }
  });

  test("its options say what they take", () => {
    for (const [option, spec] of Object.entries(command.options)) {
      expect(spec.summary, option).toMatch(/^\S/);
      if (spec.ignored !== true && spec.type !== "boolean") expect(spec.value, option).toMatch(/^[A-Z:=/]+$/);
    }
  });
});

test("under another tool's name help has that name and that tool's exit status", () => {
  for (const command of COMMANDS.filter(({ path }) => path[0] === "open")) {
    const help = commandHelp(command, "kubectl auth-proxy");
    expect(help).toContain("  kubectl auth-proxy svc/headlamp -n headlamp\n");
    expect(help).not.toMatch(/kauth open| 70 /);
    expect(help).toMatch(/\n {2}1 +Any failure\./);
  }
});

test("help of what needs no word names the commands beside it", () => {
  const standalone = COMMANDS.find(({ path }) => path.join(" ") === "oidc standalone");
  if (standalone === undefined) throw new Error("no standalone");
  const help = commandHelp(standalone, "kubelogin", ["oidc"]);
  expect(help).toMatch(/\nCommands:\n {2}get-token /);
  expect(help).not.toMatch(/^ {2}standalone/m);
});

test("help of a group has its commands without the words before them", () => {
  expect(groupHelp(["iam", "cache"])).toMatch(/^Usage: kauth iam cache COMMAND[^]*\n {2}list .*\n {2}clear /);
});

test("what has the name of an option of kubectl's and another meaning is not said to mean the same", () => {
  for (const { name, command } of rows)
    for (const option of ["certificate-authority", "username", "password", "token", "profile"]) {
      const spec = command.options[option];
      if (spec !== undefined && (name.startsWith("oidc ") || name.startsWith("iam ")))
        expect(isKubectls(option, spec), `${name} --${option}`).toBe(false);
    }
});

test("the program's help names every command, and what else there is", () => {
  for (const word of ["--version", "-v=LEVEL", "kubectl auth-proxy", "docs/"])
    expect(programHelp()).toContain(word);
  expect(
    programHelp()
      .split("\n")
      .filter((line) => line.length > 80),
  ).toEqual([]);
  for (const { name, command } of rows)
    expect(programHelp()).toContain(`  ${name.padEnd(name.length < 15 ? 15 : 20)}${command.summary}`);
});

test("no two options of a command share a letter", () => {
  for (const { command } of rows) {
    const letters = Object.values(command.options).flatMap(({ short }) =>
      short === undefined ? [] : [short],
    );
    expect(new Set([...letters, "v", "h"]).size).toBe(letters.length + 2);
  }
});
