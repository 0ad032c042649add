import { show } from "../../base/listen.ts";
import type { System } from "../../base/system.ts";
import { escapeLine } from "../../base/terminal.ts";
import type { Answer } from "./instance-words.ts";
import { askOthers } from "./other-instances.ts";

/** Names that fit into one line of an error. */
const SHOWN = 3;

/** Which kauth of this user has an address, and what it serves there. Asked once, and only when somebody wants to know. */
export function whoseAddress(
  system: System,
): (at: { readonly address: string; readonly port: number }) => Promise<string | undefined> {
  let asked: Promise<readonly Answer[]> | undefined;
  return async (at) => {
    const all = await (asked ??= askOthers(system, { who: true }));
    const found = all.find(({ addresses }) => addresses.includes(show(at)));
    if (found === undefined) return undefined;
    const names = found.targets.map(
      ({ target, namespace }) => `${escapeLine(target)} in ${escapeLine(namespace)}`,
    );
    const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "";
    return `kauth (pid ${found.pid}), which opened ${names.slice(0, SHOWN).join(", ")}${more}`;
  };
}
