/** What came of an answer while it was not yet decided whether the client gets it. */
export type HeldPart =
  | { readonly kind: "body"; readonly chunk: Buffer }
  | { readonly kind: "end"; readonly rest: number }
  | { readonly kind: "failure"; readonly error: unknown };

/** An answer that says in its body that a credential was refused is short. */
const LOOK_MAX = 64 * 1024;

export class HeldAnswer {
  readonly parts: HeldPart[] = [];
  #size = 0;
  #ended = false;

  /** Nothing more comes. */
  get ended(): boolean {
    return this.#ended;
  }

  get tooLong(): boolean {
    return this.#size > LOOK_MAX;
  }

  add(part: HeldPart): void {
    this.parts.push(part);
    if (part.kind === "body") this.#size += part.chunk.length;
    else this.#ended = true;
  }

  body(): Buffer {
    return Buffer.concat(this.parts.flatMap((part) => (part.kind === "body" ? [part.chunk] : [])));
  }
}
