import { delimiter, join } from "node:path";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";

export interface BrowserCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** What decides how a browser is started; a value, so that the platforms that cannot be tried here have tests. */
export interface BrowserSurroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a program of that name is on PATH. */
  has(name: string): boolean;
}

/** Programs that start whatever the person's desktop calls the browser, best first. */
const LINUX_OPENERS: readonly string[] = ["xdg-open", "gio", "sensible-browser", "x-www-browser"];

/**
 * The command that opens `path` (a local HTML file: nothing secret is ever in argv), or why there is none.
 * `$BROWSER` wins: a list separated as PATH is, `%s` stands for the address, else it comes last.
 */
export const browserCommand = (
  around: BrowserSurroundings,
  path: string,
): BrowserCommand | { readonly none: string } => {
  const chosen = around.env["BROWSER"];
  if (chosen !== undefined && chosen !== "") {
    const words = (chosen.split(delimiter)[0] ?? chosen).split(" ").filter((word) => word !== "");
    const [file = chosen, ...rest] = words;
    const args = rest.some((word) => word.includes("%s"))
      ? rest.map((word) => word.replaceAll("%s", path))
      : [...rest, path];
    return { file, args };
  }
  if (around.platform === "darwin") return { file: "open", args: [path] };
  // rundll32 takes the path as it is; `start` would need cmd.exe and its quoting.
  if (around.platform === "win32") return { file: "rundll32", args: ["url.dll,FileProtocolHandler", path] };
  const inSsh = around.env["SSH_CONNECTION"] !== undefined || around.env["SSH_TTY"] !== undefined;
  const hasDisplay = Boolean(around.env["DISPLAY"]) || Boolean(around.env["WAYLAND_DISPLAY"]);
  if (around.env["WSL_DISTRO_NAME"] !== undefined)
    return around.has("wslview")
      ? { file: "wslview", args: [path] }
      : { none: "this is WSL and wslview is not installed" };
  if (!hasDisplay)
    return { none: inSsh ? "this is an SSH session without a display" : "there is no display" };
  const opener = LINUX_OPENERS.find((name) => around.has(name));
  if (opener === undefined) return { none: "no program that opens a browser is on PATH" };
  return { file: opener, args: opener === "gio" ? ["open", path] : [path] };
};

/** A desktop's opener returns at once; after this time nobody waits for it any more (security.md F32). */
const OPENER_LIMIT = millis(10_000);

const commandHere = async (system: System, path: string): Promise<ReturnType<typeof browserCommand>> => {
  const found = await programsOnPath(system, [...LINUX_OPENERS, "wslview"]);
  const { platform, env } = system;
  return browserCommand({ platform, env, has: (name) => found.has(name) }, path);
};

/** Why no browser can be started here; undefined where one can. */
export const whyNoBrowser = async (system: System): Promise<string | undefined> => {
  const command = await commandHere(system, "");
  return "none" in command ? command.none : undefined;
};

/** Starts the browser on a local file. Resolves to the reason when none could be started. */
export async function openBrowser(system: System, path: string): Promise<string | undefined> {
  const command = await commandHere(system, path);
  if ("none" in command) return command.none;
  const child = system.spawn({
    file: command.file,
    args: command.args,
    env: system.env,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    group: true,
  });
  return await new Promise<string | undefined>((resolve) => {
    const timer = setTimeout(() => {
      // Not ended: without a desktop the opener is the browser itself, and the person reads in it.
      child.unref();
      resolve(undefined);
    }, OPENER_LIMIT);
    timer.unref();
    const settle = (reason: string | undefined): void => {
      clearTimeout(timer);
      resolve(reason);
    };
    child.once("error", (error) => settle(`"${command.file}" could not be started: ${error.message}`));
    child.once("exit", (code) =>
      settle(code === 0 || code === null ? undefined : `"${command.file}" ended with exit status ${code}`),
    );
  });
}

const programsOnPath = async (system: System, names: readonly string[]): Promise<ReadonlySet<string>> => {
  const directories = (system.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  const found = new Set<string>();
  for (const name of names)
    for (const directory of directories) {
      const facts = await system.files.facts(join(directory, name));
      if (facts?.kind === "file" && (facts.mode & 0o111) !== 0) {
        found.add(name);
        break;
      }
    }
  return found;
};
