import { messageOf, systemCode } from "../../../base/errors.ts";
import type { System } from "../../../base/system.ts";
import { millis } from "../../../base/units.ts";
import { MAPPING_LIMIT } from "../text.ts";

/** A file is looked at as often: what changes who may do what has to be seen soon, and no system tells of all changes. */
const PAUSE = millis(1_000);
/** Looks after which it is read although it seems to be the same: a copy may have its date and size. */
const READ_ANYWAY = 10;

export interface FileChanges {
  /** Its newest content. */
  changed(text: string): void | Promise<void>;
  /** It is not there. */
  missing(): void;
  /** It is there and cannot be read; told once for each reason. */
  unreadable(reason: string): void;
}

/** Tells of a file until the signal: at once, and whenever it has become another, by writing or by renaming. */
export async function followFile(
  path: string,
  on: FileChanges,
  { system, signal }: { readonly system: System; readonly signal: AbortSignal },
): Promise<void> {
  let before: string | undefined;
  let seen: string | undefined;
  for (let look = 0; !signal.aborted; look++) {
    const facts = await system.files.facts(path);
    const stamp = facts === undefined ? "none" : `${facts.modified} ${facts.size}`;
    if (stamp !== before || look % READ_ANYWAY === 0) {
      before = stamp;
      const state = await stateOf(path, system);
      const key = `${state.kind} ${state.text}`;
      if (key !== seen && !signal.aborted) {
        seen = key;
        if (state.kind === "text") await on.changed(state.text);
        else if (state.kind === "missing") on.missing();
        else on.unreadable(state.text);
      }
    }
    await system.sleep(PAUSE, signal).catch(() => undefined);
  }
}

interface State {
  readonly kind: "text" | "missing" | "unreadable";
  readonly text: string;
}

const stateOf = async (path: string, system: System): Promise<State> => {
  try {
    return { kind: "text", text: (await system.files.read(path, MAPPING_LIMIT)).toString("utf8") };
  } catch (error) {
    const code = systemCode(error);
    return code === "ENOENT" || code === "ENOTDIR"
      ? { kind: "missing", text: "" }
      : { kind: "unreadable", text: messageOf(error) };
  }
};
