/** Wider ones are broken by a terminal of 80 columns. */
const WIDTH_MOST = 76;

/** A QR code of an address for a terminal, two rows of it in a line; undefined where it would be too wide. */
export async function qrCode(text: string): Promise<string | undefined> {
  const { renderUnicodeCompact } = await import("uqr");
  // Light on dark, as most terminals are; cameras read both.
  const drawn = renderUnicodeCompact(text, { border: 2, ecc: "L" });
  const [first = ""] = drawn.split("\n");
  return first.length > WIDTH_MOST ? undefined : drawn;
}
