const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MASK = 0x7f_ff_ff_ff_ff_80n;

/**
 * The account that an access key is of, which newer ones say themselves (all that begin with `ASIA`, and those that
 * were made since about 2019): 12 digits, or undefined. Nobody has proved it; for explanations only.
 * @see https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489
 */
export const accountOfKey = (accessKeyId: string): string | undefined => {
  const [, letters = ""] = /^A[A-Z]IA([A-Z2-7]{10})[A-Z2-7]{6}$/.exec(accessKeyId) ?? [];
  // Older ones begin their random part with I or J.
  if (letters === "" || /^[IJ]/.test(letters)) return undefined;
  let bits = 0n;
  for (const letter of letters) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(letter));
  const account = String(((bits >> 2n) & MASK) >> 7n).padStart(12, "0");
  return account.length === 12 ? account : undefined;
};
