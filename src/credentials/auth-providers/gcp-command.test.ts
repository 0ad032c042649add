import { chmod, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sent, START } from "../../../test/auth-provider-scene.ts";
import { configure, HOUR, PRINT, program, runs, someone } from "../../../test/gcp-scene.ts";
import { failureOf } from "../../../test/failure.ts";
import { millis } from "../../base/units.ts";
import { loadKubeconfig, selectContext } from "../../kubeconfig/index.ts";
import { credentialSource } from "../index.ts";

describe("a token of a program", () => {
  const NESTED = `print({ credential: { access_token: "canary-" + run, token_expiry: ${JSON.stringify("2030-01-01 01:00:00.5")} } })`;
  const KEYS = {
    "token-key": "{.credential.access_token}",
    "expiry-key": "{.credential.token_expiry}",
    "time-fmt": "2006-01-02 15:04:05.999999999",
  };
  test.each<[string, string, string, (path: string) => Readonly<Record<string, string>>, number]>([
    ["default", "gcloud", PRINT, (path) => ({ "cmd-path": path }), 3_600_000],
    [
      "legacy: arguments in cmd-path",
      "gcloud",
      `if (process.argv.slice(2).join("|") !== "config|helper|--a=b") process.exit(9); ${PRINT}`,
      (path) => ({ "cmd-path": `${path}  config\thelper --a=b ` }),
      3_600_000,
    ],
    [
      "custom keys, a space in the path, a layout of its own",
      "with space",
      `if (process.argv.slice(2).join("|") !== "a|b") process.exit(9); ${NESTED}`,
      (path) => ({ "cmd-path": path, "cmd-args": " a  b ", ...KEYS }),
      3_600_500,
    ],
    [
      "no arguments, written so",
      "with space",
      PRINT,
      (path) => ({ "cmd-path": path, "cmd-args": "" }),
      3_600_000,
    ],
    [
      "no shell",
      "gcloud",
      `if (process.argv.slice(2).join("|") !== "$(touch|x)|;touch|y|'a|b'") process.exit(9); ${PRINT}`,
      (path) => ({ "cmd-path": path, "cmd-args": "$(touch x) ;touch y 'a b'" }),
      3_600_000,
    ],
    [
      "YAML",
      "gcloud",
      `console.log("access_token: canary-1\\ntoken_expiry: ${HOUR}\\nmore: [a, 'b']")`,
      (path) => ({ "cmd-path": path }),
      3_600_000,
    ],
    [
      "YAML that takes a parser",
      "gcloud",
      `console.log("access_token: !!str canary-1\\ntoken_expiry: >-\\n  ${HOUR}\\n")`,
      (path) => ({ "cmd-path": path }),
      3_600_000,
    ],
    [
      "empty keys are none",
      "gcloud",
      PRINT,
      (path) => ({ "cmd-path": path, "token-key": "", "expiry-key": "", "time-fmt": "" }),
      3_600_000,
    ],
  ])("%s", async (_name, file, script, config, ends) => {
    await using who = await someone();
    await configure(who, config(await program(who, script, file)));
    const source = await who.source();
    const credential = await source.get();
    expect([sent(credential), credential.expiresAt]).toEqual(["Bearer canary-1", START + ends]);
    expect([source.method, source.description]).toEqual(["auth-provider", 'auth provider "gcp"']);
    expect(await source.get()).toBe(credential);
    for (const name of ["x", "y"]) await expect(stat(join(who.home, name))).rejects.toThrow("ENOENT");
  });

  test("is found on PATH, and not in the working directory (R-I2)", async () => {
    await using who = await someone({ "cmd-path": "gcloud", "cmd-args": "x" });
    await program(who, PRINT);
    const system = { ...who.system, env: { ...who.system.env, PATH: `${who.home}:${process.env["PATH"]}` } };
    expect(sent(await (await who.source(system)).get())).toBe("Bearer canary-1");
    await configure(who, { "cmd-path": "gcloud", "cmd-args": "x" });
    const { code } = await failureOf(
      (await who.source({ ...who.system, cwd: who.home, env: { PATH: ":." } })).get(),
    );
    expect(code).toBe("EXEC_NOT_FOUND");
  });

  test("a relative path is one in the kubeconfig's directory, not in the working directory", async () => {
    await using who = await someone({ "cmd-path": "../gcloud", "cmd-args": "x" });
    await program(who, PRINT);
    const system = { ...who.system, cwd: join(who.home, ".kube", "elsewhere") };
    expect(sent(await (await who.source(system)).get())).toBe("Bearer canary-1");
    await configure(who, { "cmd-path": "./gcloud", "cmd-args": "x" });
    expect((await failureOf((await who.source({ ...who.system, cwd: who.home })).get())).message).toContain(
      `${join(who.home, ".kube", "gcloud")} x`,
    );
  });

  const WITHIN = 'error parsing output for access token command "PATH": ';
  test.each([
    [
      "no token-key there",
      'print({ broken: "canary", token_expiry: "x", deep: { list: ["canary", 1, null] } })',
      `${WITHIN}error parsing token-key "{.access_token}" from "{\\"broken\\":\\"[redacted]\\",\\"token_expiry\\":\\"[redacted]\\",\\"deep\\":{\\"list\\":[\\"[redacted]\\",\\"[redacted]\\",null]}}": access_token is not found`,
    ],
    [
      "no expiry-key there",
      'print({ access_token: "canary" })',
      `${WITHIN}error parsing expiry-key "{.token_expiry}" from "{\\"access_token\\":\\"[redacted]\\"}": token_expiry is not found`,
    ],
    [
      "null for a token",
      'print({ access_token: null, token_expiry: "x" })',
      `${WITHIN}error parsing token-key "{.access_token}" from "{\\"access_token\\":[redacted],\\"token_expiry\\":\\"[redacted]\\"}": it is null`,
    ],
    ["bad JSON", 'console.log(\'{"access_token": "canary\')', `${WITHIN}it is neither JSON nor YAML`],
    [
      "words",
      'console.log("canary")',
      `${WITHIN}error parsing token-key "{.access_token}" from "\\"[redacted]\\"": access_token is not found`,
    ],
  ])("%s", async (_name, script, wanted) => {
    await using who = await someone({}, { level: 9 });
    const path = await program(who, script);
    await configure(who, { "cmd-path": path });
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["EXEC_OUTPUT_INVALID", wanted.replace("PATH", path)]);
    expect(`${message}${who.said()}`).not.toContain("canary");
    expect(who.writes()).toBe(0);
  });

  test("a template that is none", async () => {
    await using who = await someone();
    await configure(who, { "cmd-path": await program(who, PRINT), "token-key": "{.a" });
    const { message } = await failureOf((await who.source()).get());
    expect(message).toContain('error parsing token-key "{.a" from ');
    expect(message).toMatch(/: unclosed action$/);
  });

  test("an empty token, and one with a line break, go into no header", async () => {
    for (const token of ["", "canary\\nX: y"]) {
      await using who = await someone();
      await configure(who, {
        "cmd-path": await program(who, `print({ access_token: "${token}", token_expiry: "${HOUR}" })`),
      });
      const { code, message } = await failureOf((await who.source()).get());
      expect(code).toBe("TOKEN_INVALID");
      expect(message).not.toContain("canary");
    }
  });

  test("an end that is no time: it serves once, and Go's zero time is written", async () => {
    await using who = await someone({}, { level: 1 });
    const path = await program(who, 'print({ access_token: "canary-" + run, token_expiry: "soon" })');
    await configure(who, { "cmd-path": path });
    const source = await who.source();
    const credential = await source.get();
    expect([sent(credential), credential.expiresAt]).toEqual(["Bearer canary-1", undefined]);
    expect(await who.stored()).toEqual({
      "cmd-path": path,
      "access-token": "canary-1",
      expiry: "0001-01-01T00:00:00Z",
    });
    expect(who.said()).toContain('Failed to parse token expiry from "soon"');
    expect(sent(await source.get())).toBe("Bearer canary-2");
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-3");
  });

  test("10 calls at once, one run", async () => {
    await using who = await someone();
    await configure(who, { "cmd-path": await program(who, PRINT) });
    const source = await who.source();
    const got = await Promise.all(Array.from({ length: 10 }, async () => await source.get()));
    expect([new Set(got).size, await runs(who), who.writes()]).toEqual([1, 1, 1]);
  });
});

