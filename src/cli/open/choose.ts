import { escapeLine } from "../../base/terminal.ts";
import type { Key } from "./keys.ts";

/** One line that a person may choose. Text of remote origin is escaped here. */
export interface Choice {
  /** What it is. */
  readonly name: string;
  /** Where it is, e.g. `headlamp/headlamp`. */
  readonly place: string;
  /** How it would be opened. */
  readonly how: string;
}

export interface ChooserState {
  readonly choices: readonly Choice[];
  /** What was typed: each of its words has to be in the name or the place. */
  readonly filter: string;
  /** Index among those that fit; 0 where none does. */
  readonly at: number;
}

/** What a key leads to. */
export type Step =
  | { readonly kind: "going-on"; readonly state: ChooserState }
  /** Index in `choices`. */
  | { readonly kind: "chosen"; readonly index: number }
  | { readonly kind: "left" };

/** Lines that a page key goes over. */
const PAGE = 10;
/** Longer than any name. */
const FILTER_MOST = 100;

export const choosing = (choices: readonly Choice[]): ChooserState => ({ choices, filter: "", at: 0 });

/** Indexes of the choices that the filter lets through. */
export const fitting = ({ choices, filter }: ChooserState): readonly number[] => {
  const words = filter.toLowerCase().split(/\s+/);
  return choices.flatMap(({ name, place }, index) => {
    const text = `${name} ${place}`.toLowerCase();
    return words.every((word) => text.includes(word)) ? [index] : [];
  });
};

/** One key further. */
export function step(state: ChooserState, key: Key): Step {
  const fit = fitting(state);
  const to = (at: number): Step => ({
    kind: "going-on",
    state: { ...state, at: Math.max(0, Math.min(fit.length - 1, at)) },
  });
  const filtered = (filter: string): Step => ({ kind: "going-on", state: { ...state, filter, at: 0 } });
  switch (key.kind) {
    case "up":
      return to(state.at === 0 ? fit.length - 1 : state.at - 1);
    case "down":
      return to(state.at + 1 >= fit.length ? 0 : state.at + 1);
    case "page-up":
      return to(state.at - PAGE);
    case "page-down":
      return to(state.at + PAGE);
    case "home":
      return to(0);
    case "end":
      return to(fit.length - 1);
    case "enter": {
      const index = fit[state.at];
      return index === undefined ? { kind: "going-on", state } : { kind: "chosen", index };
    }
    case "leave":
      return { kind: "left" };
    case "backspace":
      return filtered(state.filter.replace(/.$/su, ""));
    case "clear":
      return filtered("");
    case "text":
      return filtered(`${state.filter}${key.text}`.slice(0, FILTER_MOST));
  }
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** Whether the chosen line may stand out by more than a mark. */
  readonly color: boolean;
}

/** Title, filter, how to use it, and one line that stays free for the cursor. */
const AROUND = 4;

/** The lines of the screen, none of them as wide as it is, so that nothing wraps. */
export function view(
  state: ChooserState,
  title: string,
  { columns, rows, color }: Screen,
): readonly string[] {
  const width = Math.max(1, columns - 1);
  const fit = fitting(state);
  const widths = columnsOf(state.choices);
  // Where a line has no room for it, the place stands below: it is what tells two of one name apart.
  const narrow = widths.name + widths.place + MARK + GAP > width;
  const room = Math.max(1, Math.floor((rows - AROUND) / (narrow ? 2 : 1)));
  const first = Math.max(0, Math.min(state.at - Math.floor(room / 2), fit.length - room));
  const lines = fit.slice(first, first + room).flatMap((index, line) => {
    const choice = state.choices[index];
    if (choice === undefined) return [];
    const marked = first + line === state.at;
    const texts = narrow ? narrowOf(choice) : [textOf(choice, widths)];
    return texts.map((text, row) => {
      const shown = cut(`${marked && row === 0 ? ">" : " "} ${text}`, width);
      return marked && color ? `\u001b[7m${shown}\u001b[0m` : shown;
    });
  });
  const count = fit.length > room ? ` (${state.at + 1} of ${fit.length})` : "";
  return [
    cut(`${title}${count}`, width),
    ...(lines.length === 0 ? [cut("  nothing has these words in it", width)] : lines),
    cut(`Filter: ${escapeLine(state.filter)}`, width),
    cut("Arrows and Enter choose, Esc leaves", width),
  ];
}

/** `> ` */
const MARK = 2;
/** Between two columns. */
const GAP = 2;

const narrowOf = ({ name, place, how }: Choice): readonly string[] => [
  escapeLine(`${name}  ${how}`),
  `  ${escapeLine(place)}`,
];

interface Widths {
  readonly name: number;
  readonly place: number;
}

const columnsOf = (choices: readonly Choice[]): Widths => ({
  name: Math.max(0, ...choices.map(({ name }) => cells(escapeLine(name)))),
  place: Math.max(0, ...choices.map(({ place }) => cells(escapeLine(place)))),
});

const padded = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - cells(text)));

/** A line of the list, as it also stands where nobody can choose. */
const textOf = ({ name, place, how }: Choice, widths: Widths): string =>
  `${padded(escapeLine(name), widths.name)}  ${padded(escapeLine(place), widths.place)}  ${escapeLine(how)}`.trimEnd();

/** The choices as lines of a table. */
export const tableOf = (choices: readonly Choice[]): readonly string[] => {
  const widths = columnsOf(choices);
  return choices.map((choice) => textOf(choice, widths));
};

/** East Asian wide characters and pictures take two cells, marks above others none (Unicode TR11, roughly). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

const cellsOf = (character: string): number => (/\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1);

/** How wide a text is on a terminal. */
export const cells = (text: string): number => {
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
};

/** What fits into a width; that something is missing is shown. */
export const cut = (text: string, width: number): string => {
  if (cells(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += cellsOf(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
};
