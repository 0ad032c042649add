import type { Connection } from "../../../api/index.ts";
import { KnownError, messageOf } from "../../../base/errors.ts";
import type { System } from "../../../base/system.ts";
import { between, type EpochMillis } from "../../../base/units.ts";
import { backendModes, readServerConfig, type ServerConfig } from "../../server-config.ts";
import { readBackendMode } from "../backend-mode.ts";
import { readDynamicFile } from "../dynamic-file.ts";
import type { Backend } from "../mapper.ts";
import type { BackendName } from "../reserved.ts";
import type { ReadMapping } from "../table.ts";
import { followFile } from "./follow-file.ts";
import { createSource, type Source, type Tell } from "./source.ts";
import { followAwsAuth, followIdentityMappings } from "./watches.ts";
import { createStatusWriter } from "./write-status.ts";

export interface MappingWishes {
  /** In their order, see `backendModes`. */
  readonly modes: readonly BackendName[];
  /** As read at the start; its mappings are those of MountedFile. */
  readonly config: ServerConfig;
  /** Of the configuration, whose mappings are read again when it changes. Undefined: they stay. */
  readonly configPath: string | undefined;
  /** For EKSConfigMap and CRD. */
  readonly connection?: Connection | undefined;
  /** Whether CRD writes `status.canonicalARN` of its objects, as the reference does. Default false. */
  readonly writeStatus?: boolean;
  readonly system: System;
  /** Default: nobody. */
  readonly tell?: Tell | undefined;
}

export interface BackendState {
  readonly name: BackendName;
  /** Whether it was read at least once. */
  readonly read: boolean;
  /** Why what counts is not the newest; undefined: it is. */
  readonly fault: string | undefined;
}

/** Mappings that follow their sources. Disposing ends that. */
export interface LiveMappings extends AsyncDisposable {
  /** Those that count now, in their order: what `createMapper` wants. */
  readonly backends: () => readonly Backend[];
  /** The same, for `/readyz`. */
  readonly states: () => readonly BackendState[];
}

/**
 * Follows every source of mappings: the configuration file, `aws-auth`, `IAMIdentityMapping`, the dynamic file, and the
 * file that says which of them count. A change that cannot be used changes nothing and is told.
 * @throws {KnownError} IAM_MAPPING for what the reference does not start with either
 */
export function followMappings(wishes: MappingWishes): LiveMappings {
  const { config, system, connection, tell = () => undefined } = wishes;
  checkWishes(wishes);
  const stop = new AbortController();
  const { signal } = stop;
  const sources = new Map<BackendName, Source>();
  const running: Promise<void>[] = [];
  let modes = wishes.modes;

  const start = (name: BackendName): void => {
    if (sources.has(name)) return;
    const source = createSource(name, tell, {
      strictUserId: name === "DynamicFile" && config.dynamicFileUserIdStrict,
    });
    sources.set(name, source);
    running.push(follow(source).catch((error: unknown) => source.refuse(messageOf(error))));
  };
  const follow = async (source: Source): Promise<void> => {
    switch (source.name) {
      case "MountedFile":
        source.accept(config.mapping);
        if (wishes.configPath !== undefined)
          await followConfig(source, wishes.configPath, { system, signal });
        return;
      case "DynamicFile":
        await followDynamicFile(source, config, { system, signal, tell });
        return;
      case "EKSConfigMap":
      case "CRD": {
        if (connection === undefined) throw new TypeError(`${source.name} without a connection`);
        const parts = { connection, system, signal };
        if (source.name === "EKSConfigMap") await followAwsAuth(source, parts);
        else {
          const writer = wishes.writeStatus === true ? createStatusWriter({ ...parts, tell }) : undefined;
          await followIdentityMappings(source, parts, writer);
        }
        return;
      }
      default:
        source.name satisfies never;
    }
  };
  const use = (next: readonly BackendName[]): void => {
    for (const name of next) start(name);
    modes = next;
  };
  const inUse = (): readonly Source[] =>
    modes.flatMap((name) => {
      const source = sources.get(name);
      return source === undefined ? [] : [source];
    });

  use(modes);
  if (config.dynamicBackendModePath !== undefined)
    running.push(
      followModes(config.dynamicBackendModePath, wishes, { signal, tell, use }).catch((error: unknown) =>
        tell({ kind: "failed", backend: "backend mode", reason: messageOf(error), again: false }),
      ),
    );
  return {
    backends: inUse,
    states: () => inUse().map(({ name, lookup, fault }) => ({ name, read: lookup !== undefined, fault })),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await Promise.allSettled(running);
    },
  };
}

const wrong = (reason: string): KnownError => new KnownError("IAM_MAPPING", reason);