describe("a program that fails", () => {
  const executing = (command: string): string => `error executing access token command "${command}": err=`;

  test("with a status", async () => {
    await using who = await someone();
    const path = await program(
      who,
      String.raw`console.log("canary"); console.error("log in\u001b[2J first, token=canary"); process.exitCode = 3`,
    );
    await configure(who, { "cmd-path": path, "cmd-args": "a b" });
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual([
      "EXEC_FAILED",
      `${executing(`${path} a b`)}exit status 3 output= stderr=log in\\u{1b}[2J first, token=[redacted]`,
    ]);
    expect(`${message}${who.said()}`).not.toContain("canary");
  });

  test("to be there", async () => {
    await using who = await someone({ "cmd-path": "kauth-no-such-program a" });
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual([
      "EXEC_NOT_FOUND",
      `${executing("kauth-no-such-program a")}exec: "kauth-no-such-program": executable file not found in $PATH output= stderr=`,
    ]);
  });

  test("to start", async () => {
    await using who = await someone({ "cmd-path": "/none/gcloud" });
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual([
      "EXEC_NOT_FOUND",
      `${executing("/none/gcloud")}exec: fork/exec /none/gcloud: no such file or directory output= stderr=`,
    ]);
  });

  test("to end, or to stop printing: it is ended (R-I3)", async () => {
    for (const [script, wanted] of [
      ["setInterval(() => 0, 1000)", "EXEC_TIMEOUT"],
      ['process.stdout.write("canary".repeat(400_000)); setInterval(() => 0, 1000)', "EXEC_OUTPUT_INVALID"],
    ] as const) {
      await using who = await someone();
      await configure(who, { "cmd-path": await program(who, script) });
      const config = selectContext(await loadKubeconfig(who.system, { explicit: who.path }), {
        user: "u",
        cluster: "c",
      });
      const source = credentialSource(config, who.system, { timeout: millis(1500) });
      const { code, message } = await failureOf(source.get());
      expect(code).toBe(wanted);
      expect(message).toContain(executing(join(who.home, "gcloud")));
      expect(message).not.toContain("canary");
    }
  });
});

