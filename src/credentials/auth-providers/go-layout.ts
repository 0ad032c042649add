export interface LayoutPart {
  readonly kind:
    | "text"
    | "year"
    | "shortYear"
    | "monthName"
    | "month"
    | "weekday"
    | "day"
    | "yearDay"
    | "hour"
    | "hour12"
    | "minute"
    | "second"
    | "half"
    | "fraction"
    | "offset"
    | "zone";
  /** Of a literal. */
  readonly text: string;
  /** Two digits always. */
  readonly padded: boolean;
  /** A space may stand for the first digit. */
  readonly spaced: boolean;
  /** A name in full; capitals. */
  readonly long: boolean;
  /** Digits of a fraction; or groups of an offset: hours, minutes, seconds. */
  readonly digits: number;
  readonly colon: boolean;
  /** `Z` stands for UTC. */
  readonly zulu: boolean;
}

type Shape = Partial<Omit<LayoutPart, "kind" | "text">> & { readonly kind: LayoutPart["kind"] };

const row = (word: string, kind: LayoutPart["kind"], shape: Omit<Shape, "kind"> = {}): [string, Shape] => [
  word,
  { kind, ...shape },
];

/** The words of a layout (Go, package time, "Constants"). Of two that begin alike the longer comes first. */
const WORDS: readonly (readonly [string, Shape])[] = [
  row("January", "monthName", { long: true }),
  row("Jan", "monthName"),
  row("Monday", "weekday", { long: true }),
  row("Mon", "weekday"),
  row("MST", "zone"),
  row("002", "yearDay", { padded: true }),
  row("01", "month", { padded: true }),
  row("02", "day", { padded: true }),
  row("03", "hour12", { padded: true }),
  row("04", "minute", { padded: true }),
  row("05", "second", { padded: true }),
  row("06", "shortYear"),
  row("15", "hour"),
  row("1", "month"),
  row("2006", "year"),
  row("2", "day"),
  row("__2", "yearDay", { spaced: true }),
  row("_2", "day", { spaced: true }),
  row("3", "hour12"),
  row("4", "minute"),
  row("5", "second"),
  row("PM", "half", { long: true }),
  row("pm", "half"),
  row("-07:00:00", "offset", { digits: 3, colon: true }),
  row("-070000", "offset", { digits: 3 }),
  row("-07:00", "offset", { digits: 2, colon: true }),
  row("-0700", "offset", { digits: 2 }),
  row("-07", "offset", { digits: 1 }),
  row("Z07:00:00", "offset", { digits: 3, colon: true, zulu: true }),
  row("Z070000", "offset", { digits: 3, zulu: true }),
  row("Z07:00", "offset", { digits: 2, colon: true, zulu: true }),
  row("Z0700", "offset", { digits: 2, zulu: true }),
  row("Z07", "offset", { digits: 1, zulu: true }),
];

const PLAIN = { padded: false, spaced: false, long: false, digits: 0, colon: false, zulu: false };

/** Takes a layout apart as Go does: known words wherever they stand, everything else literally. */
export const readLayout = (layout: string): readonly LayoutPart[] => {
  const parts: LayoutPart[] = [];
  let literal = "";
  const flush = (): void => {
    if (literal !== "") parts.push({ ...PLAIN, kind: "text", text: literal });
    literal = "";
  };
  for (let at = 0; at < layout.length;) {
    const rest = layout.slice(at, at + 32);
    const found = wordAt(rest);
    if (found === undefined) {
      // "_2006" is an underscore and a year.
      literal += layout[at] ?? "";
      at += 1;
      continue;
    }
    flush();
    parts.push({ ...PLAIN, ...found.shape, text: "" });
    at += found.length;
  }
  flush();
  return parts;
};

const wordAt = (rest: string): { readonly shape: Shape; readonly length: number } | undefined => {
  if (rest.startsWith("_2006")) return undefined;
  const fraction = /^[.,](0+|9+)(?!\d)/.exec(rest);
  if (fraction !== null)
    return {
      shape: {
        kind: "fraction",
        digits: fraction[1]?.length ?? 0,
        padded: fraction[1]?.startsWith("0") === true,
      },
      length: fraction[0].length,
    };
  const found = WORDS.find(([word]) => rest.startsWith(word));
  if (found === undefined) return undefined;
  const [word, shape] = found;
  // "Januar" or "Month" are words of their own.
  if ((word === "Jan" || word === "Mon") && /^[a-z]/.test(rest.slice(3))) return undefined;
  return { shape, length: word.length };
};
