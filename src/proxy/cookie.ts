/** What a Cookie header holds under one name. Two of the same name are somebody's trick (security.md R-N9). */
export type FoundCookie =
  | { readonly kind: "none" }
  | { readonly kind: "one"; readonly value: string }
  | { readonly kind: "several" };

const NONE: FoundCookie = { kind: "none" };
const SEVERAL: FoundCookie = { kind: "several" };

const SPACE = 0x20;
const TAB = 0x09;
const SEMICOLON = 0x3b;

/** Finds a cookie by its exact name without taking the header apart; most requests carry many others. */
export function findCookie(header: string, name: string): FoundCookie {
  const needle = `${name}=`;
  let found: string | undefined;
  for (let at = header.indexOf(needle); at !== -1; at = header.indexOf(needle, at + 1)) {
    if (!startsPair(header, at)) continue;
    if (found !== undefined) return SEVERAL;
    const end = header.indexOf(";", at);
    found = header.slice(at + needle.length, end === -1 ? undefined : end).trim();
  }
  return found === undefined ? NONE : { kind: "one", value: found };
}

const startsPair = (header: string, at: number): boolean => {
  let before = at - 1;
  for (; before >= 0; before -= 1) {
    const code = header.charCodeAt(before);
    if (code !== SPACE && code !== TAB) return code === SEMICOLON;
  }
  return true;
};
