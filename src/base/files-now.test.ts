import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { filesNow } from "./files-now.ts";
import { realFiles } from "./files.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "kauth-files-now-"));
});
afterEach(async () => await rm(home, { recursive: true, force: true }));

const files = filesNow(realFiles);

test.each(["file", "directory", "link", "dangling", "missing", "below a file"])(
  "%s: the same facts as the usual way",
  async (name) => {
    await writeFile(join(home, "file"), "text");
    await chmod(join(home, "file"), 0o640);
    await mkdir(join(home, "directory"));
    await symlink("file", join(home, "link"));
    await symlink("nowhere", join(home, "dangling"));
    const path = name === "below a file" ? join(home, "file", "x") : join(home, name);
    expect(await files.facts(path)).toEqual(await realFiles.facts(path));
    expect(await files.nameFacts(path)).toEqual(await realFiles.nameFacts(path));
  },
);

test("a directory that is missing is made, and one that is there is left alone", async () => {
  const path = join(home, "a", "b");
  await files.makeDirectory(path);
  await files.makeDirectory(path);
  expect(await realFiles.facts(path)).toMatchObject({ kind: "directory", mode: 0o700 });
  await writeFile(join(home, "file"), "");
  await expect(files.makeDirectory(join(home, "file"))).rejects.toThrow();
});
