import { epochMillis, type EpochMillis } from "../../base/units.ts";
import { quote } from "./quote.ts";

/** Go's name for `YYYYMMDDTHHMMSSZ`. */
const LAYOUT = "20060102T150405Z";
const ELEMENTS = ["2006", "01", "02", "T", "15", "04", "05"] as const;

const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/;

/** The time, or why it is none, as Go says it. Go passes over a fraction of a second; `isStrictDate` does not. */
export const parseAmzDate = (text: string): EpochMillis | string => {
  const found = DATE.exec(text);
  if (found === null) return fault(text);
  const [, year = "", month = "", day = "", hour = "", minute = "", second = ""] = found;
  const range = (name: string): string => `parsing time ${quote(text)}: ${name} out of range`;
  if (Number(month) < 1 || Number(month) > 12) return range("month");
  if (Number(hour) > 23) return range("hour");
  if (Number(minute) > 59) return range("minute");
  if (Number(second) > 59) return range("second");
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // A day that the month does not have becomes one of the next, or no time at all.
  if (Number.isNaN(time) || new Date(time).getUTCDate() !== Number(day)) return range("day");
  return epochMillis(time);
};

const fault = (text: string): string => {
  const said = (rest: string, element: string): string =>
    `parsing time ${quote(text)} as "${LAYOUT}": cannot parse ${quote(rest)} as "${element}"`;
  let rest = text;
  for (const element of ELEMENTS) {
    const fits =
      element === "T"
        ? rest.startsWith("T")
        : /^\d+/.exec(rest.slice(0, element.length))?.[0].length === element.length;
    if (!fits) return said(rest, element);
    rest = rest.slice(element.length);
  }
  if (!rest.startsWith("Z")) return said(rest, "Z");
  return `parsing time ${quote(text)}: extra text: ${quote(rest.slice(1))}`;
};

export const isStrictDate = (text: string): boolean => /^\d{8}T\d{6}Z$/.test(text);

/** As Go prints a time. */
export const goTime = (time: EpochMillis): string =>
  `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
