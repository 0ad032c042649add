import { listEntries } from "../../oidc/index.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";
import { wantsJson } from "../output-option.ts";
import { cleanLine, structured } from "../output.ts";
import { cacheDirectoryOf } from "./cache-directory.ts";
import { described, type Described } from "./described.ts";

/** The object of `-o json`. */
export interface SignIns {
  readonly directory: string;
  readonly entries: readonly Described[];
}

/** `kauth oidc list` */
export async function runList(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "list sign-ins");
  const asJson = wantsJson(options);
  const directory = cacheDirectoryOf(invocation);
  const entries = (await listEntries(directory, system)).map((listed) => described(listed, system.now()));
  if (asJson) system.log.out(await structured({ directory, entries } satisfies SignIns, "json"));
  else if (entries.length === 0) system.log.say(`No sign-in is kept in ${directory}`);
  else for (const each of entries) for (const line of lines(each)) system.log.out(cleanLine(line));
  return 0;
}

const lines = (one: Described): readonly string[] => {
  const whose =
    one.name ?? one.subject ?? (one.storage === "keyring" ? "sealed with a key of the keyring" : "unknown");
  const until =
    one.expires === undefined ? "" : one.expired ? `, ended ${one.expires}` : `, good until ${one.expires}`;
  const account = one.account === undefined ? "" : ` (account ${one.account})`;
  return [
    `${one.key}  ${one.issuer ?? "unknown"}  ${one.clientId ?? ""}`,
    `              ${whose}${account}${until}${one.renews ? ", renewed without asking" : ""}`,
  ];
};
