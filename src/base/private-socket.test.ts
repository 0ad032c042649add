import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dialPrivately, isPrivateDirectory, listenPrivately, SOCKET_PATH_MAX } from "./private-socket.ts";
import { realSystem, type System } from "./system.ts";
import { millis } from "./units.ts";

const system = realSystem();
const SOON = millis(2_000);
let top: string;
let directory: string;
let at: (name: string) => string;
const opened: AsyncDisposable[] = [];

beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "kauth-socket-"));
  directory = join(top, "run", "instances");
  at = (name) => join(directory, name);
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
  await rm(top, { recursive: true, force: true });
});

const listen = async (path = at("a"), onSocket: (socket: Socket) => void = (socket) => void socket.end()) => {
  const listener = await listenPrivately(path, onSocket, system, { most: 4 });
  opened.push(listener);
  return listener;
};

/** What it is when nobody connects; a socket is closed again. */
const dial = async (path: string, as: System = system): Promise<string> => {
  const found = await dialPrivately(path, as, SOON);
  if (found === undefined || found === "dead") return found ?? "none";
  found.destroy();
  return "connected";
};

describe("a socket of one user alone", () => {
  test("its directory has mode 0700, it has 0600, and it goes with its owner", async () => {
    const listener = await listen();
    const [inside, socket] = [await lstat(directory), await lstat(at("a"))];
    expect([inside.mode & 0o777, socket.mode & 0o777, socket.isSocket()]).toEqual([0o700, 0o600, true]);
    expect(await dial(at("a"))).toBe("connected");
    await listener[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual([]);
    expect(await dial(at("a"))).toBe("none");
  });

  test.each([
    ["others may look into it", async () => await chmod(directory, 0o755)],
    ["a group may look into it", async () => await chmod(directory, 0o710)],
    ["others may replace it", async () => await chmod(join(top, "run"), 0o777)],
    [
      "a symlink leads to it",
      async () => {
        await mkdir(join(top, "other"), { mode: 0o700 });
        await rm(directory, { recursive: true });
        await symlink(join(top, "other"), directory);
      },
    ],
    [
      "it is a file",
      async () => {
        await rm(directory, { recursive: true });
        await writeFile(directory, "");
      },
    ],
  ])("a directory is refused where %s", async (_name, spoil) => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    expect(await isPrivateDirectory(directory, system)).toBe(true);
    await spoil();
    expect(await isPrivateDirectory(directory, system)).toBe(false);
    await expect(listenPrivately(at("a"), () => undefined, system, { most: 1 })).rejects.toThrow();
    expect(await dial(at("a"))).toBe("none");
  });

  test("where others came to be able to look into the directory, nobody connects any more", async () => {
    await listen();
    await chmod(directory, 0o755);
    expect(await dial(at("a"))).toBe("none");
  });

  test("a directory of another owner is refused", async () => {
    await listen();
    const other: System = { ...system, uid: 4_711 };
    expect(await isPrivateDirectory(directory, other)).toBe(false);
    expect(await dial(at("a"), other)).toBe("none");
    await expect(listenPrivately(at("b"), () => undefined, other, { most: 1 })).rejects.toMatchObject({
      code: "STATE_INVALID",
    });
  });

  test("what is no socket is not touched", async () => {
    await listen();
    await writeFile(at("file"), "");
    await mkdir(at("directory"));
    await symlink(at("a"), at("link"));
    spawnSync("mkfifo", [at("fifo")]);
    for (const name of ["file", "directory", "link", "fifo", "missing"])
      expect(await dial(at(name)), name).toBe("none");
  });

  test.runIf(process.getuid?.() === 0)("a socket of another owner is not connected to", async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const server = createServer();
    server.listen(at("theirs"));
    await once(server, "listening");
    expect(await dial(at("theirs"))).toBe("connected");
    spawnSync("chown", ["65534", at("theirs")]);
    expect(await dial(at("theirs"))).toBe("none");
    server.close();
  });

  test("one that nobody listens on is dead", async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const left = `require("net").createServer().listen(${JSON.stringify(at("left"))}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", left]);
    expect(await readdir(directory)).toEqual(["left"]);
    expect(await dial(at("left"))).toBe("dead");
  });

  test("a name that would be cut off is refused", async () => {
    const long = at("x".repeat(SOCKET_PATH_MAX));
    await expect(listenPrivately(long, () => undefined, system, { most: 1 })).rejects.toMatchObject({
      code: "STATE_INVALID",
    });
    expect(await dial(long)).toBe("none");
    const fits = at("y".repeat(SOCKET_PATH_MAX - Buffer.byteLength(at(".new"))));
    await listen(fits);
    expect(await dial(fits)).toBe("connected");
  });
});
