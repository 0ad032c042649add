import { cleanPath } from "./path.ts";
import type { PluginPolicy } from "./types.ts";

/** What a kuberc says about credential plugins, as it stands there. */
export interface PolicyFields {
  /** "" where the file says nothing. */
  readonly policy: string;
  readonly allowlist: readonly PolicyEntry[] | undefined;
}

/** "" where the entry has no such field. `name` is the old word for `command`. */
export interface PolicyEntry {
  readonly command: string;
  readonly name: string;
}

/**
 * kubectl's judgement of a policy and its list, in its order (credentials.md §1.9).
 * @throws {Error} with kubectl's words
 */
export const pluginPolicy = (fields: PolicyFields, platform: NodeJS.Platform): PluginPolicy => {
  const { policy, allowlist } = fields;
  switch (policy) {
    case "":
    case "AllowAll":
    case "DenyAll":
      if (allowlist !== undefined)
        throw new Error(
          `misconfigured credential plugin allowlist: plugin policy is "${policy}" but allowlist is non-nil`,
        );
      return { kind: policy === "DenyAll" ? "DenyAll" : "AllowAll" };
    case "Allowlist":
      if (allowlist === undefined)
        throw new Error('credential plugin policy set to "Allowlist", but allowlist is unspecified');
      if (allowlist.length === 0)
        throw new Error(
          'credential plugin policy set to "Allowlist", but allowlist is empty; use "DenyAll" policy instead',
        );
      return {
        kind: "Allowlist",
        entries: allowlist.map((entry, index) => checkedEntry(entry, index + 1, platform)),
      };
    default:
      throw new Error(`unknown plugin policy: ${JSON.stringify(policy)}`);
  }
};

const checkedEntry = (fields: PolicyEntry, number: number, platform: NodeJS.Platform): string => {
  const { command, name } = fields;
  if (command !== "" && name !== "" && command !== name)
    throw new Error(
      "both `Name` and `Command` were supplied with different values. `Name` is deprecated, use `Command` instead",
    );
  const entry = command === "" ? name : command;
  if (entry === "")
    throw new Error(`misconfigured credential plugin allowlist: empty allowlist entry #${number}`);
  const clean = cleanPath(entry, platform);
  if (clean !== entry)
    throw new Error(`non-normalized file path: ${JSON.stringify(entry)} vs ${JSON.stringify(clean)}`);
  return entry;
};
