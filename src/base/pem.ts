import * as crypto from "node:crypto";

/** One block of a PEM file (RFC 7468). */
export interface PemBlock {
  /** E.g. `CERTIFICATE`. */
  readonly label: string;
  /** From BEGIN to END, both with their lines. */
  readonly text: string;
  /** Whether RFC 1421's headers stand before the content (`Proc-Type: 4,ENCRYPTED`). */
  readonly headers: boolean;
}

/** The blocks of a text, in order. What stands between them is ignored, as everywhere. */
export const pemBlocks = (text: string): readonly PemBlock[] =>
  [...text.matchAll(/-----BEGIN ([A-Z0-9 #]+)-----\r?\n([^-]*(?:-(?!----)[^-]*)*)-----END \1-----/g)].map(
    ([whole, label = "", content = ""]) => ({ label, text: `${whole}\n`, headers: content.includes(":") }),
  );

/**
 * The certificates of a bundle, each in PEM. As Go does it, other blocks and those that cannot be parsed are left out:
 * one of them would spoil all others when they are handed over.
 */
export const certificatesOf = (text: string): readonly string[] =>
  pemBlocks(text)
    .filter(({ label, headers }) => label === "CERTIFICATE" && !headers)
    .map((block) => block.text.replaceAll("\r", ""))
    .filter(isCertificate);

const isCertificate = (pem: string): boolean => {
  try {
    return new crypto.X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
};
