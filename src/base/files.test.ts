import { spawn } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isKnownError } from "./errors.ts";
import { realFiles } from "./files.ts";
import { bytes } from "./units.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-files-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe("files", () => {
  test("what is read is told of by the file itself, whatever has its name", async () => {
    const path = join(directory, "file");
    await writeFile(path, "text", { mode: 0o600 });
    const { content, facts } = await realFiles.readWithFacts(path, bytes(10));
    expect([content.toString(), facts.kind, facts.mode, facts.size]).toEqual(["text", "file", 0o600, 4]);
    expect(facts.uid).toBe((await stat(path)).uid);
    await expect(realFiles.readWithFacts(path, bytes(3))).rejects.toThrow("larger than 3 bytes");
  });

  test("directories are made with all above them, also by several at once, and not where none can be", async () => {
    const path = join(directory, "a", "b", "c");
    await Promise.all([1, 2, 3].map(async () => await realFiles.makeDirectory(path)));
    await realFiles.makeDirectory(path);
    expect([(await stat(path)).mode & 0o777, (await stat(join(directory, "a"))).mode & 0o777]).toEqual([
      0o700, 0o700,
    ]);
    await writeFile(join(directory, "file"), "");
    for (const none of [join(directory, "file"), join(directory, "file", "x"), "/proc/kauth-none/x"])
      await expect(realFiles.makeDirectory(none), none).rejects.toThrow();
  });

  test("a mode is set of what has the name, and of nothing that a symlink leads to", async () => {
    const [path, link] = [join(directory, "file"), join(directory, "link")];
    await writeFile(path, "", { mode: 0o644 });
    await symlink(path, link);
    await expect(realFiles.setMode(link, 0o600)).rejects.toThrow();
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    await realFiles.setMode(path, 0o600);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("bytes are put where they belong, into a file of one's own, through no symlink", async () => {
    const [path, link] = [join(directory, "table"), join(directory, "link")];
    realFiles.patchNow(path, 4, Buffer.from("cd"));
    realFiles.patchNow(path, 0, Buffer.from("ab"));
    expect(await readFile(path, "latin1")).toBe("ab\0\0cd");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await symlink(path, link);
    expect(() => realFiles.patchNow(link, 0, Buffer.from("x"))).toThrow();
  });

  test("a name is told of by itself: a symlink by what it says", async () => {
    const link = join(directory, "link");
    await symlink("nowhere", link);
    expect(await realFiles.nameFacts(link)).toMatchObject({ kind: "link", target: "nowhere" });
    expect(await realFiles.nameFacts(directory)).toMatchObject({ kind: "directory", target: undefined });
    expect(await realFiles.nameFacts(join(directory, "none"))).toBeUndefined();
  });

  test("a written file is private, and so are its new directories", async () => {
    const path = join(directory, "a", "b", "file");
    await realFiles.write(path, "text");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, "a", "b"))).mode & 0o777).toBe(0o700);
  });

  test("writing replaces a symlink instead of following it", async () => {
    const victim = join(directory, "victim");
    await writeFile(victim, "untouched");
    await symlink(victim, join(directory, "link"));
    await realFiles.write(join(directory, "link"), "mine");
    expect(await readFile(victim, "utf8")).toBe("untouched");
    expect((await lstat(join(directory, "link"))).isFile()).toBe(true);
  });

  test("create fails where a file or a dangling symlink is", async () => {
    await writeFile(join(directory, "file"), "old");
    await symlink(join(directory, "nowhere"), join(directory, "link"));
    await expect(realFiles.create(join(directory, "file"), "new")).rejects.toThrow("EEXIST");
    await expect(realFiles.create(join(directory, "link"), "new")).rejects.toThrow();
    expect(await readFile(join(directory, "file"), "utf8")).toBe("old");
  });

  test("of many that create one file at once one wins, and all see it whole", async () => {
    const path = join(directory, "file");
    const text = "x".repeat(100_000);
    const made = await Promise.allSettled(Array.from({ length: 20 }, () => realFiles.create(path, text)));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readFile(path, "utf8")).toBe(text);
    expect(await readdir(directory)).toEqual(["file"]);
  });

  test.each(["create", "write"])("%s leaves nothing behind when the disk is full", async (verb) => {
    const script = `
      const { realFiles } = await import(${JSON.stringify(import.meta.resolve("./files.ts"))});
      const error = await realFiles.${verb}(${JSON.stringify(join(directory, "file"))}, "x".repeat(1_000_000)).catch((e) => e);
      process.stdout.write(String(error.code));`;
    const limited = `ulimit -f 16; exec "$0" --input-type=module -e "$1"`;
    const child = spawn("sh", ["-c", limited, process.execPath, script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.on("data", (part: Buffer) => (said += part.toString()));
    await once(child, "close");
    expect(said).toBe("EFBIG");
    expect(await readdir(directory)).toEqual([]);
  });

  test("a reader never sees a part", async () => {
    const path = join(directory, "file");
    const texts = ["a".repeat(100_000), "b".repeat(100_000)];
    await realFiles.write(path, texts[0] ?? "");
    let writing = true;
    const seen = new Set<string>();
    const reader = (async () => {
      while (writing) seen.add(await readFile(path, "utf8"));
    })();
    for (let round = 0; round < 100; round++) await realFiles.write(path, texts[round % 2] ?? "");
    writing = false;
    await reader;
    expect([...seen].every((text) => texts.includes(text))).toBe(true);
  });

  test("directories are made with those above them, by many at once", async () => {
    const path = join(directory, "a", "b", "c");
    await Promise.all(Array.from({ length: 20 }, async () => await realFiles.makeDirectory(path)));
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await writeFile(join(path, "file"), "");
    await expect(realFiles.makeDirectory(join(path, "file"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(realFiles.makeDirectory(join(path, "file", "d"))).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test.runIf(process.platform === "linux")(
    "a directory that can be made nowhere is an error, at once",
    async () => {
      for (const path of ["/proc/kauth-none", "/proc/kauth-none/deeper"])
        await expect(realFiles.makeDirectory(path)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );

  test("reading stops at the limit", async () => {
    await writeFile(join(directory, "file"), "12345");
    expect((await realFiles.read(join(directory, "file"), bytes(5))).toString()).toBe("12345");
    const error: unknown = await realFiles.read(join(directory, "file"), bytes(4)).catch((e: unknown) => e);
    expect(isKnownError(error, "FILE_TOO_LARGE")).toBe(true);
  });

  test("what is no plain file may keep its reader waiting, and nobody else", async () => {
    const path = join(directory, "pipe");
    await once(spawn("mkfifo", [path]), "close");
    const reading = realFiles.read(path, bytes(5));
    await writeFile(path, "late");
    expect((await reading).toString()).toBe("late");
  });

  test.each([
    { name: "a missing file", path: "nothing", code: "ENOENT" },
    { name: "a directory", path: ".", code: "EISDIR" },
  ])("Node's own error for $name", async ({ path, code }) => {
    await expect(realFiles.read(join(directory, path), bytes(5))).rejects.toMatchObject({ code });
  });
});
