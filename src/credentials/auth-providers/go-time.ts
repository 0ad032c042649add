import { epochMillis, type EpochMillis } from "../../base/units.ts";
import { readLayout, type LayoutPart } from "./go-layout.ts";

/** Go's `time.RFC3339Nano`. A fraction may be there or not. */
export const RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00";
/** What Go writes for a time that was never set. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

const LONG_MONTHS =
  "January February March April May June July August September October November December".split(" ");
const SHORT_MONTHS = LONG_MONTHS.map((name) => name.slice(0, 3));
const LONG_DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const SHORT_DAYS = LONG_DAYS.map((name) => name.slice(0, 3));

interface Fields {
  year: number;
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
  afternoon: boolean | undefined;
  /** Seconds east of UTC. */
  offset: number;
}

/**
 * Go's `time.Parse`: the layout shows how the reference time "Mon Jan 2 15:04:05 MST 2006" would be written.
 * Undefined where Go gives an error. Without a zone it is UTC. Nanoseconds are cut to milliseconds.
 */
export const parseGoTime = (layout: string, text: string): EpochMillis | undefined => {
  const fields: Fields = {
    year: 0,
    month: undefined,
    day: undefined,
    yearDay: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    millisecond: 0,
    afternoon: undefined,
    offset: 0,
  };
  let rest: string | undefined = text;
  const parts = readLayout(layout);
  for (const [index, part] of parts.entries()) {
    rest = readPart(part, rest, fields);
    if (rest === undefined) return undefined;
    // Go takes a fraction after the seconds also where the layout has none.
    if (part.kind === "second" && parts[index + 1]?.kind !== "fraction")
      rest = rest.replace(/^[.,](\d+)/, (_found, digits: string) => {
        fields.millisecond = millisecondsOf(digits);
        return "";
      });
  }
  return rest === "" ? assemble(fields) : undefined;
};

/** The rest after the part, undefined when it does not fit. */
const readPart = (part: LayoutPart, text: string, fields: Fields): string | undefined => {
  const take = (pattern: RegExp, store: (...groups: readonly string[]) => boolean): string | undefined => {
    const found = pattern.exec(text);
    if (found === null) return undefined;
    return store(...found.map((group) => group ?? "")) ? text.slice(found[0].length) : undefined;
  };
  const number = (least: number, most: number, store: (value: number) => void): string | undefined =>
    take(part.padded ? /^\d\d/ : /^\d\d?/, (digits = "") => {
      const value = Number(digits);
      store(value);
      return value >= least && value <= most;
    });
  const name = (names: readonly string[], store: (index: number) => void): string | undefined => {
    const lower = text.toLowerCase();
    const index = names.findIndex((each) => lower.startsWith(each.toLowerCase()));
    if (index < 0) return undefined;
    store(index);
    return text.slice(names[index]?.length);
  };
  switch (part.kind) {
    case "text":
      return skip(text, part.text);
    case "year":
      return take(/^\d{4}/, (digits) => ((fields.year = Number(digits)), true));
    case "shortYear":
      return take(/^\d\d/, (digits) => {
        const year = Number(digits);
        fields.year = year >= 69 ? 1900 + year : 2000 + year;
        return true;
      });
    case "monthName":
      return name(part.long ? LONG_MONTHS : SHORT_MONTHS, (index) => (fields.month = index + 1));
    case "month":
      return number(1, 12, (value) => (fields.month = value));
    case "weekday":
      return name(part.long ? LONG_DAYS : SHORT_DAYS, () => undefined);
    case "day":
      if (part.spaced && text.startsWith(" "))
        return readPart({ ...part, spaced: false }, text.slice(1), fields);
      return number(1, 31, (value) => (fields.day = value));
    case "yearDay":
      return take(part.spaced ? /^ {0,2}\d{1,3}/ : /^\d{3}/, (digits) => {
        fields.yearDay = Number(digits);
        return true;
      });
    case "hour":
      return number(0, 23, (value) => (fields.hour = value));
    case "hour12":
      return number(0, 12, (value) => (fields.hour = value));
    case "minute":
      return number(0, 59, (value) => (fields.minute = value));
    case "second":
      return number(0, 59, (value) => (fields.second = value));
    case "half":
      return take(part.long ? /^[AP]M/ : /^[ap]m/, (half = "") => {
        fields.afternoon = half.toLowerCase() === "pm";
        return true;
      });
    case "fraction":
      return readFraction(part, text, fields);
    case "offset":
      return readOffset(part, text, fields);
    case "zone":
      return readZone(text);
    default:
      return part.kind satisfies never;
  }
};

