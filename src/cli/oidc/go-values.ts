/**
 * Values of flags as Go's pflag reads them: a slice is split at commas by the rules of CSV, a map too, and an array is not
 * split. (pflag's string_slice.go and string_to_string.go; RFC 4180 §2 for the quotes.)
 */

/** @throws {RangeError} a quote that does not end, or stands in the middle */
const splitCsv = (text: string): readonly string[] => {
  if (text === "") return [];
  const found: string[] = [];
  let at = 0;
  for (;;) {
    if (text.charAt(at) === '"') {
      let value = "";
      for (at += 1; ; at += 1) {
        if (at >= text.length) throw new RangeError("a quote does not end");
        if (text.charAt(at) !== '"') value += text.charAt(at);
        else if (text.charAt(at + 1) === '"') {
          value += '"';
          at += 1;
        } else break;
      }
      at += 1;
      if (at < text.length && text.charAt(at) !== ",")
        throw new RangeError("something follows a quote that has ended");
      found.push(value);
    } else {
      const comma = text.indexOf(",", at);
      const value = text.slice(at, comma < 0 ? text.length : comma);
      if (value.includes('"')) throw new RangeError("a quote stands in the middle");
      found.push(value);
      at += value.length;
    }
    if (at >= text.length) return found;
    at += 1;
  }
};

/** Several values of a slice. */
export const slice = (values: readonly string[]): readonly string[] =>
  values.flatMap((value) => splitCsv(value));

/** Several values of a map; a later one wins. With one `=` alone a value is not split, as pflag has it. @throws {RangeError} */
export const map = (values: readonly string[]): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const value of values) {
    const parts = value.split("=").length === 2 ? [value.replaceAll(/^"|"$/g, "")] : splitCsv(value);
    for (const part of parts) {
      const at = part.indexOf("=");
      if (at < 0) throw new RangeError(`${part} must be formatted as key=value`);
      found.set(part.slice(0, at), part.slice(at + 1));
    }
  }
  return found;
};
