const LETTER = /[A-Za-z0-9+/]/;

/**
 * Where a text is no base64 with padding (RFC 4648 §4), as Go's decoder counts it; undefined where it is. Line breaks
 * are passed over.
 */
export const base64Fault = (text: string): number | undefined => {
  let quantum = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (letter === "\n" || letter === "\r") continue;
    if (LETTER.test(letter)) quantum = (quantum + 1) % 4;
    else return letter === "=" ? paddingFault(text, at, quantum) : at;
  }
  return quantum === 0 ? undefined : text.length - quantum;
};

/** The first `=` stands at `at`, behind so many letters of a group of four. */
const paddingFault = (text: string, at: number, quantum: number): number | undefined => {
  if (quantum < 2) return at;
  let end = pastBreaks(text, at + 1);
  if (quantum === 2) {
    if (end === text.length) return end;
    if (text[end] !== "=") return end - 1;
    end = pastBreaks(text, end + 1);
  }
  return end === text.length ? undefined : end;
};

const pastBreaks = (text: string, from: number): number => {
  let at = from;
  while (text[at] === "\n" || text[at] === "\r") at++;
  return at;
};
