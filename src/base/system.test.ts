import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
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

describe.runIf(process.platform === "linux")("programs that are ours", () => {
  const gone = (pid: string): boolean => {
    try {
      return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
      return true;
    }
  };
  /** Starts a shell that starts others, and prints the numbers of all. */
  const start = (shell: string, then: string, more = ""): readonly string[] =>
    script(`
      const child = system.spawn({ file: "/bin/sh", args: ["-c", ${JSON.stringify(shell)}], env: process.env,
        stdin: "ignore", stderr: "ignore", ours: true, ${more} });
      child.stdout.once("data", (text) => { console.log(child.pid + " " + text); ${then} });`);
  const SLEEPERS: readonly (readonly [string, string])[] = [
    ["it", "echo; exec sleep 60"],
    ["its child", "sleep 60 & echo $!; wait"],
    ["one that left its session", "setsid sleep 60 & echo $!; wait"],
    ["one that left its session and lost its parent", "sh -c 'setsid sleep 60 & echo $!'; sleep 60"],
    ["one that left its session and holds nothing", "setsid sleep 60 >/dev/null 2>&1 & echo $!; wait"],
    ["one that ignores SIGTERM", "trap '' TERM; sleep 60 & echo $!; wait"],
  ];
  const RELEASE: readonly (readonly [string, string])[] = [
    ["ends with us", "process.exit(3)"],
    ["ends when it is told to", "system.end(child, { group: GROUP })"],
  ];
  const rows = RELEASE.flatMap(([how, code]) => SLEEPERS.map(([who, shell]) => ({ how, code, who, shell })));
  const started = async (code: readonly string[]): Promise<readonly string[]> => {
    const child = spawn(process.execPath, code, { stdio: ["ignore", "pipe", "ignore"] });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    return said.split(/\s+/).filter((word) => word !== "");
  };
  describe.each([true, false])("with a group of their own: %s", (group) => {
    test.each(rows)("$who: $how", async ({ code, shell }) => {
      const pids = await started(start(shell, code.replace("GROUP", String(group)), `group: ${group}`));
      expect(pids.length).toBeGreaterThan(0);
      await expect.poll(() => pids.filter((pid) => !gone(pid))).toEqual([]);
    });
  });

  test("they end also when we end by a fault", async () => {
    const pids = await started(start("sleep 60 & echo $!; wait", 'throw new Error("x")', "group: true"));
    expect(pids.length).toBe(2);
    await expect.poll(() => pids.filter((pid) => !gone(pid))).toEqual([]);
  });

  test("what ended is not watched for ever", async () => {
    const code = script(`
      process.on("warning", (warning) => console.log(warning.name));
      for (let turn = 0; turn < 20; turn += 1) {
        const child = system.spawn({ file: "/bin/true", args: [], env: {}, stdin: "ignore", stderr: "ignore", ours: true });
        await new Promise((resolve) => child.once("close", resolve));
      }`);
    const child = spawn(process.execPath, code, { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    expect(said).toBe("");
  });
});
