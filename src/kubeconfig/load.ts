import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import { osError } from "../base/os-error.ts";
import type { System } from "../base/system.ts";
import { MiB } from "../base/units.ts";
import { homeDirectory } from "./home.ts";
import { mergeKubeconfigs } from "./merge.ts";
import { migrateLegacy } from "./migrate.ts";
import { parseKubeconfig } from "./parse.ts";
import { pathRules, resolvePath } from "./path.ts";
import type { Kubeconfig } from "./types.ts";

/** The largest kubeconfigs seen, of fleets with thousands of clusters, are some 5 MB. */
export const KUBECONFIG_LIMIT = MiB(16);

export interface LoadOptions {
  /** `--kubeconfig`: only this file counts. */
  readonly explicit?: string | undefined;
}

type Surroundings = Pick<System, "env" | "home" | "platform">;

/** The files that count, in order and as they were given (L1, L3, L6). */
export const kubeconfigNames = (around: Surroundings, explicit: string | undefined): readonly string[] => {
  if (explicit !== undefined && explicit !== "") return [explicit];
  const rules = pathRules(around.platform);
  const list = around.env["KUBECONFIG"];
  if (list === undefined || list === "") return [rules.join(around.home, ".kube", "config")];
  return [...new Set(list.split(rules.delimiter).filter((name) => name !== ""))];
};

/**
 * Reads and merges what kubectl would (rows L1–L12 of credentials.md §1.1). All files are read, so that an error names
 * every bad one.
 * @throws {KnownError} KUBECONFIG_MISSING for an explicit file, KUBECONFIG_INVALID, FILE_TOO_LARGE
 */
export async function loadKubeconfig(system: System, options: LoadOptions = {}): Promise<Kubeconfig> {
  const explicit = options.explicit !== undefined && options.explicit !== "";
  const { platform, env, cwd } = system;
  const home = await homeDirectory(system);
  // client-go copies on every run; without the home file in the list nobody would see it.
  if (!explicit && (env["KUBECONFIG"] ?? "") === "") await migrateLegacy(home, system, KUBECONFIG_LIMIT);
  const listed = kubeconfigNames({ env, home, platform }, options.explicit).map((name) => ({
    name,
    path: resolvePath(name, cwd, platform),
  }));
  const files: Kubeconfig[] = [];
  const faults: KnownError[] = [];
  for (const { name, path } of listed) {
    try {
      const { content, facts } = await system.files.readWithFacts(path, KUBECONFIG_LIMIT);
      const { uid, mode } = facts;
      files.push(await parseKubeconfig(content, { name, path, platform, facts: { uid, mode } }));
    } catch (error) {
      const fault = readFault(name, error, explicit);
      if (fault !== undefined) faults.push(fault);
    }
  }
  const [fault] = faults;
  if (fault !== undefined) {
    if (faults.length === 1) throw fault;
    throw new KnownError(fault.code, faults.map((each) => each.message).join("\n"), { cause: fault });
  }
  if (files.length === 0)
    system.log.verbose(1, `Config not found: ${listed.map(({ name }) => name).join(", ")}`);
  return { ...mergeKubeconfigs(files), sources: listed.map(({ path }) => path) };
}

/** Undefined where a missing file is nothing to speak of. */
const readFault = (name: string, error: unknown, explicit: boolean): KnownError | undefined => {
  if (error instanceof KnownError) return error;
  const code = systemCode(error);
  if (code === "ENOENT") {
    if (!explicit) return undefined;
    return new KnownError("KUBECONFIG_MISSING", `stat ${name}: no such file or directory`, { cause: error });
  }
  const reason = code === undefined ? messageOf(error) : osError(name, error);
  return new KnownError("KUBECONFIG_INVALID", `error loading config file "${name}": ${reason}`, {
    cause: error,
  });
};