describe("who may choose the program", () => {
  test("not everybody: a kubeconfig that all may write runs nothing (R-I1)", async () => {
    await using who = await someone();
    await configure(who, { "cmd-path": await program(who, PRINT) });
    await chmod(who.path, 0o666);
    expect((await failureOf((await who.source()).get())).code).toBe("KUBECONFIG_WRITABLE");
    expect(await runs(who)).toBe(0);
    const config = selectContext(await loadKubeconfig(who.system, { explicit: who.path }), {
      user: "u",
      cluster: "c",
    });
    const source = credentialSource(config, who.system, { allowWritable: true });
    expect(sent(await source.get())).toBe("Bearer canary-1");
  });

  test.each([
    ["DenyAll", { kind: "DenyAll" }, false],
    ["another program's Allowlist", { kind: "Allowlist", entries: ["/usr/bin/other"] }, false],
    ["AllowAll", { kind: "AllowAll" }, true],
  ] as const)("the policy of kuberc: %s (R-N10)", async (_name, policy, allowed) => {
    await using who = await someone();
    await configure(who, { "cmd-path": await program(who, PRINT) });
    const config = selectContext(await loadKubeconfig(who.system, { explicit: who.path }), {
      user: "u",
      cluster: "c",
    });
    const source = credentialSource(config, who.system, { policy });
    if (allowed) expect(sent(await source.get())).toBe("Bearer canary-1");
    else expect((await failureOf(source.get())).code).toBe("EXEC_DENIED");
    expect(await runs(who)).toBe(allowed ? 1 : 0);
  });
});

test("a program's run that nobody waits for is ended", async () => {
  await using who = await someone();
  const mark = join(who.home, "ended");
  const path = await program(
    who,
    `process.on("SIGTERM", () => { fs.writeFileSync(${JSON.stringify(mark)}, ""); process.exit(0); });
     fs.writeFileSync(${JSON.stringify(`${mark}.ready`)}, "");
     setInterval(() => 0, 1000);`,
  );
  await configure(who, { "cmd-path": path });
  const source = await who.source();
  const stop = new AbortController();
  const waiting = source.get({ signal: stop.signal });
  await expect
    .poll(
      async () =>
        await stat(`${mark}.ready`).then(
          () => true,
          () => false,
        ),
    )
    .toBe(true);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect
    .poll(
      async () =>
        await stat(mark).then(
          () => true,
          () => false,
        ),
    )
    .toBe(true);
  await rm(mark);
});
