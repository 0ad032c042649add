import type { Node, ScalarTag } from "yaml";
import type * as Yaml from "yaml";

/** Keys that all merges of a text copy: more than any file spells out itself. */
const COPY_LIMIT = 500_000;

/**
 * The merge key as Go's reader takes it: in its order among the others, so that it replaces what stands before it and is
 * replaced by what follows. Of several sources the first counts. What a source means is found once, however many take it.
 */
export const goMerge = ({ Scalar, isAlias, isMap, isSeq }: typeof Yaml): ScalarTag => {
  const known = new WeakMap<object, ReadonlyMap<unknown, unknown>>();
  let copied = 0;
  const addToJSMap: Node["addToJSMap"] = (context, target, value) => {
    const behind = (node: unknown): unknown =>
      context !== undefined && isAlias(node) ? node.resolve(context.doc, context) : node;
    const source = behind(value);
    for (const item of isSeq(source) ? source.items.toReversed() : [source]) {
      const map = behind(item);
      if (!isMap(map)) throw new TypeError("a merge of what is no map");
      const pairs = known.get(map) ?? map.toJSON(null, context, Map);
      known.set(map, pairs);
      copied += pairs.size;
      if (copied > COPY_LIMIT) throw new RangeError("merges without end");
      for (const [key, inner] of pairs)
        if (target instanceof Map) target.set(key, inner);
        else if (typeof target === "object" && target !== null)
          Object.defineProperty(target, String(key), {
            value: inner,
            writable: true,
            enumerable: true,
            configurable: true,
          });
    }
  };
  return {
    tag: "tag:yaml.org,2002:merge",
    default: "key",
    test: /^<<$/,
    resolve: () => Object.assign(new Scalar(Symbol("<<")), { addToJSMap }),
    stringify: () => "<<",
  };
};
