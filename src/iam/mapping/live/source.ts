import type { Millis } from "../../../base/units.ts";
import { duplicateEntries } from "../duplicates.ts";
import { lookupOf, type Lookup } from "../lookup.ts";
import type { Backend } from "../mapper.ts";
import type { BackendName } from "../reserved.ts";
import { NO_MAPPING, type ReadMapping } from "../table.ts";

/** What happens to mappings, for a log and for metrics. No name and no ARN of anybody stands in it but where one is wrong. */
export type MappingEvent =
  | {
      readonly kind: "loaded";
      readonly backend: BackendName;
      readonly entries: number;
      readonly accounts: number;
      /** What is left out or looks like a slip. */
      readonly warnings: readonly string[];
    }
  /** The source is not there: it maps nobody. */
  | { readonly kind: "cleared"; readonly backend: BackendName }
  /** What was good last goes on. `again`: for the same reason as the time before. */
  | {
      readonly kind: "failed";
      readonly backend: BackendName | "backend mode";
      readonly reason: string;
      readonly again: boolean;
    }
  /** What is told others of a mapping, see `write-status.ts`; nobody's name depends on it. `again`: as before. */
  | { readonly kind: "unwritten"; readonly reason: string; readonly again: boolean }
  | { readonly kind: "modes"; readonly modes: readonly BackendName[] }
  /** From a change, as its writer says, to its effect. */
  | {
      readonly kind: "latency";
      readonly of: "dynamic_file" | "dynamic_backend_mode";
      readonly time: Millis;
    };

export type Tell = (event: MappingEvent) => void;

/** A backend that changes while the server runs. */
export interface Source extends Backend {
  /** Why what counts is not the newest; undefined: it is. */
  readonly fault: string | undefined;
  accept(read: ReadMapping): void;
  refuse(reason: string): void;
  clear(): void;
}

export const createSource = (
  name: BackendName,
  tell: Tell,
  options: { readonly strictUserId?: boolean } = {},
): Source => {
  let lookup: Lookup | undefined;
  let fault: string | undefined;
  return {
    name,
    get lookup() {
      return lookup;
    },
    get fault() {
      return fault;
    },
    accept: ({ table, faults, warnings }) => {
      lookup = lookupOf(table, options);
      fault = undefined;
      tell({
        kind: "loaded",
        backend: name,
        entries: table.entries.length,
        accounts: table.accounts.length,
        warnings: [
          ...faults.map((each) => `left out: ${each}`),
          ...warnings,
          ...duplicateEntries(table.entries).map(
            ({ before, after }) =>
              `${after.origin} takes the place of ${before.origin}: both are for the same`,
          ),
        ],
      });
    },
    refuse: (reason) => {
      const again = fault === reason;
      fault = reason;
      tell({ kind: "failed", backend: name, reason, again });
    },
    clear: () => {
      const known = lookup !== undefined && fault === undefined && lookup.table === NO_MAPPING;
      lookup = lookupOf(NO_MAPPING);
      fault = undefined;
      if (!known) tell({ kind: "cleared", backend: name });
    },
  };
};
