import { messageOf } from "../../base/errors.ts";
import { listIamCache } from "../../iam/index.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { cleanLine, jsonText } from "../output.ts";

/** Of the list of `-o json`. */
export interface Row {
  readonly kind: string;
  readonly cluster: string | undefined;
  readonly source: string;
  readonly profile: string | undefined;
  readonly role: string | undefined;
  readonly expiresAt: string;
}

/** `kauth iam cache list` */
export async function runCacheList(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "list what is kept");
  const now = system.now();
  const rows = (await listIamCache(system)).flatMap(({ entry }): readonly Row[] =>
    entry === undefined || entry.expiresAt <= now
      ? []
      : [{ kind: entry.kind, ...entry.about, expiresAt: new Date(entry.expiresAt).toISOString() }],
  );
  if (wantsJson(options)) system.log.out(jsonText(rows, 2));
  else if (rows.length === 0) system.log.say("There is nothing kept");
  else system.log.out(table(rows));
  return 0;
}

const table = (rows: readonly Row[]): string => {
  const lines = [
    ["KIND", "CLUSTER", "SOURCE", "PROFILE", "ROLE", "ENDS"],
    ...rows.map(({ kind, cluster, source, profile, role, expiresAt }) => [
      kind,
      cluster ?? "-",
      source,
      profile ?? "-",
      role ?? "-",
      `${expiresAt.slice(0, 19)}Z`,
    ]),
  ].map((cells) => cells.map(cleanLine));
  const widths =
    lines[0]?.map((_cell, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0))) ?? [];
  return lines
    .map((cells) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** `kauth iam cache clear` */
export async function runCacheClear(invocation: Invocation): Promise<number> {
  const { system } = invocation;
  refuseOperands(invocation, "clear what is kept");
  let removed = 0;
  let failed = 0;
  for (const { path } of await listIamCache(system))
    try {
      await system.files.remove(path);
      removed += 1;
    } catch (error) {
      failed += 1;
      system.log.warn(`Cannot remove ${path}: ${messageOf(error)}`);
    }
  system.log.say(
    removed + failed === 0
      ? "There is nothing kept"
      : `Removed ${removed} ${removed === 1 ? "entry" : "entries"}`,
  );
  return failed === 0 ? 0 : 1;
}
