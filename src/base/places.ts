import { join } from "node:path";

/** Where kauth keeps its files. `docs/files.md` lists each file and its mode. */
export interface Places {
  readonly config: string;
  readonly cache: string;
  readonly state: string;
  readonly runtime: string;
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly temp: string;
  readonly uid: number | undefined;
}

/** Without a home nothing is kept: below the working directory it could have been planted. */
const NOWHERE = "/dev/null";

/**
 * `$XDG_{CONFIG_HOME,CACHE_HOME,STATE_HOME,RUNTIME_DIR}/kauth`, on Windows `%APPDATA%` and `%LOCALAPPDATA%`;
 * `KAUTH_HOME` replaces all four.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export const places = (around: Surroundings): Places => {
  const { env } = around;
  const home = around.home === "" ? NOWHERE : around.home;
  const all = env["KAUTH_HOME"];
  if (all !== undefined && all !== "")
    return { config: all, cache: join(all, "cache"), state: join(all, "state"), runtime: join(all, "run") };
  if (around.platform === "win32") {
    const roaming = join(env["APPDATA"] ?? join(home, "AppData", "Roaming"), "kauth");
    const local = join(env["LOCALAPPDATA"] ?? join(home, "AppData", "Local"), "kauth");
    return {
      config: roaming,
      cache: join(local, "cache"),
      state: join(local, "state"),
      runtime: join(local, "run"),
    };
  }
  const base = (name: string, otherwise: string): string => {
    const value = env[name];
    // The specification calls a relative path invalid and to be ignored.
    return join(value !== undefined && value.startsWith("/") ? value : otherwise, "kauth");
  };
  const runtime = env["XDG_RUNTIME_DIR"];
  return {
    config: base("XDG_CONFIG_HOME", join(home, ".config")),
    cache: base("XDG_CACHE_HOME", join(home, ".cache")),
    state: base("XDG_STATE_HOME", join(home, ".local", "state")),
    runtime:
      runtime !== undefined && runtime.startsWith("/")
        ? join(runtime, "kauth")
        : join(home, ".local", "state", "kauth", "run"),
  };
};
