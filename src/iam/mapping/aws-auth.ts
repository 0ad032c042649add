import { messageOf } from "../../base/errors.ts";
import { readSections } from "./entry.ts";
import type { ReadMapping } from "./table.ts";
import { folded, readYaml } from "./text.ts";

/** Where EKS has it, and `kauth iam server` too. */
export const AWS_AUTH = { namespace: "kube-system", name: "aws-auth" } as const;

const SECTIONS = ["mapRoles", "mapUsers", "mapAccounts"] as const;

/** What people write for nothing. */
const NOTHING: ReadonlySet<string> = new Set(["", '""', "''", "``"]);

export interface ReadAwsAuth extends ReadMapping {
  /** Why a whole section cannot be read; one line, undefined: each can. */
  readonly unreadable: string | undefined;
}

/**
 * The `data` of `kube-system/aws-auth`: YAML in texts. Its own keys count as they are spelled, those of entries in any
 * case. A section that cannot be read is empty and the others count, as in the reference.
 */
export async function readAwsAuth(data: ReadonlyMap<string, string>): Promise<ReadAwsAuth> {
  const faults: string[] = [];
  const read = async (name: (typeof SECTIONS)[number]): Promise<unknown> => {
    const text = data.get(name)?.trim() ?? "";
    if (NOTHING.has(text)) return undefined;
    try {
      return folded(await readYaml(text, name), name);
    } catch (error) {
      faults.push(messageOf(error));
      return undefined;
    }
  };
  const [roles, users, accounts] = await Promise.all(SECTIONS.map(read));
  const { table, faults: wrong, warnings } = readSections({ roles, users, accounts });
  const unreadable = faults.length === 0 ? undefined : faults.join("; ");
  const odd = [...data.keys()].filter((key) => SECTIONS.some((name) => isSlip(key, name)));
  return {
    table,
    unreadable,
    faults: [...faults, ...wrong],
    warnings: [...warnings, ...odd.map((key) => `"${key}" is not read: the case of its letters is another`)],
  };
}

const isSlip = (key: string, name: string): boolean =>
  key !== name && key.toLowerCase() === name.toLowerCase();
