import { KnownError, messageOf } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { MiB } from "../../base/units.ts";
import type { Invocation } from "../command.ts";
import { isTrue } from "../options.ts";

/** Options of a command with what the file of `--config` says below them. */
export interface IamSettings {
  /** Undefined and "" are the same to aws-iam-authenticator. */
  readonly text: (option: string, key: string) => string | undefined;
  readonly on: (option: string, key: string) => boolean;
}

/** With mappings for a large company in it. */
const FILE_LIMIT = MiB(4);

/**
 * Flag and variable before file (iam.md §1.1). The file's keys count in any case, as viper reads them.
 * @throws {KnownError} IAM_CONFIG
 */
export async function iamSettings({ system, options }: Invocation): Promise<IamSettings> {
  const path = options.string("config") ?? "";
  const file = path === "" ? undefined : await readFile(path, system);
  const given = (option: string): string | undefined => options.list(option).at(-1);
  const fromFile = (key: string): string | undefined => file?.get(key.toLowerCase());
  return {
    text: (option, key) => given(option) || fromFile(key) || undefined,
    on: (option, key) => isTrue(given(option) ?? fromFile(key) ?? "false"),
  };
}

/** Its plain values by their names in lower case; what else there is, is the server's. */
const readFile = async (path: string, system: System): Promise<ReadonlyMap<string, string>> => {
  let document: unknown;
  try {
    const text = (await system.files.read(path, FILE_LIMIT)).toString("utf8");
    const { readPlainYaml } = await import("../../base/plain-yaml.ts");
    // Numbers stay as they are written: ids of clusters and accounts may begin with 0.
    document =
      readPlainYaml(text) ?? (await import("yaml")).parse(text, { schema: "failsafe", maxAliasCount: 0 });
  } catch (error) {
    const [reason = ""] = messageOf(error).split("\n", 1);
    throw new KnownError("IAM_CONFIG", `Can't read configuration file ${JSON.stringify(path)}: ${reason}`, {
      cause: error,
    });
  }
  if (document === undefined || document === null || document === "") return new Map();
  if (typeof document !== "object" || Array.isArray(document))
    throw new KnownError(
      "IAM_CONFIG",
      `Can't read configuration file ${JSON.stringify(path)}: it is no mapping`,
    );
  return new Map(
    Object.entries(document).flatMap(([key, value]: [string, unknown]) =>
      typeof value === "string" || typeof value === "number" || typeof value === "boolean"
        ? [[key.toLowerCase(), String(value)] as const]
        : [],
    ),
  );
};
