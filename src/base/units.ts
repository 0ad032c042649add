/**
 * Units as types, so that two clocks or two scales never meet by accident: `Seconds` cannot be passed where
 * `Millis` is wanted, and a duration cannot be taken for a point in time.
 */
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** A duration in milliseconds. */
export type Millis = Unit<"Millis">;
/** A duration in seconds. */
export type Seconds = Unit<"Seconds">;
/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMillis = Unit<"EpochMillis">;
/** A number of bytes. */
export type Bytes = Unit<"Bytes">;

export const millis = (value: number): Millis => value as Millis;
export const seconds = (value: number): Seconds => value as Seconds;
export const epochMillis = (value: number): EpochMillis => value as EpochMillis;
export const bytes = (value: number): Bytes => value as Bytes;
export const KiB = (value: number): Bytes => (value * 1024) as Bytes;
export const MiB = (value: number): Bytes => (value * 1024 * 1024) as Bytes;

/** The years 0001 to 9999, in milliseconds: what RFC 3339 can say. What lies beyond nobody could read. */
export const EARLIEST = -62_135_596_800_000 as EpochMillis;
export const LATEST = 253_402_300_799_999 as EpochMillis;
export const isDate = (time: number): boolean => time >= EARLIEST && time <= LATEST;

export const toMillis = (value: Seconds): Millis => (value * 1000) as Millis;
export const after = (start: EpochMillis, wait: Millis): EpochMillis => (start + wait) as EpochMillis;
export const between = (start: EpochMillis, end: EpochMillis): Millis => (end - start) as Millis;
/** Whether less than `span` has passed. Not where the clock was set back since: how long it has been nobody knows. */
export const isWithin = (span: Millis, start: EpochMillis, now: EpochMillis): boolean =>
  now >= start && now - start < span;