const checkWishes = (wishes: MappingWishes): void => {
  const { modes, config } = wishes;
  if (modes.includes("MountedFile") && config.mapping.faults.length > 0)
    throw wrong(`Cannot use the mappings of ${where(wishes)}: ${config.mapping.faults.join("; ")}`);
  const fault = modesFault(modes, wishes);
  if (fault !== undefined) throw wrong(fault);
  if (
    config.dynamicFilePath !== undefined &&
    config.dynamicBackendModePath === undefined &&
    !modes.includes("DynamicFile")
  )
    throw wrong("server.dynamicfilepath is set, and backend-mode does not have DynamicFile");
};

const where = ({ configPath }: MappingWishes): string =>
  configPath === undefined ? "the configuration" : `"${configPath}"`;

const modesFault = (
  modes: readonly BackendName[],
  { config, connection }: MappingWishes,
): string | undefined => {
  if (modes.includes("DynamicFile") && config.dynamicFilePath === undefined)
    return "backend-mode has DynamicFile, and server.dynamicfilepath is not set";
  const asking = modes.find((name) => name === "EKSConfigMap" || name === "CRD");
  return asking !== undefined && connection === undefined
    ? `backend-mode has ${asking}, and there is no API server to ask`
    : undefined;
};

interface Following {
  readonly system: System;
  readonly signal: AbortSignal;
}

/** Only the mappings are read again. */
const followConfig = async (source: Source, path: string, following: Following): Promise<void> => {
  let first = true;
  await followFile(
    path,
    {
      changed: async (text) => {
        const read = await configMapping(text, path);
        // It is what the server started with.
        if (first && typeof read !== "string") {
          first = false;
          if (JSON.stringify(read.table) === JSON.stringify(source.lookup?.table)) return;
        }
        if (typeof read === "string") source.refuse(read);
        else source.accept(read);
      },
      missing: () => source.refuse(`"${path}" is not there any more`),
      unreadable: (reason) => source.refuse(reason),
    },
    following,
  );
};

const configMapping = async (text: string, path: string): Promise<ReadMapping | string> => {
  try {
    const { mapping } = await readServerConfig(text, path);
    return mapping.faults.length === 0 ? mapping : mapping.faults.join("; ");
  } catch (error) {
    return messageOf(error);
  }
};

const followDynamicFile = async (
  source: Source,
  config: ServerConfig,
  { system, signal, tell }: Following & { readonly tell: Tell },
): Promise<void> => {
  const path = config.dynamicFilePath ?? "";
  let loads = 0;
  await followFile(
    path,
    {
      changed: (text) => {
        try {
          const { table, warnings, updated } = readDynamicFile(text, {
            path,
            strictUserId: config.dynamicFileUserIdStrict,
          });
          source.accept({ table, warnings, faults: [] });
          tellLatency("dynamic_file", updated, { tell, system, first: loads === 0 });
          loads += 1;
        } catch (error) {
          source.refuse(messageOf(error));
        }
      },
      missing: () => source.clear(),
      unreadable: (reason) => source.refuse(reason),
    },
    { system, signal },
  );
};

const followModes = async (
  path: string,
  wishes: MappingWishes,
  {
    signal,
    tell,
    use,
  }: {
    readonly signal: AbortSignal;
    readonly tell: Tell;
    readonly use: (modes: readonly BackendName[]) => void;
  },
): Promise<void> => {
  const { system } = wishes;
  let last: string | undefined;
  const failed = (reason: string): void => {
    tell({ kind: "failed", backend: "backend mode", reason, again: reason === last });
    last = reason;
  };
  let loads = 0;
  await followFile(
    path,
    {
      changed: (text) => {
        try {
          const { modes: wished, updated } = readBackendMode(text, path);
          const { modes } = backendModes(wished);
          const fault = modesFault(modes, wishes);
          if (fault !== undefined) throw wrong(fault);
          last = undefined;
          use(modes);
          tell({ kind: "modes", modes });
          tellLatency("dynamic_backend_mode", updated, { tell, system, first: loads === 0 });
          loads += 1;
        } catch (error) {
          failed(messageOf(error));
        }
      },
      missing: () => {
        use(wishes.modes);
        if (loads > 0) tell({ kind: "modes", modes: wishes.modes });
      },
      unreadable: failed,
    },
    { system, signal },
  );
};

/** Not of the first reading: the change is older than the server. */
const tellLatency = (
  of: "dynamic_file" | "dynamic_backend_mode",
  updated: EpochMillis | undefined,
  { tell, system, first }: { readonly tell: Tell; readonly system: System; readonly first: boolean },
): void => {
  const now = system.now();
  if (updated !== undefined && updated <= now && !first)
    tell({ kind: "latency", of, time: between(updated, now) });
};
