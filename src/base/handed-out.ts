import { join } from "node:path";
import type { Secret } from "./secret.ts";
import { sha256 } from "./sha256.ts";
import type { System } from "./system.ts";
import { epochMillis, isWithin, KiB, millis, type EpochMillis } from "./units.ts";

/**
 * client-go runs a plugin again when a server answers 401, and says nothing of it (oidc.md §1.3). What it does say: the
 * same process asks again at once for what it has just been given.
 */
export type Verdict =
  /** Nothing speaks against the token. */
  | "fine"
  /** A server has refused it, as it seems: get another. */
  | "refused"
  /** And that did not help, or is too soon: to get another would not either. */
  | "refused again";

export const HANDED_OUT = "kauth-handed-out";

const AGAIN = millis(10_000);
/** One new token a minute, however often a server says no. */
const RENEW = millis(60_000);

/** 64 bytes a row: whom, what, when, and when that was renewed for a refusal. No token is in it, but its hash. */
const ROW = 64;
const ROWS = 256;
const HASH = 16;
const LIMIT = KiB((ROW * ROWS) / 1024);

interface Row {
  readonly whom: Buffer;
  readonly token: Buffer;
  readonly at: EpochMillis;
  /** Zero: never. */
  readonly renewed: EpochMillis;
}

export interface Asked {
  /** Of the entry. */
  readonly key: string;
  readonly token: Secret;
  /** A directory of ours alone. */
  readonly place: string;
}

/** Whether the token that is about to be handed out has been refused, as far as can be told; notes that it is handed out. */
export const noteHandedOut = (asked: Asked, system: System): Verdict => {
  const whom = whomOf(asked.key, system);
  const token = hash(asked.token.reveal());
  const now = system.now();
  const before = readRow(asked.place, whom, system);
  const again = before !== undefined && before.token.equals(token) && isWithin(AGAIN, before.at, now);
  const renewed = before?.renewed ?? epochMillis(0);
  writeRow(asked.place, { whom, token, at: now, renewed }, system);
  if (!again) return "fine";
  return isWithin(RENEW, renewed, now) ? "refused again" : "refused";
};

/** A token that took the place of a refused one: if it comes back at once too, another would not help. */
export const noteRenewed = (asked: Asked, system: System): void => {
  const now = system.now();
  const row = { whom: whomOf(asked.key, system), token: hash(asked.token.reveal()), at: now, renewed: now };
  writeRow(asked.place, row, system);
};

const hash = (text: string): Buffer => sha256(text).subarray(0, HASH);

/** Who asks, for what. With `provideClusterInfo` each cluster asks for itself. */
const whomOf = (key: string, system: System): Buffer =>
  hash(
    [key, system.parent, startOf(system.parent, system), system.env["KUBERNETES_EXEC_INFO"] ?? ""].join("\0"),
  );

/** Process ids come again; with their time of start (proc(5), field 22) they do not. */
const startOf = (pid: number, { platform, files }: System): string => {
  if (platform !== "linux") return "";
  try {
    const text = files.readNow(`/proc/${pid}/stat`, KiB(4), { bytes: Buffer.alloc(1024) }).toString("latin1");
    return text.slice(text.lastIndexOf(")")).split(" ")[20] ?? "";
  } catch {
    return "";
  }
};

const placeOf = (whom: Buffer): number => whom.readUInt8(0) * ROW;

const readRow = (place: string, whom: Buffer, { files }: System): Row | undefined => {
  try {
    const table = files.readNow(join(place, HANDED_OUT), LIMIT, { bytes: Buffer.alloc(LIMIT + 1) });
    const at = placeOf(whom);
    const row = table.subarray(at, at + ROW);
    if (row.length < 2 * HASH + 16 || !row.subarray(0, HASH).equals(whom)) return undefined;
    return {
      whom,
      token: row.subarray(HASH, 2 * HASH),
      at: epochMillis(row.readDoubleLE(2 * HASH)),
      renewed: epochMillis(row.readDoubleLE(2 * HASH + 8)),
    };
  } catch {
    return undefined;
  }
};

const writeRow = (place: string, row: Row, { files }: System): void => {
  const bytes = Buffer.alloc(ROW);
  row.whom.copy(bytes, 0);
  row.token.copy(bytes, HASH);
  bytes.writeDoubleLE(row.at, 2 * HASH);
  bytes.writeDoubleLE(row.renewed, 2 * HASH + 8);
  try {
    files.patchNow(join(place, HANDED_OUT), placeOf(row.whom), bytes);
  } catch {
    // A guess less; the token is handed out all the same.
  }
};
