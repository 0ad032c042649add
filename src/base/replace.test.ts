import { spawnSync } from "node:child_process";
import { chmod, chown, link, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { realFiles } from "./files.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-replace-"));
  path = join(directory, "config");
  await writeFile(path, "the old text, which is longer", { mode: 0o600 });
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** In another process, which may have fewer rights. */
const replaceElsewhere = (content: string, shell: string, id = process.getuid?.()): string => {
  const script = `
    const { realFiles } = await import(${JSON.stringify(import.meta.resolve("./files.ts"))});
    process.setgroups?.([]); process.setgid?.(${id}); process.setuid?.(${id});
    const error = await realFiles.replace(${JSON.stringify(path)}, ${content}).catch((e) => e);
    process.stdout.write(String(error?.code));`;
  const args = ["-c", `${shell} exec "$0" --input-type=module -e "$1"`, process.execPath, script];
  return spawnSync("sh", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).stdout;
};
const isRoot = process.getuid?.() === 0;

describe("replacing a file", () => {
  test.each([
    ["0600", 0o600, true],
    ["0644", 0o644, true],
    ["0640, which an access list may have made", 0o640, false],
    ["0660, which an access list may have made", 0o660, false],
    ["0664, whose group has more than others", 0o664, false],
  ])("of mode %s keeps the mode", async (_name, mode, renamed) => {
    await chmod(path, mode);
    const before = await stat(path);
    await realFiles.replace(path, "new");
    const after = await stat(path);
    expect([await readFile(path, "utf8"), after.mode & 0o777]).toEqual(["new", mode]);
    expect(after.ino !== before.ino).toBe(renamed);
  });

  test("all its names have the new content", async () => {
    await link(path, join(directory, "other"));
    await realFiles.replace(path, "new");
    expect(await readFile(join(directory, "other"), "utf8")).toBe("new");
    expect((await readdir(directory)).toSorted()).toEqual(["config", "other"]);
  });

  test.runIf(isRoot)("whose group is not ours is written all the same", async () => {
    await chmod(directory, 0o777);
    await chown(path, 1234, 0);
    expect(replaceElsewhere('"new"', "", 1234)).toBe("undefined");
    const { uid, gid, mode } = await stat(path);
    expect([await readFile(path, "utf8"), uid, gid, mode & 0o777]).toEqual(["new", 1234, 0, 0o600]);
    expect(await readdir(directory)).toEqual(["config"]);
  });

  test.each([
    ["by a new file", 0o600],
    ["in place", 0o640],
  ])("%s on a full disk leaves the old content", async (_name, mode) => {
    await chmod(path, mode);
    expect(replaceElsewhere('"x".repeat(1_000_000)', "ulimit -f 16;")).toBe("EFBIG");
    expect(await readFile(path, "utf8")).toBe("the old text, which is longer");
    expect(await readdir(directory)).toEqual(["config"]);
  });
});