/** Literal text; a space stands for any number of spaces, none too. */
const skip = (text: string, literal: string): string | undefined => {
  let rest = text;
  let wanted = literal;
  while (wanted !== "") {
    if (wanted.startsWith(" ")) {
      if (rest !== "" && !rest.startsWith(" ")) return undefined;
      wanted = wanted.replace(/^ +/, "");
      rest = rest.replace(/^ +/, "");
    } else {
      if (rest[0] !== wanted[0]) return undefined;
      wanted = wanted.slice(1);
      rest = rest.slice(1);
    }
  }
  return rest;
};

const millisecondsOf = (digits: string): number => Number(digits.slice(0, 3).padEnd(3, "0"));

const readFraction = (part: LayoutPart, text: string, fields: Fields): string | undefined => {
  const found = part.padded ? new RegExp(`^[.,](\\d{${part.digits}})`).exec(text) : /^[.,](\d+)/.exec(text);
  if (found === null) return part.padded ? undefined : text;
  fields.millisecond = millisecondsOf(found[1] ?? "");
  return text.slice(found[0].length);
};

const readOffset = (part: LayoutPart, text: string, fields: Fields): string | undefined => {
  if (part.zulu && text.startsWith("Z")) {
    fields.offset = 0;
    return text.slice(1);
  }
  const colon = part.colon ? ":" : "";
  const tail = [`${colon}(\\d\\d)`, `${colon}(\\d\\d)`].slice(0, part.digits - 1).join("");
  const found = new RegExp(`^([+-])(\\d\\d)${tail}`).exec(text);
  if (found === null) return undefined;
  const [whole, sign, hours = "0", minutes = "0", seconds = "0"] = found;
  if (Number(hours) > 24 || Number(minutes) >= 60 || Number(seconds) >= 60) return undefined;
  const amount = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  fields.offset = sign === "-" ? -amount : amount;
  return text.slice(whole.length);
};

/**
 * Three to five capitals, with what Go knows of exceptions. They move nothing: where the local zone does not know the
 * name, Go makes a zone up and leaves the instant as if it were UTC, with `GMT+7` too.
 */
const readZone = (text: string): string | undefined => {
  const found =
    /^(?:GMT(?:[+-](?:1\d|2[0-3]|\d))?|UTC|ChST|MeST|[A-Z]{4}T(?![A-Z])|[A-Z]{3}T(?![A-Z])|WITA(?![A-Z])|[A-Z]{3}(?![A-Z]))/.exec(
      text,
    );
  return found === null ? undefined : text.slice(found[0].length);
};

const daysIn = (year: number, month: number): number => {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
};

const assemble = (fields: Fields): EpochMillis | undefined => {
  const { year, yearDay } = fields;
  let { hour, month, day } = fields;
  if (fields.afternoon === true && hour < 12) hour += 12;
  if (fields.afternoon === false && hour === 12) hour = 0;
  if (yearDay !== undefined) {
    const most = daysIn(year, 2) === 29 ? 366 : 365;
    if (yearDay < 1 || yearDay > most) return undefined;
    const at = new Date(0);
    at.setUTCFullYear(year, 0, yearDay);
    if (month !== undefined && month !== at.getUTCMonth() + 1) return undefined;
    if (day !== undefined && day !== at.getUTCDate()) return undefined;
    month = at.getUTCMonth() + 1;
    day = at.getUTCDate();
  }
  month ??= 1;
  day ??= 1;
  if (day > daysIn(year, month)) return undefined;
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  at.setUTCHours(hour, fields.minute, fields.second, fields.millisecond);
  return epochMillis(at.getTime() - fields.offset * 1000);
};

/** Go's `time.Format(time.RFC3339Nano)` in UTC; `ZERO_TIME` where there is none. */
export const formatGoTime = (at: EpochMillis | undefined): string =>
  at === undefined
    ? ZERO_TIME
    : new Date(at)
        .toISOString()
        .replace(/\.(\d*?)0*Z$/, (_found, digits: string) => (digits === "" ? "Z" : `.${digits}Z`));
