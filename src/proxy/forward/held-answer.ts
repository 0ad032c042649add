import { Gathered } from "./gathered.ts";

/** What came of an answer while it was not yet decided whether the client gets it. */
export type HeldPart =
  | { readonly kind: "body"; readonly chunk: Buffer }
  | { readonly kind: "end"; readonly rest: number }
  | { readonly kind: "failure"; readonly error: unknown };

/** An answer that says in its body that a credential was refused is short. */
const LOOK_MAX = 64 * 1024;

export class HeldAnswer {
  readonly #body = new Gathered();
  /** Of its end. */
  readonly #rest: HeldPart[] = [];

  get parts(): readonly HeldPart[] {
    return this.#body.size === 0 ? this.#rest : [{ kind: "body", chunk: this.body() }, ...this.#rest];
  }

  /** Nothing more comes. */
  get ended(): boolean {
    return this.#rest.length > 0;
  }

  get tooLong(): boolean {
    return this.#body.size > LOOK_MAX;
  }

  add(part: HeldPart): void {
    if (part.kind === "body") this.#body.add(part.chunk);
    else this.#rest.push(part);
  }

  body(): Buffer {
    return this.#body.bytes;
  }
}
