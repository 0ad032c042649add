/** What a person does on a terminal that hands on each key. */
export type Key =
  | { readonly kind: "up" | "down" | "page-up" | "page-down" | "home" | "end" }
  | { readonly kind: "enter" | "leave" | "backspace" | "clear" }
  | { readonly kind: "text"; readonly text: string };

/** xterm's sequences, in both of its modes (invisible-island.net/xterm/ctlseqs/ctlseqs.html, "PC-Style Function Keys"). */
const SEQUENCES: Readonly<Record<string, Key["kind"]>> = {
  A: "up",
  B: "down",
  H: "home",
  F: "end",
  "1~": "home",
  "4~": "end",
  "5~": "page-up",
  "6~": "page-down",
  "7~": "home",
  "8~": "end",
};

/** Ctrl-C, Ctrl-D, Ctrl-N, Ctrl-P, Ctrl-U, both that Backspace may send, both that Enter may send. */
const CONTROLS: Readonly<Record<string, Exclude<Key["kind"], "text">>> = {
  "\u0003": "leave",
  "\u0004": "leave",
  "\u000e": "down",
  "\u0010": "up",
  "\u0015": "clear",
  "\u0008": "backspace",
  "\u007f": "backspace",
  "\r": "enter",
  "\n": "enter",
};

const ESCAPE = "\u001b";
/** A sequence is some bytes long; what goes on and on is none. */
const SEQUENCE_MOST = 16;

export interface Read {
  readonly keys: readonly Key[];
  /** The beginning of a sequence whose rest has not come; Escape alone is one too. */
  readonly rest: string;
}

/**
 * Characters of a terminal as keys; what stands for nothing here is left out.
 * @param over no more will come soon, so that a lone Escape is the key itself
 */
export function readKeys(characters: string, over: boolean): Read {
  const keys: Key[] = [];
  for (let at = 0; at < characters.length;) {
    const character = String.fromCodePoint(characters.codePointAt(at) ?? 0);
    if (character === ESCAPE) {
      const found = sequenceOf(characters.slice(at));
      if (found === undefined) {
        if (!over) return { keys, rest: characters.slice(at) };
        if (at + 1 === characters.length) keys.push({ kind: "leave" });
        return { keys, rest: "" };
      }
      if (found.key !== undefined) keys.push(found.key);
      at += found.length;
      continue;
    }
    at += character.length;
    const control = Object.hasOwn(CONTROLS, character) ? CONTROLS[character] : undefined;
    if (control !== undefined) keys.push({ kind: control });
    else if (!/[\p{C}\p{Z}]/u.test(character) || character === " ")
      keys.push({ kind: "text", text: character });
  }
  return { keys, rest: "" };
}

/** Undefined: it has not ended. */
const sequenceOf = (text: string): { readonly length: number; readonly key: Key | undefined } | undefined => {
  const found = /^\u001b(?:\[([0-9;?]*[@-~])|O([@-~]))/.exec(text);
  if (found !== null) {
    const [whole, csi = "", ss3 = ""] = found;
    // With Shift or Ctrl held the number of the modifier stands before the last letter: `1;5A`.
    const name = `${csi}${ss3}`.replace(/^\d+;\d+(?=[A-Z])/, "").replace(/;\d+(?=~)/, "");
    const kind = Object.hasOwn(SEQUENCES, name) ? SEQUENCES[name] : undefined;
    return { length: whole.length, key: kind === undefined || kind === "text" ? undefined : { kind } };
  }
  if (/^\u001b(?:\[[0-9;?]*|O)?$/.test(text) && text.length <= SEQUENCE_MOST) return undefined;
  // Alt and a letter, or nothing known: the Escape goes, and so does what is held together with it.
  return { length: 2, key: undefined };
};
