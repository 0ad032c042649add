/** A sentence for each key of what a program reads, and no other: the compiler compares them with the types. */
export type Sentences<Shape> = { readonly [Key in Exclude<keyof Shape, "event">]-?: string };

/** What `-o json` of a command is. */
export interface Documented<Shape = unknown> {
  /** What is written. */
  readonly says: string;
  /** Of the object; of each object, where a list is written. */
  readonly keys: Sentences<Shape>;
  /** What is below a key, or each of what is: `user`, `files.findings`. */
  readonly parts: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly example: Shape | readonly Shape[];
}

/** The keys are those of the type, and so are the example's. */
export const documented = <Shape extends object>(of: {
  readonly says: string;
  readonly keys: Sentences<Shape>;
  readonly parts?: Documented["parts"];
  readonly example: NoInfer<Shape> | readonly NoInfer<Shape>[];
}): Documented => ({ ...of, parts: of.parts ?? {} });

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every object that is at a dotted path, through lists. */
const objectsAt = (value: unknown, path: readonly string[]): readonly Readonly<Record<string, unknown>>[] => {
  if (Array.isArray(value)) return value.flatMap((each: unknown) => objectsAt(each, path));
  if (!isObject(value)) return [];
  const [first, ...rest] = path;
  return first === undefined ? [value] : objectsAt(value[first], rest);
};

/** What a command has printed and the page does not say, and what the page says always to be there and is not. */
export const unlike = ({ keys, parts }: Omit<Documented, "example">, printed: unknown): readonly string[] =>
  [["", keys] as const, ...Object.entries(parts)].flatMap(([path, sentences]) =>
    objectsAt(printed, path === "" ? [] : path.split(".")).flatMap((object) => [
      ...Object.keys(object)
        .filter((key) => !Object.hasOwn(sentences, key))
        .map((key) => `${path} has ${key}`),
      ...Object.entries(sentences)
        .filter(([key, text]) => !text.includes("Missing") && object[key] === undefined)
        .map(([key]) => `${path} lacks ${key}`),
    ]),
  );
