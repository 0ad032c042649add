import {
  boolean,
  integer,
  list,
  object,
  optional,
  parseJson,
  string,
  type Decoder,
} from "../../base/decode.ts";

/** What two kauths of one user say to each other: a line of JSON each way. Another version says nothing to us. */
const VERSION = 1;

/** Asks who is there, or for a way into the pages of some targets. */
export type Question = { readonly who: true } | { readonly open: OpenQuestion };

export interface OpenQuestion {
  /** Hashes, as `targetKeys` makes them. */
  readonly keys: readonly string[];
  /** Where the pages have to be; empty: anywhere. */
  readonly addresses: readonly string[];
  /** A link to print, or the path of a launch file to start a browser on. */
  readonly as: "link" | "file";
}

export interface OpenedTargetName {
  readonly target: string;
  readonly namespace: string;
  readonly context: string | undefined;
}

/** Who answers. Nothing of it is secret. */
export interface Who {
  readonly pid: number;
  readonly targets: readonly OpenedTargetName[];
  /** As `127.0.0.1:18000`. */
  readonly addresses: readonly string[];
}

/** A way into the pages. */
export interface Way {
  /** The link, which is a secret, or the path of the file. */
  readonly way: string;
  readonly goodForSeconds: number;
}

/** Without a way the targets are not all served there. */
export interface Answer extends Who {
  readonly open: Way | undefined;
}

/** A few targets with long names; a hash has 64 characters. */
const LIST_MOST = 64;

const short =
  <T>(inner: Decoder<readonly T[]>): Decoder<readonly T[]> =>
  (value, path) => {
    const read = inner(value, path);
    if (read.length > LIST_MOST) throw new RangeError(`${path} is too long`);
    return read;
  };

const question = object({
  kauth: integer,
  who: optional(boolean),
  open: optional(object({ keys: short(list(string)), addresses: short(list(string)), as: string })),
});

const answer = object({
  kauth: integer,
  pid: integer,
  targets: short(list(object({ target: string, namespace: string, context: optional(string) }))),
  addresses: short(list(string)),
  open: optional(object({ way: string, goodForSeconds: integer })),
});

export const questionLine = (asked: Question): string => `${JSON.stringify({ kauth: VERSION, ...asked })}\n`;
export const answerLine = (answered: Answer): string =>
  `${JSON.stringify({ kauth: VERSION, ...answered })}\n`;

/** Undefined: not understood. */
export const readQuestion = (line: string): Question | undefined =>
  attempt(() => {
    const { kauth, who, open } = question(parseJson(line), "");
    if (kauth !== VERSION || (who === true) === (open !== undefined)) return undefined;
    if (open === undefined) return { who: true };
    const { as } = open;
    return as === "link" || as === "file" ? { open: { ...open, as } } : undefined;
  });

/** Undefined: not understood. */
export const readAnswer = (line: string): Answer | undefined =>
  attempt(() => {
    const { kauth, ...read } = answer(parseJson(line), "");
    return kauth === VERSION ? read : undefined;
  });

/** Whatever a peer says is no reason to fail. */
const attempt = <T>(read: () => T | undefined): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
