/** A way kauth fails on purpose, see `codes.ts`. */
export interface Code {
  readonly exit: 1 | 2;
  /** One sentence: what happened, in general. */
  readonly means: string;
  /** One sentence: what a person does next. */
  readonly next: string;
}

export const code = (exit: 1 | 2, means: string, next: string): Code => ({ exit, means, next });
