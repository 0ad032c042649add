/**
 * Makes text of remote origin safe to print: C0 and C1 controls (but line feed), DEL and the bidirectional
 * controls become `\u{…}`, so that a pod name or a provider's message cannot move the cursor, set the window
 * title or reverse what is read (security.md R-H6).
 */
export const escapeControls = (text: string): string =>
  text.replace(CONTROLS, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);

const CONTROLS =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** The same for one line: line feeds are escaped too. */
/** The same for text in which they stand within the double quotes of JSON or YAML only, and keep their meaning. */
export const escapeQuoted = (text: string): string =>
  text.replace(
    CONTROLS,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );

export const hasControls = (text: string): boolean => text.search(CONTROLS) >= 0;

export const escapeLine = (text: string): string => escapeControls(text).replaceAll("\n", "\\n");
