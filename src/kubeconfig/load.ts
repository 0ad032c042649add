import { delimiter, isAbsolute, join, resolve } from "node:path";
import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { MiB } from "../base/units.ts";
import { mergeKubeconfigs } from "./merge.ts";
import { parseKubeconfig } from "./parse.ts";
import type { Kubeconfig } from "./types.ts";

/** The largest kubeconfigs seen, of fleets with thousands of clusters, are some 5 MB. */
export const KUBECONFIG_LIMIT = MiB(16);

export interface LoadOptions {
  /** `--kubeconfig`: only this file counts. */
  readonly explicit?: string | undefined;
}

type Surroundings = Pick<System, "env" | "home" | "cwd">;

/** The files that count, in order (L1, L3, L6). */
export const kubeconfigPaths = (around: Surroundings, explicit: string | undefined): readonly string[] => {
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(around.cwd, path));
  if (explicit !== undefined && explicit !== "") return [absolute(explicit)];
  const list = around.env["KUBECONFIG"];
  if (list === undefined || list === "") return [join(around.home, ".kube", "config")];
  return [...new Set(list.split(delimiter).filter((path) => path !== ""))].map(absolute);
};

/**
 * Reads and merges what kubectl would (rows L1–L10 and L12 of credentials.md §1.1).
 * @throws {KnownError} KUBECONFIG_MISSING for an explicit file, KUBECONFIG_INVALID
 */
export async function loadKubeconfig(system: System, options: LoadOptions = {}): Promise<Kubeconfig> {
  const explicit = options.explicit !== undefined && options.explicit !== "";
  const paths = kubeconfigPaths(system, options.explicit);
  const files: Kubeconfig[] = [];
  const faults: KnownError[] = [];
  for (const path of paths) {
    try {
      const text = (await system.files.read(path, KUBECONFIG_LIMIT)).toString("utf8");
      files.push(await parseKubeconfig(text, { path }));
    } catch (error) {
      const fault = readFault(path, error, explicit);
      if (fault !== undefined) faults.push(fault);
    }
  }
  const [fault] = faults;
  if (fault !== undefined) {
    if (faults.length === 1) throw fault;
    throw new KnownError(fault.code, faults.map((each) => each.message).join("\n"), { cause: fault });
  }
  if (files.length === 0) system.log.verbose(1, `Config not found: ${paths.join(", ")}`);
  const merged = mergeKubeconfigs(files);
  return { ...merged, sources: paths };
}

const readFault = (path: string, error: unknown, explicit: boolean): KnownError | undefined => {
  if (error instanceof KnownError) return error;
  const code = systemCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") {
    if (!explicit) return undefined;
    return new KnownError("KUBECONFIG_MISSING", `stat ${path}: no such file or directory`, { cause: error });
  }
  const reason =
    code === "EACCES"
      ? `open ${path}: permission denied`
      : code === "EISDIR"
        ? `read ${path}: is a directory`
        : messageOf(error);
  return new KnownError("KUBECONFIG_INVALID", `error loading config file "${path}": ${reason}`, {
    cause: error,
  });
};
