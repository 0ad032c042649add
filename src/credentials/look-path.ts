import { posix, win32 } from "node:path";

/** What decides where a program is found; a value, so that both platforms have tests on either. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether a file is there and may be run (on Windows: is there). */
  executable(path: string): Promise<boolean>;
}

export type Found =
  /** `path` is absolute, or what was asked for when that has a directory in it. */
  | { readonly kind: "found"; readonly path: string }
  /** `path` is "" where nothing was found; else it is relative to the working directory, and is not to be run. */
  | { readonly kind: "missing"; readonly path: string; readonly reason: string };

/**
 * Finds a program as Go's exec.LookPath does (credentials.md §2.1, §2.6): a name without a directory on PATH only, and
 * the first hit counts. A hit in the working directory is refused, also where PATH names it.
 */
export const lookPath = async (file: string, around: Surroundings): Promise<Found> =>
  await (around.platform === "win32" ? lookPathWindows(file, around) : lookPathUnix(file, around));

const missing = (file: string, reason: string, path = ""): Found => ({
  kind: "missing",
  path,
  reason: `exec: ${JSON.stringify(file)}: ${reason}`,
});
const RELATIVE = "cannot run executable found relative to current directory";

const lookPathUnix = async (file: string, around: Surroundings): Promise<Found> => {
  if (file.includes("/"))
    return (await around.executable(file))
      ? { kind: "found", path: file }
      : missing(file, "it is not there or may not be run");
  for (const item of (around.env["PATH"] ?? "").split(":")) {
    const path = posix.join(item === "" ? "." : item, file);
    if (!(await around.executable(path))) continue;
    return posix.isAbsolute(path) ? { kind: "found", path } : missing(file, RELATIVE, path);
  }
  return missing(file, "executable file not found in $PATH");
};

const lookPathWindows = async (file: string, around: Surroundings): Promise<Found> => {
  const env = windowsVariables(around.env);
  const endings = endingsOf(env.get("PATHEXT"));
  const hit = async (path: string): Promise<string | undefined> => {
    const tries = [...(hasEnding(path) ? [path] : []), ...endings.map((ending) => path + ending)];
    for (const each of tries) if (await around.executable(each)) return each;
    return undefined;
  };
  if (/[:\\/]/.test(file)) {
    const path = await hit(file);
    return path === undefined ? missing(file, "file does not exist") : { kind: "found", path };
  }
  let relative = env.has("NODEFAULTCURRENTDIRECTORYINEXEPATH") ? undefined : await hit(file);
  for (const item of pathItems(env.get("PATH") ?? "")) {
    const path = await hit(win32.join(item, file));
    if (path === undefined) continue;
    // PATH may name the working directory itself, and then it is the same file.
    if (relative !== undefined && !samePath(relative, path, around.cwd)) break;
    if (win32.isAbsolute(path)) return { kind: "found", path };
    relative ??= path;
  }
  return relative === undefined
    ? missing(file, "executable file not found in %PATH%")
    : missing(file, RELATIVE, relative);
};

const samePath = (left: string, right: string, cwd: string): boolean =>
  win32.resolve(cwd, left).toLowerCase() === win32.resolve(cwd, right).toLowerCase();

/** Names of variables are the same in any case there. */
const windowsVariables = (env: Surroundings["env"]): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toUpperCase(), value]],
    ),
  );

const endingsOf = (list: string | undefined): readonly string[] =>
  list === undefined || list === ""
    ? [".com", ".exe", ".bat", ".cmd"]
    : list
        .toLowerCase()
        .split(";")
        .filter((ending) => ending !== "")
        .map((ending) => (ending.startsWith(".") ? ending : `.${ending}`));

const hasEnding = (path: string): boolean => /\.[^:\\/]*$/.test(path);

/** Items between `;`, which may stand in double quotes; empty ones count for nothing. */
const pathItems = (list: string): readonly string[] =>
  (list.match(/(?:"[^"]*"?|[^";])+/g) ?? []).map((item) => item.replaceAll('"', ""));

/** Whether a command is a name without a directory. */
export const isBare = (command: string, platform: NodeJS.Platform): boolean =>
  (platform === "win32" ? win32 : posix).basename(command) === command;
