import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** The top of the repository. */
export const ROOT = dirname(dirname(import.meta.dirname));

const LEFT_OUT = new Set(["node_modules", "dist", "build", "coverage", ".git"]);

export interface SourceFile {
  /** Below the top, with "/". */
  readonly path: string;
  readonly text: string;
}

/** Every file of the repository whose path passes. */
export function filesOf(wanted: (path: string) => boolean): readonly SourceFile[] {
  return readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !path.split("/").some((part) => LEFT_OUT.has(part)) && wanted(path))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

export interface Scanned {
  /** Without comments, and with templates emptied: imports are read from this. */
  readonly code: string;
  /** Without the content of strings too: words in it are the program's own. */
  readonly bare: string;
}

/** A slash after one of these begins a regular expression, elsewhere it divides. */
const BEFORE_PATTERN = /(?:^|[([{,;:=!&|?+\-*%~^<>]|\b(?:return|typeof|case|of|in|await))$/;

const PIECES = [
  { kind: "comment", pattern: /\/\/[^\n]*|\/\*[^]*?\*\//y },
  { kind: "string", pattern: /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y },
  { kind: "pattern", pattern: /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y },
] as const;

/** Takes TypeScript apart as far as the rules need it. Code within a template's `${}` is kept. */
export function scan(text: string): Scanned {
  let code = "";
  let bare = "";
  let at = 0;
  // For each open template the number of braces that are open in its `${}`.
  const templates: number[] = [];
  const put = (piece: string, blank = piece): void => {
    code += piece;
    bare += blank;
  };
  const skipTemplate = (): void => {
    for (; at < text.length; at++) {
      if (text[at] === "\\") at += 1;
      else if (text[at] === "\n") put("\n");
      else if (text[at] === "`") {
        at += 1;
        put("`");
        return;
      } else if (text.startsWith("${", at)) {
        at += 2;
        put("${");
        templates.push(0);
        return;
      }
    }
  };
  while (at < text.length) {
    const found = PIECES.map(({ kind, pattern }) => {
      pattern.lastIndex = at;
      return { kind, piece: pattern.exec(text)?.[0] };
    }).find(
      ({ kind, piece }) =>
        piece !== undefined && (kind !== "pattern" || BEFORE_PATTERN.test(bare.slice(-20).trimEnd())),
    );
    const piece = found?.piece;
    if (found !== undefined && piece !== undefined) {
      at += piece.length;
      if (found.kind === "comment") put(piece.replaceAll(/[^\n]/g, ""));
      else if (found.kind === "string") put(piece, '""');
      else put("/./");
      continue;
    }
    const letter = text[at] ?? "";
    at += 1;
    put(letter);
    if (letter === "`") skipTemplate();
    else if (templates.length > 0 && letter === "{") templates[templates.length - 1]! += 1;
    else if (templates.length > 0 && letter === "}") {
      const open = templates.pop() ?? 0;
      if (open === 0) skipTemplate();
      else templates.push(open - 1);
    }
  }
  return { code, bare };
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Static, type-only, re-exporting and dynamic imports. */
export const importsOf = (text: string): readonly Import[] =>
  [
    ...scan(text).code.matchAll(
      /\b(?:(?<keyword>import|export)\s+(?<type>type\s+)?(?:[\w*\s{},$]*?\bfrom\s*)?|import\s*\(\s*)["'](?<specifier>[^"'\n]+)["']/g,
    ),
  ].map(({ groups }) => ({
    specifier: groups?.["specifier"] ?? "",
    typeOnly: groups?.["type"] !== undefined,
  }));
