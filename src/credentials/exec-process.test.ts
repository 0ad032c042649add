import { chmod, readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { Command, System } from "../base/system.ts";
import { millis } from "../base/units.ts";
import type { ExecOptions } from "./exec.ts";
import { newBench, prints, tokenOf, type Bench } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";
import type { CredentialSource } from "./types.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

interface Setup {
  readonly exec?: object;
  readonly options?: ExecOptions;
  readonly system?: Partial<System>;
}
const source = async (
  body: string,
  { exec, options = {}, system }: Setup = {},
): Promise<CredentialSource> => {
  const config = await bench.config({ exec: { command: await bench.script(body), ...exec } });
  return credentialSource(config, { ...bench.system, ...system }, options);
};
/** Its end comes after this time, three times. */
const soon = (time: number): ExecOptions => ({ timeout: millis(time / 3) });
const ended = async (pids: string): Promise<void> => {
  const alive = async (pid: string): Promise<boolean> => {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "0 (x) Z");
    return !/^\d+ \(.*\) Z/.test(stat);
  };
  const all = pids.split(/\s+/).filter((pid) => pid !== "");
  expect(all.length).toBeGreaterThan(0);
  await expect
    .poll(async () => (await Promise.all(all.map(alive))).filter(Boolean).length, { timeout: 5_000 })
    .toBe(0);
};
/** Notes the plugin's own number, and those of what it starts. */
const NOTE = `echo $$ >>"$0.pids"`;
const TOKEN = prints({ token: "t" });

