import { posix, win32, type PlatformPath } from "node:path";

export const pathRules = (platform: NodeJS.Platform): PlatformPath => (platform === "win32" ? win32 : posix);

/** Go's `filepath.IsAbs`: on Windows a path without a drive or a share is none, even with a separator in front. */
const isAbsolute = (path: string, platform: NodeJS.Platform): boolean =>
  platform === "win32" ? /^(?:[a-z]:[\\/]|[\\/]{2}[^\\/]+[\\/]+[^\\/]+)/i.test(path) : path.startsWith("/");

/** A path that stands in a file in `directory`, or on a command line there. Nothing becomes of an empty one. */
export const resolvePath = (path: string, directory: string, platform: NodeJS.Platform): string =>
  path === "" || isAbsolute(path, platform) ? path : pathRules(platform).join(directory, path);

/**
 * A command is a path only where it holds the separator of the system; on Windows that is `\` alone, so `./x` is looked
 * up like any other name (credentials.md §1.2).
 */
export const resolveCommand = (command: string, directory: string, platform: NodeJS.Platform): string =>
  command.includes(pathRules(platform).sep) ? resolvePath(command, directory, platform) : command;

/** Go's `filepath.Clean`: without `.`, `..` and double separators, and without one at the end. */
export const cleanPath = (path: string, platform: NodeJS.Platform): string => {
  const rules = pathRules(platform);
  const normal = rules.normalize(path).replace(/^\.[\\/](?=.)/, "");
  const { root } = rules.parse(normal);
  const bare = normal.length > root.length ? normal.replace(/[\\/]+$/, "") : normal;
  return bare === "" ? "." : bare;
};
