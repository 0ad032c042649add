import type { Subject } from "./subject.ts";

/** One line of a mapping, of every source the same. */
export interface MappingEntry {
  readonly subject: Subject;
  /** A template, see `fillTemplate`. */
  readonly username: string;
  /** Templates too. */
  readonly groups: readonly string[];
  /** The unique id of the role or user (`AROA…`, `AIDA…`); looked at where ids are what counts. Default: any. */
  readonly userId?: string | undefined;
  /** Of a pattern: it may give groups that begin with `system:`. Default: it may not. */
  readonly privileged?: boolean | undefined;
  /** Where it is written, e.g. `mapRoles[3]`. */
  readonly origin: string;
}

/** What one source says. */
export interface MappingTable {
  readonly entries: readonly MappingEntry[];
  /** `mapAccounts`: everybody of them is somebody, by their ARN and without groups. 12 digits each. */
  readonly accounts: readonly string[];
}

export const NO_MAPPING: MappingTable = { entries: [], accounts: [] };

/** A table, and what of its source is not in it. */
export interface ReadMapping {
  readonly table: MappingTable;
  /** One line each; what they are about counts for nothing. */
  readonly faults: readonly string[];
  /** One line each; what they are about counts. */
  readonly warnings: readonly string[];
}