describe("how a plugin ends (§2.2, R-I3)", () => {
  test("with a status, its last lines after it", async () => {
    const from = await source(`echo 'not logged in' >&2\necho 'run: x login' >&2\n${TOKEN}\nexit 73`);
    const { code, exit, message } = await failureOf(from.get());
    expect([code, exit]).toEqual(["EXEC_FAILED", 1]);
    expect(message).toBe(
      `getting credentials: exec: executable ${bench.at("plugin.sh")} failed with exit code 73\n` +
        "It said: not logged in\nrun: x login",
    );
    expect(bench.said).toBe("plugin.sh: not logged in\nplugin.sh: run: x login\n");
  });

  test("by a signal", async () => {
    const { code, message } = await failureOf((await source("kill -9 $$")).get());
    expect(code).toBe("EXEC_FAILED");
    expect(message).toMatch(/ was ended by SIGKILL$/);
  });

  test("controls and secrets of its stderr reach neither the terminal nor the error (R-H1, R-H6)", async () => {
    const body = String.raw`printf 'log in\033]0;x\007 Bearer canary %s\n' "$MY_TOKEN" >&2; exit 3`;
    const exec = { env: [{ name: "MY_TOKEN", value: "hunter2-canary" }], args: ["--client-secret=canary-3"] };
    const { message } = await failureOf((await source(body, { exec })).get());
    for (const text of [message, bench.said]) {
      expect(text).toContain(String.raw`log in\u{1b}]0;x\u{7} Bearer [redacted]`);
      expect(text).not.toMatch(/[\u001b\u0007]|canary/);
    }
  });

  test.each([
    ["2 MiB", "head -c 2097152 /dev/zero | tr '\\0' a", "printed more than 1048576 bytes"],
    ["without end", "exec yes canary", "printed more than 1048576 bytes"],
    [
      "2 MiB and a good answer",
      `head -c 2097152 /dev/zero | tr '\\0' ' '; ${TOKEN}`,
      "printed more than 1048576 bytes",
    ],
    ["to stderr without end", "exec yes canary-line >&2", "wrote more than 4194304 bytes to standard error"],
  ])("prints %s", async (_name, body, wanted) => {
    const { code, message } = await failureOf((await source(`${NOTE}\n${body}`)).get());
    expect(code).toBe("EXEC_OUTPUT_INVALID");
    expect(message).toContain(`exec: executable ${bench.at("plugin.sh")} ${wanted}`);
    expect(bench.said.length).toBeLessThan(600_000);
    await ended(await bench.read("plugin.sh.pids"));
  });

  test.each([
    ["bytes", "head -c 10000 /dev/urandom"],
    ["bytes on stderr too", "head -c 10000 /dev/urandom; head -c 10000 /dev/urandom >&2"],
    ["half a line", "printf '{\"kind\":'"],
  ])("prints %s", async (_name, body) => {
    expect((await failureOf((await source(body)).get())).code).toBe("EXEC_OUTPUT_INVALID");
    expect(bench.said).not.toMatch(/[^\P{Cc}\n]/u);
  });

  const HANGS: readonly (readonly [string, string])[] = [
    ["sleeps", "sleep 600"],
    ["ignores SIGTERM", "trap '' TERM\nsleep 600 & wait; sleep 600"],
    ["has closed its stdout", "exec >&-; sleep 600"],
    ["has closed everything", "exec >&- 2>&- <&-; sleep 600"],
    ["waits for a child", 'sleep 600 & echo $! >>"$0.pids"; wait'],
    ["waits for a child of another session", 'setsid sleep 600 & echo $! >>"$0.pids"; wait'],
    [
      "waits for a child of another session that holds nothing",
      'setsid sleep 600 >/dev/null 2>&1 & echo $! >>"$0.pids"; wait',
    ],
    [
      "waits for a child that ignores SIGTERM",
      'sh -c \'trap "" TERM; sleep 600\' & echo $! >>"$0.pids"; wait',
    ],
    ["has ended, but a child holds its stdout", `${TOKEN}; sleep 600 & echo $! >>"$0.pids"`],
    [
      "has ended, but a child of another session holds its stdout",
      `${TOKEN}; setsid sleep 600 & echo $! >>"$0.pids"`,
    ],
  ];
  test.each(HANGS)("%s: it and all it started is ended in time (F13)", async (_name, body) => {
    const from = await source(`${NOTE}\necho 'waiting for you' >&2\n${body}`, { options: soon(900) });
    const { code, message } = await failureOf(from.get());
    expect([code, message]).toEqual([
      "EXEC_TIMEOUT",
      `getting credentials: exec: executable ${bench.at("plugin.sh")} ran longer than 0.9 s\nIt said: waiting for you`,
    ]);
    await ended(await bench.read("plugin.sh.pids"));
  });

  test.each([
    ["its stdout", `sleep 600 & echo $! >>"$0.pids"; exit 1`],
    ["its stdout, in another session", `setsid sleep 600 & echo $! >>"$0.pids"; exit 1`],
    ["nothing", `sleep 600 >/dev/null 2>&1 & echo $! >>"$0.pids"; exit 1`],
  ])("fails while a child holds %s: the child is ended", async (_name, body) => {
    expect((await failureOf((await source(body)).get())).message).toContain("failed with exit code 1");
    await ended(await bench.read("plugin.sh.pids"));
  });

  test("a good answer is taken although a child goes on talking, as kubectl does; the child stays", async () => {
    const from = await source(`sleep 600 >/dev/null & echo $! >>"$0.pids"\n${TOKEN}`, {
      options: soon(20_000),
    });
    expect(tokenOf(await from.get())).toBe("t");
    const pid = Number(await bench.read("plugin.sh.pids"));
    expect(process.kill(pid, 0)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  test("over 60 s it keeps running, and is ended after 180 s (F13 as settled in the specs)", async () => {
    const waits: { readonly time: number; readonly over: () => void }[] = [];
    const sleep: System["sleep"] = async (time, signal) =>
      await new Promise((resolve, reject) => {
        waits.push({ time, over: resolve });
        signal?.addEventListener("abort", () => reject(new Error("over")), { once: true });
      });
    const elapse = async (time: number): Promise<void> => {
      await expect.poll(() => waits.some((each) => each.time === time)).toBe(true);
      for (const each of waits) if (each.time === time) each.over();
    };
    const command = await bench.script("exec sleep 600");
    const from = await source("exec sleep 600", { system: { sleep } });
    let state = "running";
    const failing = failureOf(from.get()).finally(() => (state = "ended"));
    await elapse(60_000);
    await expect.poll(() => bench.said).toContain(`Still waiting for credential plugin "${command}"`);
    expect([state, await bench.runs()]).toEqual(["running", 1]);
    await elapse(180_000);
    expect((await failing).message).toContain("ran longer than 180 s");
  });
});

describe("a plugin that cannot be started", () => {
  const fail = async (exec: object): Promise<string> => {
    const config = await bench.config({ exec: { installHint: "the hint", ...exec } });
    const { code, message } = await failureOf(credentialSource(config, bench.system).get());
    expect(code).toBe("EXEC_NOT_FOUND");
    return message.replaceAll(bench.directory, "DIR");
  };
  test.each<[string, object, string]>([
    [
      "a path that is not there, without the hint",
      { command: "./none" },
      "fork/exec DIR/none: no such file or directory",
    ],
    ["a file that may not be run", { command: "./plain" }, "fork/exec DIR/plain: permission denied"],
    ["a directory", { command: "./" }, "fork/exec DIR: permission denied"],
    ["a path through a file", { command: "./plain/x" }, "fork/exec DIR/plain/x: not a directory"],
    [
      "a script whose interpreter is missing",
      { command: "./odd" },
      "fork/exec DIR/odd: no such file or directory",
    ],
    ["NUL in an argument", { command: "/bin/sh", args: ["a\0b"] }, "fork/exec /bin/sh: invalid argument"],
    ["NUL in a path", { command: "/bin/s\0h" }, "fork/exec /bin/s\0h: invalid argument"],
    [
      "NUL in a variable",
      { command: "/bin/sh", env: [{ name: "A", value: "a\0b" }] },
      "exec: environment variable contains NUL",
    ],
    [
      "too many arguments",
      { command: "/bin/sh", args: ["x".repeat(3_000_000)] },
      "fork/exec /bin/sh: argument list too long",
    ],
  ])("%s", async (_name, exec, wanted) => {
    await writeFile(bench.at("plain"), "");
    await writeFile(bench.at("odd"), "#!/no/such/interpreter\n", { mode: 0o755 });
    expect(await fail(exec)).toBe(`getting credentials: exec: ${wanted}`);
  });

  test("a bare name that is nowhere has the hint", async () => {
    expect(await fail({ command: "kauth-no-such-plugin" })).toMatch(
      /^getting credentials: exec: executable kauth-no-such-plugin not found\n\nIt looks .*\n\nthe hint$/s,
    );
  });

  test("a file that may not be run by its mode alone", async () => {
    await bench.script(TOKEN);
    await chmod(bench.at("plugin.sh"), 0o600);
    expect(await fail({ command: "./plugin.sh" })).toMatch(/permission denied$/);
  });
});

describe("when kauth ends", () => {
  const stopping = async (
    body: string,
    options: { readonly interactive: boolean },
  ): Promise<{ readonly message: string; readonly pids: string; readonly waited: readonly number[] }> => {
    const stop = new AbortController();
    const waited: number[] = [];
    const system: Partial<System> = {
      stdinIsTerminal: options.interactive,
      sleep: async (time, signal) => {
        waited.push(time);
        // The time that it is given to end by itself passes at once.
        if (time !== 2_000) await bench.system.sleep(time, signal);
      },
    };
    const from = await source(`${NOTE}\n${body}\necho >"$0.ready"\nwait`, {
      exec: { interactiveMode: "IfAvailable" },
      options: { signal: stop.signal },
      system,
    });
    const failing = failureOf(from.get({ signal: new AbortController().signal }));
    await expect.poll(async () => await bench.read("plugin.sh.ready").catch(() => "")).toBe("\n");
    stop.abort(new Error("Ctrl-C"));
    const { message } = await failing;
    return { message, pids: await bench.read("plugin.sh.pids"), waited };
  };
  test.each([true, false])(
    "a plugin that has the terminal %s is asked to end, and ended",
    async (interactive) => {
      const { message, pids, waited } = await stopping("trap '' TERM\nsleep 600 &", { interactive });
      expect(message).toMatch(/ was stopped$/);
      expect(waited).toContain(2_000);
      await ended(pids);
    },
  );

  test("it may put things in order first", async () => {
    const stop = new AbortController();
    const from = await source(
      `trap 'echo tidy >"$0.tidy"; exit 0' TERM\necho >"$0.ready"\nsleep 600 & wait`,
      {
        options: { signal: stop.signal },
      },
    );
    const failing = failureOf(from.get());
    await expect.poll(async () => await bench.read("plugin.sh.ready").catch(() => "")).toBe("\n");
    stop.abort(new Error("Ctrl-C"));
    expect((await failing).message).toMatch(/ was stopped$/);
    expect(await bench.read("plugin.sh.tidy")).toBe("tidy\n");
  });

  test("whoever waits leaves when it has ended", async () => {
    const stop = new AbortController();
    const from = await source(
      `trap 'sleep 0.3; echo tidy >"$0.tidy"; exit 0' TERM\necho >"$0.ready"\nsleep 600 & wait`,
      { options: { signal: stop.signal } },
    );
    const left = from.get({ signal: stop.signal }).catch(async () => await bench.read("plugin.sh.tidy"));
    await expect.poll(async () => await bench.read("plugin.sh.ready").catch(() => "")).toBe("\n");
    stop.abort(new Error("Ctrl-C"));
    expect(await left).toBe("tidy\n");
  });

  test("no other plugin is started", async () => {
    const from = await source(TOKEN, { options: { signal: AbortSignal.abort(new Error("Ctrl-C")) } });
    await expect(from.get()).rejects.toThrow("Ctrl-C");
    expect(await bench.runs()).toBe(0);
  });
});

describe("how it is started", () => {
  const spawned = async (mode: string, terminal: boolean): Promise<Command> => {
    const commands: Command[] = [];
    const system: Partial<System> = {
      stdinIsTerminal: terminal,
      spawn: (command) => {
        commands.push(command);
        return bench.system.spawn(command);
      },
    };
    await (await source(TOKEN, { exec: { interactiveMode: mode }, system })).get();
    const [command] = commands;
    if (command === undefined) throw new TypeError("nothing was started");
    return command;
  };

  test("without a terminal: no stdin, a group of its own, stderr through us", async () => {
    expect(await spawned("IfAvailable", false)).toMatchObject({
      stdin: "ignore",
      stderr: "pipe",
      group: true,
      ours: true,
    });
  });

  test("with one: the terminal as it is, and Ctrl-C with it", async () => {
    expect(await spawned("IfAvailable", true)).toMatchObject({
      stdin: "inherit",
      stderr: "inherit",
      group: false,
      ours: true,
    });
  });

  test("Never does not get it (R-I4)", async () => {
    expect(await spawned("Never", true)).toMatchObject({ stdin: "ignore", stderr: "pipe" });
  });

  test.each<[string, readonly string[], object]>([
    ["C:\\bin\\aws.exe", ["a b"], { file: "C:\\bin\\aws.exe", args: ["a b"] }],
    [
      "C:\\bin\\aws.cmd",
      ["a b", "c"],
      {
        file: "C:\\Windows\\System32\\cmd.exe",
        args: ["/e:on", "/v:off", "/d", "/s", "/c", '""C:\\bin\\aws.cmd" "a b" c"'],
        verbatim: true,
      },
    ],
  ])("on Windows %s", async (path, args, wanted) => {
    let command: Command | undefined;
    const system: Partial<System> = {
      platform: "win32",
      files: { ...bench.system.files, executable: (file) => Promise.resolve(file === path) },
      spawn: (asked) => {
        command = asked;
        return bench.system.spawn({ ...asked, file: bench.at("plugin.sh"), args: [] });
      },
    };
    const exec = { command: "aws", args };
    const from = await source(TOKEN, { exec, system: { ...system, env: { Path: "C:\\bin" } } });
    expect(tokenOf(await from.get())).toBe("t");
    expect(command).toMatchObject(wanted);
  });

  test("on Windows an argument with a line feed never reaches a batch file", async () => {
    const system: Partial<System> = {
      platform: "win32",
      env: { Path: "C:\\bin" },
      files: { ...bench.system.files, executable: (file) => Promise.resolve(file === "C:\\bin\\aws.cmd") },
      spawn: () => {
        throw new TypeError("it was started");
      },
    };
    const from = await source("", { exec: { command: "aws", args: ["a\ncalc"] }, system });
    const { code, message } = await failureOf(from.get());
    expect(code).toBe("EXEC_NOT_FOUND");
    expect(message).toBe(
      "getting credentials: exec: fork/exec C:\\bin\\aws.cmd: an argument cannot be given to a batch file: it holds a line feed or NUL",
    );
  });
});
