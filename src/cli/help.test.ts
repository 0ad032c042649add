import { describe, expect, test } from "vitest";
import { COMMANDS } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";

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
    for (const status of ["0 done", "1 the world failed", "2 refused", "70 a fault"])
      expect(help).toContain(status);
  });

  test("names each option that means something, and no other", () => {
    for (const [option, spec] of Object.entries(command.options))
      expect(help.includes(`--${option}`), option).toBe(spec.ignored !== true);
    expect(help).toContain("-v, --verbose LEVEL");
  });

  test("fits a terminal of 120 columns", () => {
    expect(help.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });

  test("its options say what they take", () => {
    for (const [option, spec] of Object.entries(command.options)) {
      expect(spec.summary, option).toMatch(/^\S/);
      if (spec.ignored !== true && spec.type !== "boolean") expect(spec.value, option).toMatch(/^[A-Z:=]+$/);
    }
  });
});

test("the program's help names every command", () => {
  for (const { name, command } of rows)
    expect(programHelp()).toContain(`  ${name.padEnd(12)}${command.summary}`);
});

test("no two options of a command share a letter", () => {
  for (const { command } of rows) {
    const letters = Object.values(command.options).flatMap(({ short }) =>
      short === undefined ? [] : [short],
    );
    expect(new Set([...letters, "v", "h"]).size).toBe(letters.length + 2);
  }
});
