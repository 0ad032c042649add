import { chmod, mkdir, rename, rm, symlink } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import type { System } from "../base/system.ts";
import type { ExecOptions } from "./exec.ts";
import { newBench, prints, type Bench } from "./plugin.test-d.ts";
import { credentialSource } from "./source.ts";
import type { CredentialSource } from "./types.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await newBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** The source of a kubeconfig `config` in the bench's directory. */
const source = async (options: ExecOptions = {}, system: Partial<System> = {}): Promise<CredentialSource> => {
  const command = await bench.script(prints({ token: "t" }));
  return credentialSource(await bench.config({ exec: { command } }), { ...bench.system, ...system }, options);
};
const refused = async (from: CredentialSource): Promise<string> => {
  const { code, exit, message, hint } = await failureOf(from.get());
  expect([code, exit, await bench.runs()]).toEqual(["KUBECONFIG_WRITABLE", 2, 0]);
  expect(hint).toContain("--allow-writable-kubeconfig");
  return message;
};
/** Facts of names as they would be elsewhere. */
const facts = (change: (path: string) => object): Partial<System> => ({
  files: {
    ...bench.system.files,
    nameFacts: async (path) => {
      const found = await bench.system.files.nameFacts(path);
      return found === undefined ? undefined : { ...found, ...change(path) };
    },
  },
});

describe("the plugin of a kubeconfig that others can write (R-I1)", () => {
  test.each([
    [0o666, 0o700, 'everybody may write "CONFIG"'],
    [0o602, 0o700, 'everybody may write "CONFIG"'],
    [0o600, 0o777, 'everybody may write the directory "DIRECTORY"'],
  ])("file %o in a directory %o: does not run", async (file, directory, wanted) => {
    const from = await source();
    await chmod(bench.at("config"), file);
    await chmod(bench.directory, directory);
    expect(await refused(from)).toBe(
      `Refusing to run the credential plugin of kubeconfig "${bench.at("config")}": ` +
        wanted.replace("CONFIG", bench.at("config")).replace("DIRECTORY", bench.directory),
    );
    expect(bench.said).toBe("");
  });

  test.each([
    ["the file", (path: string): boolean => path.endsWith("config")],
    ["its directory", (path: string): boolean => !path.endsWith("config")],
  ])("%s of another user: does not run", async (_name, isIt) => {
    const foreign = (bench.system.uid ?? 0) + 4711;
    const from = await source(
      {},
      facts((path) => (isIt(path) ? { uid: foreign } : {})),
    );
    expect(await refused(from)).toContain(`belongs to user ${foreign}`);
  });

  test("root's is nobody else's", async () => {
    const from = await source({}, { uid: 4711, ...facts(() => ({ uid: 0 })) });
    await from.get();
    expect(bench.said).toBe("");
  });

  test("a directory in which everybody can only make files of their own is none", async () => {
    const from = await source();
    await chmod(bench.directory, 0o1777);
    await from.get();
    expect(bench.said).toBe("");
  });

  test.each([
    [0o660, 0o700, 'Warning: The group may write "CONFIG", and so choose'],
    [0o600, 0o770, 'Warning: The group may write the directory "DIRECTORY", and so choose'],
  ])("file %o in a directory %o: runs with a warning, once", async (file, directory, wanted) => {
    const from = await source();
    await chmod(bench.at("config"), file);
    await chmod(bench.directory, directory);
    const first = await from.get();
    await from.renew(first);
    expect(bench.said.match(/Warning: /g)?.length).toBe(1);
    expect(bench.said).toContain(
      wanted.replace("CONFIG", bench.at("config")).replace("DIRECTORY", bench.directory),
    );
  });

  test("the directory of the file behind a symlink counts", async () => {
    const from = await source();
    await mkdir(bench.at("open"), { mode: 0o700 });
    await rename(bench.at("config"), bench.at("open/config"));
    await symlink(bench.at("open/config"), bench.at("config"));
    await chmod(bench.at("open"), 0o777);
    expect(await refused(from)).toContain(`everybody may write the directory "${bench.at("open")}"`);
  });

  test.each([
    ["of another user", { uid: 4711, mode: 0o600 }, 'CONFIG" belongs to user 4711'],
    ["that everybody could write", { uid: 0, mode: 0o646 }, 'everybody may write "CONFIG"'],
    ["that nobody knows anything of", undefined, '"CONFIG" cannot be looked at'],
  ])("the very file that was read counts, whatever has its name now: one %s", async (_name, was, wanted) => {
    const command = await bench.script(prints({ token: "t" }));
    const config = { ...(await bench.config({ exec: { command } })), userOriginFacts: was };
    const message = await refused(credentialSource(config, bench.system));
    expect(message).toContain(wanted.replace("CONFIG", bench.at("config")));
  });

  test("a file that is gone by now: does not run", async () => {
    const from = await source();
    await rm(bench.at("config"));
    expect(await refused(from)).toContain(`"${bench.at("config")}" cannot be looked at`);
  });

  test("every directory above it counts, a sticky one less", async () => {
    const from = await source();
    await mkdir(bench.at("a/b/c"), { recursive: true, mode: 0o700 });
    await rename(bench.at("config"), bench.at("a/b/c/config"));
    await symlink("a/b/c/config", bench.at("config"));
    await chmod(bench.at("a/b"), 0o777);
    expect(await refused(from)).toContain(`everybody may write the directory "${bench.at("a/b")}"`);
    await chmod(bench.at("a/b"), 0o1777);
    await from.get();
    expect(bench.said).toBe("");
  });

  test("every symlink on the way counts, by its owner", async () => {
    const names = (path: string): object => (path.endsWith("/second") ? { uid: 4711 } : {});
    const from = await source({}, facts(names));
    await rename(bench.at("config"), bench.at("third"));
    await symlink("third", bench.at("second"));
    await symlink(bench.at("second"), bench.at("config"));
    expect(await refused(from)).toContain(`the symlink "${bench.at("second")}" belongs to user 4711`);
  });

  test("symlinks that lead in a circle end somewhere", async () => {
    const from = await source();
    await rm(bench.at("config"));
    await symlink(bench.at("config"), bench.at("other"));
    await symlink("../".repeat(50) + bench.at("other"), bench.at("config"));
    expect(await refused(from)).toContain("cannot be looked at");
  });

  test("--allow-writable-kubeconfig: runs with a warning", async () => {
    const from = await source({ allowWritable: true });
    await chmod(bench.at("config"), 0o666);
    await from.get();
    expect(bench.said).toContain("Warning: Running the credential plugin of kubeconfig");
    expect(bench.said).toContain("(--allow-writable-kubeconfig)");
  });

  test("nobody is asked where users have no numbers (Windows)", async () => {
    const from = await source({}, { uid: undefined });
    await chmod(bench.at("config"), 0o666);
    await from.get();
    expect(await bench.runs()).toBe(1);
  });
});

