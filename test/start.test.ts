import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import { filesOf, scan } from "./house/source.ts";

/** Parts of Node that take milliseconds to load; imported as a whole (`import * as crypto`) they are loaded when used. */
const SLOW: ReadonlySet<string> = new Set(
  [
    "child_process",
    "crypto",
    "dns",
    "http",
    "http2",
    "https",
    "net",
    "readline",
    "stream",
    "tls",
    "tty",
    "zlib",
  ].map((name) => `node:${name}`),
);

interface Loaded {
  readonly specifier: string;
  /** `import * as x`. */
  readonly whole: boolean;
}

/** What is loaded together with a file. */
const loadedBy = (text: string): readonly Loaded[] =>
  [...scan(text).code.matchAll(/^(?:import|export)\s+(?!type\s)([^"';]*?)\s*from\s*"([^"]+)"/gm)]
    .filter(([, names = ""]) => {
      const words = names.replaceAll(/[{}]/g, "").split(",");
      return !words.every((word) => word.trim() === "" || word.trim().startsWith("type "));
    })
    .map(([, names = "", specifier = ""]) => ({ specifier, whole: names.startsWith("*") }));

/** Everything that is loaded with a file of `sources`, by the way that leads there. */
const reach = (start: string, sources: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  const visit = (path: string, way: string): void => {
    if (found.has(path)) return;
    found.set(path, way);
    for (const { specifier, whole } of loadedBy(sources.get(path) ?? "")) {
      if (specifier.startsWith("."))
        visit(posix.join(posix.dirname(path), specifier), `${way} → ${specifier}`);
      else if (!whole) found.set(specifier, way);
    }
  };
  visit(start, start);
  return found;
};

const tooMuch = (found: ReadonlyMap<string, string>): readonly string[] =>
  [...found]
    .filter(
      ([path]) => /^src\/(?:api|tunnel|route|proxy|demo)\//.test(path) || SLOW.has(path) || path === "yaml",
    )
    .map(([path, way]) => `${path}: ${way}`);

describe("what the start loads", () => {
  const sources = new Map(
    filesOf((path) => /^src\/.*\.ts$/.test(path) && !path.includes(".test.")).map(({ path, text }) => [
      path,
      text,
    ]),
  );

  test("is nothing that kauth token does not need", () => {
    const found = reach("src/cli/run.ts", sources);
    expect(found.size).toBeGreaterThan(40);
    expect(tooMuch(found)).toEqual([]);
  });

  test("is next to nothing where get-token has its answer", () => {
    const found = reach("src/cli/oidc/quick.ts", sources);
    expect(found.size).toBeGreaterThan(20);
    const much = [...found].filter(
      ([path]) =>
        /^src\/(?:kubeconfig|credentials|ui|iam)\//.test(path) || /^(?:jose|oauth4webapi|uqr)$/.test(path),
    );
    expect([...tooMuch(found), ...much.map(([path, way]) => `${path}: ${way}`)]).toEqual([]);
    // It takes a quarter of an empty process, and is asked for where something is written or drawn only.
    const crypto = [...found.keys()].filter((path) => sources.get(path)?.includes('"node:crypto"') === true);
    expect(crypto).toEqual(["src/base/files.ts", "src/base/system.ts"].filter((path) => found.has(path)));
  });

  test("of pages is nothing that only some of them need", () => {
    const found = reach("src/cli/open/run.ts", sources);
    expect(found.size).toBeGreaterThan(100);
    const seldom = ["node:zlib", "node:readline"].filter((name) => found.has(name));
    expect(seldom.map((name) => `${name}: ${found.get(name)}`)).toEqual([]);
  });

  test.each([
    { name: "another module", text: 'import { connect } from "../api/index.ts";', over: 1 },
    { name: "a part of Node", text: 'import { connect } from "node:net";', over: 1 },
    { name: "through a door", text: 'export { hash } from "node:crypto";', over: 1 },
    { name: "the YAML parser", text: 'import { parse } from "yaml";', over: 1 },
    { name: "only types", text: 'import type { Connection } from "../api/index.ts";', over: 0 },
    { name: "only types, one by one", text: 'import { type A, type B } from "../api/index.ts";', over: 0 },
    { name: "when it is used", text: 'import * as net from "node:net";', over: 0 },
    { name: "when it runs", text: 'const load = async () => await import("../api/index.ts");', over: 0 },
  ])("$name", ({ text, over }) => {
    const planted = new Map([["src/cli/main.ts", text]]);
    expect(tooMuch(reach("src/cli/main.ts", planted))).toHaveLength(over);
  });
});
