import { describe, expect, test } from "vitest";
import { realSystem } from "../base/system.ts";
import { epochMillis } from "../base/units.ts";
import { homeDirectory } from "./home.ts";
import { parseKubeconfig } from "./parse.ts";
import { cleanPath, resolveCommand, resolvePath } from "./path.ts";

describe("1.2 paths", () => {
  test.each<[string, NodeJS.Platform, string, string]>([
    ["1.2 relative", "linux", "ca.crt", "/d/ca.crt"],
    ["1.2 up", "linux", "../ca.crt", "/ca.crt"],
    ["1.2 absolute", "linux", "/ca.crt", "/ca.crt"],
    ["1.2 empty", "linux", "", ""],
    ["1.2 a backslash is a letter", "linux", "a\\b", "/d/a\\b"],
    ["1.2 relative on Windows", "win32", "ca.crt", "C:\\d\\ca.crt"],
    ["1.2 a drive", "win32", "D:\\ca.crt", "D:\\ca.crt"],
    ["1.2 a drive with slashes", "win32", "D:/ca.crt", "D:/ca.crt"],
    ["1.2 a share", "win32", "\\\\host\\share\\ca.crt", "\\\\host\\share\\ca.crt"],
    ["1.2 a separator alone is no drive", "win32", "\\ca.crt", "C:\\d\\ca.crt"],
  ])("%s", (_name, platform, path, wanted) => {
    expect(resolvePath(path, platform === "win32" ? "C:\\d" : "/d", platform)).toBe(wanted);
  });

  test.each<[string, NodeJS.Platform, string, string]>([
    ["1.2 a bare name", "linux", "login", "login"],
    ["1.2 a name with a slash", "linux", "bin/login", "/d/bin/login"],
    ["1.2 ./", "linux", "./login", "/d/login"],
    ["1.2 a backslash", "linux", "bin\\login", "bin\\login"],
    ["1.2 a backslash on Windows", "win32", "bin\\login.exe", "C:\\d\\bin\\login.exe"],
    ["1.2 a slash on Windows", "win32", "./login", "./login"],
    ["1.2 a slash in the middle on Windows", "win32", "bin/login.exe", "bin/login.exe"],
  ])("%s in a command", (_name, platform, command, wanted) => {
    expect(resolveCommand(command, platform === "win32" ? "C:\\d" : "/d", platform)).toBe(wanted);
  });

  test("1.2 a file of Windows", async () => {
    const { users } = await parseKubeconfig(
      "users: [{name: u, user: {client-key: k, exec: {command: ./x}}}]",
      {
        path: "C:\\Users\\me\\.kube\\config",
        platform: "win32",
      },
    );
    const { clientKey, exec } = users.get("u")?.value ?? {};
    expect([clientKey, exec?.command]).toEqual(["C:\\Users\\me\\.kube\\k", "./x"]);
  });
});

describe("clean paths", () => {
  test.each<[string, NodeJS.Platform, string]>([
    ["", "linux", "."],
    [".", "linux", "."],
    ["a//b/./c/..", "linux", "a/b"],
    ["../a", "linux", "../a"],
    ["/..", "linux", "/"],
    ["//a/", "linux", "/a"],
    ["a/..", "linux", "."],
    ["a\\b", "linux", "a\\b"],
    ["C:/x/y.exe", "win32", "C:\\x\\y.exe"],
    [".\\x.exe", "win32", "x.exe"],
    ["C:\\", "win32", "C:\\"],
    ["x", "win32", "x"],
  ])("%s on %s", (path, platform, wanted) => {
    expect(cleanPath(path, platform)).toBe(wanted);
  });
});

describe("1.1 home", () => {
  test("1.1 it is HOME, and nothing else, where there is no Windows", async () => {
    const home = await homeDirectory({
      ...realSystem(),
      platform: "linux",
      home: "/h",
      env: { USERPROFILE: "/u" },
    });
    expect(home).toBe("/h");
  });

  const ENV = { HOME: "H:\\h", HOMEDRIVE: "D:", HOMEPATH: "\\d", USERPROFILE: "U:\\u" };
  const KUBECONFIG = "\\.kube\\config";
  /** What is there, with the mode that Windows gives it. */
  type Disk = Readonly<Record<string, number>>;
  test.each<[string, Partial<typeof ENV>, Disk, string]>([
    [
      "1.1 HOME with a kubeconfig",
      ENV,
      { [`H:\\h${KUBECONFIG}`]: 0o666, [`U:\\u${KUBECONFIG}`]: 0o666 },
      "H:\\h",
    ],
    [
      "1.1 the drive's path with a kubeconfig comes before the profile",
      ENV,
      { [`D:\\d${KUBECONFIG}`]: 0o666, [`U:\\u${KUBECONFIG}`]: 0o666, "H:\\h": 0o777 },
      "D:\\d",
    ],
    ["1.1 the profile with a kubeconfig", ENV, { [`U:\\u${KUBECONFIG}`]: 0o444, "H:\\h": 0o777 }, "U:\\u"],
    [
      "1.1 no kubeconfig: the first that may be written",
      ENV,
      { "H:\\h": 0o555, "U:\\u": 0o777, "D:\\d": 0o777 },
      "U:\\u",
    ],
    ["1.1 then the profile comes before the drive's path", ENV, { "U:\\u": 0o777, "D:\\d": 0o777 }, "U:\\u"],
    ["1.1 none may be written: the first that is there", ENV, { "U:\\u": 0o555, "D:\\d": 0o555 }, "U:\\u"],
    ["1.1 none is there: the first that is set", ENV, {}, "H:\\h"],
    ["1.1 a drive without a path is none", { HOMEDRIVE: "D:" }, {}, ""],
    ["1.1 nothing is set", {}, {}, ""],
  ])("%s", async (_name, env, disk, wanted) => {
    const facts = (
      path: string,
    ): Promise<Awaited<ReturnType<ReturnType<typeof realSystem>["files"]["facts"]>>> => {
      const mode = disk[path];
      return Promise.resolve(
        mode === undefined
          ? undefined
          : {
              kind: path.endsWith(KUBECONFIG) ? "file" : "directory",
              mode,
              uid: 0,
              size: 1,
              modified: epochMillis(0),
            },
      );
    };
    expect(await homeDirectory({ env, platform: "win32", home: "C:\\other", files: { facts } })).toBe(wanted);
  });
});