describe("file systems without modes (R-N17)", () => {
  test.each([
    ["9p", 0x01_02_19_97, true],
    ["exFAT", 0x20_11_ba_b0, true],
    ["FAT", 0x4d_44, true],
    ["VirtualBox", 0x78_6f_42_56, true],
    ["ext4", 0xef_53, false],
    ["FUSE, as sshfs", 0x65_73_55_46, false],
    ["one that cannot be asked", undefined, false],
  ])("%s", async (_name, kind, runs) => {
    const from = await source(
      {},
      { files: { ...bench.system.files, fileSystem: () => Promise.resolve(kind) } },
    );
    await chmod(bench.at("config"), 0o777);
    if (!runs) {
      await refused(from);
      return;
    }
    await from.get();
    expect(bench.said).toContain("(this file system has no real permissions)");
  });

  test.each([
    ["/mnt/c/Users/me/config", "Debian", true],
    ["/mnt/c/Users/me/config", undefined, false],
    ["/mnt/data/config", "Debian", false],
    ["/home/me/config", "Debian", false],
  ])("%s in WSL 1 %s", async (path, distribution, runs) => {
    const from = await source(
      {},
      {
        env: { ...bench.system.env, WSL_DISTRO_NAME: distribution },
        files: {
          ...bench.system.files,
          nameFacts: async (name) => {
            const found = await bench.system.files.nameFacts(bench.at("config"));
            if (found === undefined) return undefined;
            if (name === bench.at("config")) return { ...found, kind: "link", target: path };
            return name === path ? found : { ...found, kind: "directory", mode: 0o755 };
          },
          fileSystem: () => Promise.resolve(0xef_53),
        },
      },
    );
    await chmod(bench.at("config"), 0o777);
    if (runs) await from.get();
    else await refused(from);
  });

  test("the kind of this one is a number", async () => {
    expect(await bench.system.files.fileSystem(bench.directory)).toBeTypeOf("number");
    expect(await bench.system.files.fileSystem(bench.at("none"))).toBeUndefined();
  });
});
