/** One `[section]`. Names of keys are in lower case. */
export interface IniSection {
  readonly values: ReadonlyMap<string, string>;
  /** Keys that have indented keys of their own, as `services` have. */
  readonly nested: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

interface Draft extends IniSection {
  readonly values: Map<string, string>;
  readonly nested: Map<string, Map<string, string>>;
}

/**
 * The files of AWS's SDKs, as the one for Go reads them (`internal/ini` of aws-sdk-go-v2). It takes any text: a line that
 * means nothing counts for nothing.
 *
 * - A comment is a line that begins with `#` or `;`, and after a value what follows a blank and one of these.
 *   Behind a `[section]` it needs no blank.
 * - `key = value` and `key: value`; whichever sign comes first parts them. One pair of quotes around a value goes.
 * - An indented line belongs to the key above it: a key of its own where that has no value, more lines of the value otherwise.
 * - A section that comes again goes on; a key that comes again counts anew. Keys before any section count for nothing.
 *
 * Other than there, all keys below a key count, and a byte order mark in front does no harm.
 */
export function parseIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, Draft>();
  let section: Draft | undefined;
  let key: string | undefined;
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    if (/^\s*$|^[ \t]*[#;]/.test(line)) continue;
    const name = sectionName(line);
    if (name !== undefined) {
      key = undefined;
      section = name === "" ? undefined : (sections.get(name) ?? { values: new Map(), nested: new Map() });
      if (section !== undefined) sections.set(name, section);
    } else if (section === undefined) {
      continue;
    } else if (/^[ \t]/.test(line)) {
      if (key !== undefined) continueKey(section, key, line.replace(/^[ \t]+/, ""));
    } else {
      const property = splitProperty(line.replace(/[ \t][#;].*$/, ""));
      if (property === undefined) continue;
      [key] = property;
      section.values.set(...property);
      section.nested.delete(key);
    }
  }
  return sections;
}

/** `[ type name ] # comment` → `type name`; undefined where the line is no head of a section. */
const sectionName = (line: string): string | undefined => {
  const inner = /^\[(.*)\]$/.exec(line.replace(/[#;].*$/, "").trim())?.[1];
  return inner?.trim().replace(/[ \t]+/, " ");
};

/** A comment behind what is indented is part of it. */
const continueKey = (section: Draft, key: string, text: string): void => {
  const value = section.values.get(key) ?? "";
  const property = splitProperty(text);
  if (property === undefined) {
    if (value !== "") section.values.set(key, `${value}\n${text}`);
    return;
  }
  if (value !== "") return;
  const below = section.nested.get(key) ?? new Map<string, string>();
  section.nested.set(key, below.set(...property));
};

const splitProperty = (text: string): [key: string, value: string] | undefined => {
  const at = text.search(/[=:]/);
  if (at === -1) return undefined;
  return [text.slice(0, at).trim().toLowerCase(), unquoted(text.slice(at + 1).trim())];
};

const unquoted = (value: string): string => /^(["'])([^]*)\1$/.exec(value)?.[2] ?? value;
