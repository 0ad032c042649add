/**
 * An import of one of Node's own modules reads every name that the module has, and some of these load a good part of
 * Node: `node:fs` and `node:util` alone take longer than all of kauth. Asked for directly, a module loads what is used;
 * one that is imported as a whole (`import * as crypto`) is not even loaded before that. Sources stay as they are; this
 * is done to the built files.
 */
const IMPORT = /^import (?:\{([^}]*)\}|\* as (\w+)) from "(node:[\w/]+)";\n/gm;
/** The bundler puts a module's imports behind its name and what it waits for, and its own first of all. Elsewhere such a line is text of the program, as in a template. */
const HEADS = /^\/\/ \S+\n(?:init_\w+\(\);\n)*(?:import [^;]*;\n)+/gm;
/** The line for the shell, and what is imported from our own files. */
const TOP = /^(?:#!.*\n)?(?:import[^;]*;\n)*/;

const LOADERS = [
  // Node 22 has had `getBuiltinModule` since its third release.
  'const $builtin = process.getBuiltinModule ?? (await import("node:module")).createRequire(import.meta.url);',
  "const $later = (name) => new Proxy({}, { get: (_, key) => $builtin(name)[key] });",
];

/** A built file with its imports of Node's own modules made direct. */
export const directBuiltins = (text: string): string => {
  const loads: string[] = [];
  const direct = (
    _line: string,
    names: string | undefined,
    all: string | undefined,
    module: string,
  ): string => {
    loads.push(
      all === undefined
        ? `const {${(names ?? "").replaceAll(" as ", ": ")}} = $builtin("${module}");`
        : `const ${all} = $later("${module}");`,
    );
    return "";
  };
  const rest = [TOP, HEADS].reduce(
    (whole, heads) => whole.replace(heads, (head) => head.replace(IMPORT, direct)),
    text,
  );
  if (loads.length === 0) return text;
  const top = TOP.exec(rest)?.[0] ?? "";
  return [top, ...[...LOADERS, ...loads].map((line) => `${line}\n`), rest.slice(top.length)].join("");
};

/** The same program in ASCII, which is read and kept in half the bytes. Strings, templates and patterns know escapes. */
export const inAscii = (text: string): string =>
  text.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
