import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { readPlainYaml } from "../../src/base/plain-yaml.ts";
import { readDocuments } from "../../src/kubeconfig/yaml.ts";
import { DOCUMENTS, PLACES, SCALARS } from "../vectors/yaml.ts";
import { spoiled, type Wishes } from "./spoil.ts";

/** A piece of YAML before it is laid out. */
type Node =
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Node[]; readonly indent: number }
  | {
      readonly kind: "map";
      readonly entries: readonly (readonly [key: string, value: Node])[];
      readonly indent: number;
    };

/** Mostly what is plain: of a document with two oddities nothing is read. */
const scalar = fc.oneof(
  { weight: 20, arbitrary: fc.stringMatching(/^[a-z0-9:/._~+@=-]{1,12}$/) },
  {
    weight: 10,
    arbitrary: fc.constantFrom("https://10.0.0.1:6443", "LS0tLS1CRUdJTg==", "a b", "5", "true", "~"),
  },
  { weight: 4, arbitrary: fc.stringMatching(/^"[ -!#-[\]-~]{0,12}"( #.*)?$/) },
  { weight: 4, arbitrary: fc.stringMatching(/^'[ -&(-~]{0,12}'$/) },
  { weight: 4, arbitrary: fc.stringMatching(/^[-+._\d]{1,4}[-+._exob\d]{0,5}$/) },
  { weight: 4, arbitrary: fc.constantFrom(...SCALARS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
const key = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom("name", "server", "a", "b.c/d", "current-context", "tokenFile") },
  { weight: 1, arbitrary: fc.constantFrom(...SCALARS) },
);
const indent = fc.constantFrom(2, 2, 2, 2, 2, 2, 2, 4, 1, 0);

const { map } = fc.letrec<{ node: Node; map: Node }>((tie) => ({
  map: fc.record({
    kind: fc.constant("map" as const),
    entries: fc.uniqueArray(fc.tuple(key, tie("node")), {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name,
    }),
    indent,
  }),
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.record({ kind: fc.constant("scalar" as const), text: scalar }),
    tie("map"),
    fc.record({
      kind: fc.constant("list" as const),
      items: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
      indent,
    }),
  ),
}));

const shift = (lines: readonly string[], by: number): readonly string[] =>
  lines.map((line) => `${" ".repeat(by)}${line}`);

/** Block style. A block behind a dash begins on the dash's line. */
const layOut = (value: Node): readonly string[] => {
  if (value.kind === "scalar") return [value.text];
  if (value.kind === "list")
    return value.items.flatMap((item) => {
      const [first = "", ...rest] = layOut(item);
      return [`- ${first}`, ...shift(rest, 2)];
    });
  return value.entries.flatMap(([name, inner]) =>
    inner.kind === "scalar"
      ? [`${name}: ${inner.text}`]
      : [`${name}:`, ...shift(layOut(inner), inner.indent)],
  );
};

const document = fc.oneof(
  { weight: 6, arbitrary: map.map((value) => `${layOut(value).join("\n")}\n`) },
  {
    weight: 3,
    arbitrary: spoiled(...Object.values(DOCUMENTS), ...Object.values(PLACES).map((put) => put("text"))).map(
      (bytes) => bytes.toString("utf8"),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...Object.values(PLACES)), scalar).map(([put, text]) => put(text)),
  },
);

const whole = async (text: string): Promise<unknown> => {
  const [found] = await readDocuments(text);
  if (found === undefined) throw new Error("the parser finds no document");
  const [fault] = found.errors;
  if (fault !== undefined) throw fault;
  return found.toJS({ maxAliasCount: -1 }) as unknown;
};

/** Less, and the property would say nothing. */
const SHARE = 0.15;

/** Whatever the reader of plain YAML takes, it reads as the whole parser does. */
export async function fuzzPlainYaml({ runs, seed }: Wishes): Promise<void> {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(document, async (text) => {
      const plain = readPlainYaml(text);
      if (plain === undefined) return;
      taken += 1;
      const wanted = await whole(text);
      if (!isDeepStrictEqual(plain, wanted))
        throw new Error(`${JSON.stringify(plain)} is not ${JSON.stringify(wanted)}`);
    }),
    { numRuns: runs, ...seed },
  );
  if (taken < runs * SHARE) throw new Error(`only ${taken} of ${runs} texts were plain`);
}
