import { delimiter } from "node:path";
import { describe, expect, test } from "vitest";
import { browserCommand } from "./browser.ts";

const PATH = "/run/kauth/open-0123456789abcdef.html";

interface Row {
  readonly name: string;
  readonly platform: NodeJS.Platform;
  readonly env?: Readonly<Record<string, string>>;
  readonly has?: readonly string[];
  readonly is: readonly string[] | string;
}

describe("which program opens a page", () => {
  test.each<Row>([
    { name: "macOS", platform: "darwin", is: ["open", PATH] },
    { name: "Windows", platform: "win32", is: ["rundll32", "url.dll,FileProtocolHandler", PATH] },
    {
      name: "X",
      platform: "linux",
      env: { DISPLAY: ":0" },
      has: ["xdg-open", "gio"],
      is: ["xdg-open", PATH],
    },
    {
      name: "Wayland",
      platform: "linux",
      env: { WAYLAND_DISPLAY: "w" },
      has: ["gio"],
      is: ["gio", "open", PATH],
    },
    {
      name: "WSL",
      platform: "linux",
      env: { WSL_DISTRO_NAME: "d" },
      has: ["wslview"],
      is: ["wslview", PATH],
    },
    {
      name: "WSL without it",
      platform: "linux",
      env: { WSL_DISTRO_NAME: "d", DISPLAY: ":0" },
      has: ["xdg-open"],
      is: "wslview is not installed",
    },
    { name: "no display", platform: "linux", has: ["xdg-open"], is: "no display" },
    {
      name: "SSH",
      platform: "linux",
      env: { SSH_TTY: "x" },
      has: ["xdg-open"],
      is: "SSH session without a display",
    },
    {
      name: "SSH with X",
      platform: "linux",
      env: { SSH_TTY: "x", DISPLAY: ":10" },
      has: ["xdg-open"],
      is: ["xdg-open", PATH],
    },
    {
      name: "nothing installed",
      platform: "linux",
      env: { DISPLAY: ":0" },
      is: "no program that opens a browser",
    },
    { name: "BROWSER", platform: "linux", env: { BROWSER: "my-browser" }, is: ["my-browser", PATH] },
    {
      name: "BROWSER with words",
      platform: "linux",
      env: { BROWSER: "b --new %s --quiet" },
      is: ["b", "--new", PATH, "--quiet"],
    },
    {
      name: "the first of several",
      platform: "linux",
      env: { BROWSER: ["a -x", "b"].join(delimiter) },
      is: ["a", "-x", PATH],
    },
    { name: "an empty BROWSER is none", platform: "darwin", env: { BROWSER: "" }, is: ["open", PATH] },
  ])("$name", ({ platform, env = {}, has = [], is }) => {
    const found = browserCommand({ platform, env, has: (name) => has.includes(name) }, PATH);
    if ("none" in found) expect(found.none).toContain(is);
    else expect([found.file, ...found.args]).toEqual(is);
  });
});
