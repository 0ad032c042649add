import * as crypto from "node:crypto";
import { DecodeError, integer, object, optional, string } from "../base/decode.ts";
import { parseQuietly } from "../base/quote.ts";
import type { System } from "../base/system.ts";
import type { Format } from "./cache.ts";
import { aboutShape, ENTRY_VERSION, parseEntry, renderAbout, renderEntry } from "./entry.ts";

/** AES-256-GCM (NIST SP 800-38D): a nonce of 96 bits, never used twice with a key; a tag of 128. */
const CIPHER = "aes-256-gcm";
export const SEALING_KEY_SIZE = 32;
const NONCE = 12;
const TAG = 16;

const SEALED = object({
  version: integer,
  key: string,
  about: optional(aboutShape),
  sealed: object({ nonce: string, tag: string, data: string }),
});

/** What is bound to the secret part, so that neither can be put to another entry (security.md R-N14). */
const associated = (key: string): Buffer => Buffer.from(JSON.stringify({ version: ENTRY_VERSION, key }));

/**
 * Entries that only who has the key can read. For whom they are stands outside, for lists; it is inside too, and that
 * counts. Without the key, or with another, an entry is none.
 */
export const sealed = (sealingKey: Buffer, { random }: Pick<System, "random">): Format => ({
  render: (key, entry) => {
    const nonce = random(NONCE);
    const cipher = crypto.createCipheriv(CIPHER, sealingKey, nonce, { authTagLength: TAG });
    cipher.setAAD(associated(key));
    const data = Buffer.concat([cipher.update(renderEntry(key, entry), "utf8"), cipher.final()]);
    const base64 = (bytes: Buffer): string => bytes.toString("base64");
    return `${JSON.stringify({
      version: ENTRY_VERSION,
      key,
      about: renderAbout(entry.about),
      sealed: { nonce: base64(nonce), tag: base64(cipher.getAuthTag()), data: base64(data) },
    })}\n`;
  },
  parse: (key, content) => {
    const text = open(sealingKey, key, content);
    return text === undefined ? undefined : parseEntry(key, text);
  },
});

const open = (sealingKey: Buffer, key: string, content: string): string | undefined => {
  try {
    const found = SEALED(parseQuietly(content), "");
    if (found.version !== ENTRY_VERSION || found.key !== key) return undefined;
    const [nonce, tag, data] = [found.sealed.nonce, found.sealed.tag, found.sealed.data].map((text) =>
      Buffer.from(text, "base64"),
    );
    if (nonce?.length !== NONCE || tag?.length !== TAG || data === undefined) return undefined;
    const decipher = crypto.createDecipheriv(CIPHER, sealingKey, nonce, { authTagLength: TAG });
    decipher.setAAD(associated(key)).setAuthTag(tag);
    return Buffer.concat([decipher.update(data), decipher.final()]).toString("utf8");
  } catch (error) {
    // Another key, or another's bytes: the tag does not fit.
    if (error instanceof DecodeError || (error instanceof Error && !(error instanceof TypeError)))
      return undefined;
    throw error;
  }
};
