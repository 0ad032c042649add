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

/** ECMA-262 §21.4.1.1: no date is later. What lies beyond could not be printed. */
const LATEST = 8.64e15;
export const isDate = (time: number): boolean => Math.abs(time) <= LATEST;

export const toMillis = (value: Seconds): Millis => (value * 1000) as Millis;
export const after = (start: EpochMillis, wait: Millis): EpochMillis => (start + wait) as EpochMillis;
export const between = (start: EpochMillis, end: EpochMillis): Millis => (end - start) as Millis;
