const LETTER = /[A-Za-z0-9_-]/;

export interface Decoded {
  /** One character a byte. */
  readonly text: string;
  /** Whether these bytes have this spelling only: no line breaks, no bits left over (security.md R-L1). */
  readonly exact: boolean;
}

/**
 * base64url without padding as Go's decoder takes it, which passes over line breaks and over bits that are left at the
 * end. A number: where it gives up, in bytes.
 */
export const decodeBase64Url = (encoded: string): Decoded | number => {
  let letters = "";
  for (let at = 0; at < encoded.length; at++) {
    const letter = encoded[at] ?? "";
    if (LETTER.test(letter)) letters += letter;
    else if (letter !== "\n" && letter !== "\r") return at;
  }
  if (letters.length % 4 === 1) return encoded.length - 1;
  const bytes = Buffer.from(letters, "base64url");
  return { text: bytes.toString("latin1"), exact: bytes.toString("base64url") === encoded };
};
