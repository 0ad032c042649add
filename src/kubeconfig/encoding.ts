/**
 * The text of a file as Go's YAML reader takes it: UTF-8, or UTF-16 with a byte order mark, which is what PowerShell's
 * `>` writes.
 * @throws {Error} with Go's words, for bytes that are no text
 */
export const decodeText = (bytes: Uint8Array): string => {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decoded("utf-16le", bytes.subarray(2));
  if (first === 0xfe && second === 0xff) return decoded("utf-16be", bytes.subarray(2));
  return decoded("utf-8", bytes);
};

const decoded = (encoding: string, bytes: Uint8Array): string => {
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`yaml: invalid ${encoding.toUpperCase().replace(/(?<=16)[BL]E$/, "")} text`);
  }
};
