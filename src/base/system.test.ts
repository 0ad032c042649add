import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { realSystem } from "./system.ts";

const MODULE = join(import.meta.dirname, "system.ts");
const script = (code: string): readonly string[] => [
  "--input-type=module",
  "--eval",
  `import { realSystem } from ${JSON.stringify(MODULE)}; const system = realSystem(); ${code}`,
];

describe("what is printed", () => {
  test("arrives whole, also when it is more than a pipe holds", async () => {
    const child = spawn(process.execPath, script('system.log.out("x".repeat(1_000_000))'), {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let length = 0;
    child.stdout.on("data", (part: Buffer) => (length += part.length));
    await once(child, "close");
    expect(length).toBe(1_000_001);
  });

  test("for a reader that left is no fault", async () => {
    const code = 'system.sleep(300).then(() => { system.log.out("late"); system.log.out("later"); })';
    const child = spawn(process.execPath, script(code), { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.destroy();
    await once(child, "close");
    expect(child.exitCode).toBe(0);
  });
});

describe("terminals", () => {
  const code =
    "console.log([system.stdinIsTerminal, system.stdoutIsTerminal, system.stderrIsTerminal].join())";

  test("neither pipes nor /dev/null are terminals", async () => {
    const child = spawn(process.execPath, script(code), { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    expect(said).toBe("false,false,false\n");
  });

  test.runIf(process.platform === "linux")("a terminal is", async () => {
    const words = [process.execPath, ...script(code)].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", words, "/dev/null"], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    expect(said.trim()).toBe("true,true,true");
  });
});

test("what the process has one of is made once a key, and anew for another process", () => {
  const system = realSystem();
  const made: object[] = [];
  const make = (): object => {
    const value = {};
    made.push(value);
    return value;
  };
  expect(system.shared("a", make)).toBe(system.shared("a", make));
  expect(system.shared("b", make)).not.toBe(system.shared("a", make));
  expect(realSystem().shared("a", make)).not.toBe(system.shared("a", make));
  expect(made.length).toBe(3);
});
