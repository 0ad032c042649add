import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { sent } from "../../../test/auth-provider-scene.ts";
import { at, configure, HOUR, PRINT, program, runs, someone } from "../../../test/gcp-scene.ts";
import { failureOf } from "../../../test/failure.ts";

describe("what the kubeconfig has to say", () => {
  test.each([
    ["an empty program", { "cmd-path": "" }, "missing access token cmd"],
    ["a program of white space", { "cmd-path": " \t" }, "missing access token cmd"],
    [
      "scopes for a program",
      { "cmd-path": "/x", scopes: "a" },
      "scopes can only be used when kubectl is using a gcp service account key",
    ],
  ])("%s", async (_name, config, wanted) => {
    await using who = await someone(config);
    const { code, message } = await failureOf((await who.source()).get());
    expect([code, message]).toEqual(["CLIENT_CONFIG_INVALID", wanted]);
  });
});

describe("the stored token", () => {
  test.each([
    ["ends in 11 s", "canary-old", at(11), true],
    ["ends in 10 s", "canary-old", at(10), false],
    ["has ended", "canary-old", at(-1), false],
    ["has no end", "canary-old", undefined, false],
    ["has Go's zero time for an end", "canary-old", "0001-01-01T00:00:00Z", false],
    ["has an end without a zone", "canary-old", "2031-01-01 00:00:00.123", false],
    ["is empty", "", HOUR, false],
  ])("that %s", async (_name, token, expiry, used) => {
    await using who = await someone();
    const path = await program(who, PRINT);
    await configure(who, {
      "cmd-path": path,
      "access-token": token,
      ...(expiry === undefined ? {} : { expiry }),
    });
    expect(sent(await (await who.source()).get())).toBe(used ? "Bearer canary-old" : "Bearer canary-1");
    expect(await runs(who)).toBe(used ? 0 : 1);
  });

  test("a new one is written with all keys, as Go writes times, and serves the next process", async () => {
    await using who = await someone();
    const path = await program(who, PRINT);
    const config = { "cmd-path": path, "cmd-args": "a", other: "kept", "access-token": "canary-old" };
    await configure(who, config);
    const source = await who.source();
    await source.get();
    expect(await who.stored()).toEqual({
      ...config,
      "access-token": "canary-1",
      expiry: "2030-01-01T01:00:00Z",
    });
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-1");
    who.pass(3_591_000);
    expect(sent(await source.get())).toBe("Bearer canary-2");
  });

  test("that cannot be written serves all the same", async () => {
    await using who = await someone({}, { level: 1 });
    await configure(who, { "cmd-path": await program(who, PRINT) });
    await writeFile(`${who.path}.lock`, "");
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-1");
    expect(who.said()).toContain(`Failed to persist token: open ${who.path}.lock: file exists`);
    expect(await who.stored()).not.toHaveProperty("access-token");
  });

  test.each([
    ["an empty configuration", {}],
    ["keys of its own", { "cmd-args": "a", other: "kept" }],
  ])("after a 401 is taken out of the file, not of memory: %s", async (_name, rest) => {
    await using who = await someone();
    const base = { "cmd-path": await program(who, PRINT), ...rest };
    await configure(who, base);
    const source = await who.source();
    const credential = await source.get();
    expect(await who.stored()).toHaveProperty("access-token", "canary-1");
    expect(await source.renew(credential)).toBeUndefined();
    expect(await who.stored()).toEqual(base);
    expect(await source.get()).toBe(credential);
    // Once a token: more answers of 401 write nothing.
    await Promise.all([source.renew(credential), source.renew(credential)]);
    expect(who.writes()).toBe(2);
    expect(sent(await (await who.source()).get())).toBe("Bearer canary-2");
  });

  test("a second 401 to it does not even take the kubeconfig's lock, which would stop kubectl", async () => {
    await using who = await someone({}, { level: 1 });
    await configure(who, { "cmd-path": await program(who, PRINT) });
    const source = await who.source();
    const credential = await source.get();
    await source.renew(credential);
    await writeFile(`${who.path}.lock`, "");
    await source.renew(credential);
    expect(who.said()).not.toContain("Failed to persist");
  });

  test("two writings do not get into each other's way", async () => {
    await using who = await someone({}, { level: 1 });
    const script = 'print({ access_token: "canary-" + run, token_expiry: "soon" })';
    await configure(who, { "cmd-path": await program(who, script) });
    const source = await who.source();
    const { promise: written, resolve: proceed } = gate();
    const { files } = who.system;
    const slow = {
      ...who.system,
      files: {
        ...files,
        replace: async (...args: Parameters<typeof files.replace>): Promise<void> => {
          await written;
          await files.replace(...args);
        },
      },
    };
    const credential = await source.get();
    const other = await who.source(slow);
    const fetching = other.get();
    await expect.poll(async () => await runs(who)).toBe(2);
    const rejecting = other.renew(credential);
    proceed();
    await Promise.all([fetching, rejecting]);
    expect(who.said()).not.toContain("Failed to persist");
  });

  test("after other answers than 401 stays", async () => {
    await using who = await someone();
    await configure(who, { "cmd-path": await program(who, PRINT) });
    const source = await who.source();
    await source.get();
    await source.get();
    expect(await who.stored()).toHaveProperty("access-token", "canary-1");
  });

  test("for pages another comes before the end, and the old one serves when it fails", async () => {
    await using who = await someone();
    const path = await program(who, `if (run === 2) process.exit(1); ${PRINT}`);
    await configure(who, { "cmd-path": path });
    const source = await who.source();
    await source.get();
    who.pass(3_541_000);
    expect(sent(await source.get({ early: true }))).toBe("Bearer canary-1");
    expect(who.said()).toContain("Cannot refresh your credential yet: error executing access token command");
    who.pass(10_000);
    expect(sent(await source.get({ early: true }))).toBe("Bearer canary-3");
  });
});

const gate = (): { readonly promise: Promise<void>; readonly resolve: () => void } => {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
};
