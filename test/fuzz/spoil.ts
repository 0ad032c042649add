import fc from "fast-check";
import { KnownError } from "../../src/base/errors.ts";

/** Stands wherever something secret stands. No message may repeat it. */
export const CANARY = "hunter2canary";

/** How many inputs, and which: the same seed gives the same ones. */
export interface Wishes {
  readonly runs: number;
  /** Default: others each time. */
  readonly seed?: { readonly seed: number };
}

/** Characters of all kinds. fast-check's own unit for that takes seconds and 300 MB to set up. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const character = fc
    .oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10_ffff))
    .map((point) => String.fromCodePoint(point));
  return fc.array(character, { maxLength }).map((characters) => characters.join(""));
}

const PIECES: readonly string[] = [
  ...`[|]|{|}|, |: |- |? |\n|  |\t|&a |*a|*user|<<: |# |---\n|...\n|"|'|!!str |!!int |>|%YAML 1.1\n|~|yes|1e3|0x1|\r|\\`.split(
    "|",
  ),
  "|",
  "\u0000",
  "\ufeff",
  "\u001b[2J",
  "name: u",
  "user: *user",
];
/** What takes time, and must not take for ever. */
const HEAVY: readonly string[] = ["[".repeat(600), "- ".repeat(600), "{a: ".repeat(600), "x".repeat(70_000)];

/** What a piece of a text may turn into. */
const piece = fc.oneof(
  { weight: 10, arbitrary: anyText(6) },
  { weight: 10, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.constantFrom(...HEAVY) },
);
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(40),
  piece: fc.oneof(
    { weight: 9, arbitrary: piece.map((text) => Buffer.from(text)) },
    // No UTF-8.
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)) },
  ),
});

/** Valid texts with some pieces replaced; and, now and then, bytes of chance. */
export const spoiled = (...texts: readonly string[]): fc.Arbitrary<Buffer> =>
  fc.oneof(
    {
      weight: 19,
      arbitrary: fc
        .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 4 }))
        .map(([text, changes]) =>
          changes.reduce<Buffer>((now, { at, length, piece: put }) => {
            const start = Math.floor(at * now.length);
            return Buffer.concat([now.subarray(0, start), put, now.subarray(start + length)]);
          }, Buffer.from(text)),
        ),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  );

const ODD: readonly unknown[] = [
  ...`${CANARY}\n|__proto__|Never|2099-01-01T00:00:00Z| ||\u0000`.split("|"),
  null,
  true,
  0,
  -1,
  1e300,
  5e-324,
  2 ** 53,
  [],
  {},
  [[]],
  "9".repeat(400),
];

/** Values that nobody expects. */
const oddity: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom<unknown>(...ODD),
  },
  { weight: 5, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(nested(700), "x".repeat(20_000)) },
);

function nested(depth: number): unknown {
  let value: unknown = CANARY;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
}

type Step = "replace" | "remove" | "rename" | "repeat";

/** A value with something in it replaced, gone, called otherwise or repeated. `chance` picks the place. */
const mutate = (value: unknown, chance: readonly number[], step: Step, odd: unknown): unknown => {
  const [first = 0, ...rest] = chance;
  if (typeof value !== "object" || value === null || rest.length === 0) return odd;
  if (Array.isArray(value)) {
    if (value.length === 0) return [odd];
    const at = first % value.length;
    return step === "repeat" ? [...value, ...value] : value.with(at, mutate(value[at], rest, step, odd));
  }
  const entries = Object.entries(value);
  const entry = entries[first % Math.max(1, entries.length)];
  if (entry === undefined) return { a: odd };
  const [key, inner] = entry;
  if (rest.length === 1 && step === "remove")
    return Object.fromEntries(entries.filter(([name]) => name !== key));
  if (rest.length === 1 && step === "rename")
    return { ...value, [key.toUpperCase()]: inner, [key]: undefined };
  return { ...value, [key]: mutate(inner, rest, step, odd) };
};

/** JSON values of a known shape, spoiled in their structure. */
export const reshaped = (...values: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(
      fc.constantFrom(...values),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 5 }),
      fc.constantFrom<Step>("replace", "replace", "remove", "rename", "repeat"),
      oddity,
    )
    .map(([value, chance, step, odd]) => mutate(value, chance, step, odd));

/** A name is quoted, also where it was a secret before the text was spoiled. */
const QUOTES_A_NAME =
  /duplicate name|no kind|does not exist|was not found|not allowed|allowlist|plugin policy|file path/;

/** Of a spoiled proxy-url the password may be a user name or a host, and client-go's text quotes these. */
const quotesUserName = (text: string): boolean =>
  text.includes("'proxy-url'") && !text.includes(`:${CANARY}@`);

/** What a person may come to read of an error: with `-v=4` its causes too. */
const wordsOf = (error: unknown): readonly string[] => {
  const words: string[] = [];
  for (let each = error, depth = 0; each instanceof Error && depth < 10; each = each.cause, depth++) {
    words.push(each.message);
    if (each instanceof KnownError) words.push(each.hint);
  }
  return words;
};

/** Longer is a hang, also on a machine that does other things. */
const TIME = 10_000;

/** Runs something that may fail on purpose only, and in time. */
export const accepted = async <T>(work: () => T | Promise<T>): Promise<T | undefined> =>
  (await tried(work)).value;

/** The same, and without a word of what is secret. */
export const judged = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
  const { value, error } = await tried(work);
  for (const text of wordsOf(error))
    if (text.includes(CANARY) && !QUOTES_A_NAME.test(text) && !quotesUserName(text))
      throw new Error(`a secret in: ${text}`, { cause: error });
  return value;
};

interface Tried<T> {
  readonly value: T | undefined;
  readonly error: KnownError | undefined;
}

const tried = async <T>(work: () => T | Promise<T>): Promise<Tried<T>> => {
  const start = performance.now();
  const outcome = await (async () => await work())().then(
    (value): Tried<T> => ({ value, error: undefined }),
    (error: unknown): Tried<T> => {
      if (error instanceof KnownError) return { value: undefined, error };
      throw error;
    },
  );
  if (performance.now() - start > TIME) throw new Error("it takes too long");
  return outcome;
};
