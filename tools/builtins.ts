/**
 * An import of one of Node's own modules reads every name that the module has, and some of these load a good part of
 * Node: `node:fs`, `node:util` and `node:os` together take longer than all of kauth. Asked for directly, a module loads
 * what is used. Sources stay as they are; this is done to the built files.
 */
const IMPORT = /^import (?:\{([^}]*)\}|\* as (\w+)) from "(node:[\w/]+)";\n/gm;
/** The line for the shell, and what is imported from our own files. */
const TOP = /^(?:#!.*\n)?(?:import[^;]*;\n)*/;

/** Node 22 has had `getBuiltinModule` since its third release. */
const LOADER =
  'const $builtin = process.getBuiltinModule ?? (await import("node:module")).createRequire(import.meta.url);';

export const directBuiltins = (text: string): string => {
  const loads: string[] = [];
  const rest = text.replace(
    IMPORT,
    (_line, names: string | undefined, all: string | undefined, module: string) => {
      const wanted = all ?? `{${(names ?? "").replaceAll(" as ", ": ")}}`;
      loads.push(`const ${wanted} = $builtin("${module}");`);
      return "";
    },
  );
  if (loads.length === 0) return text;
  const top = TOP.exec(rest)?.[0] ?? "";
  return `${top}${LOADER}\n${loads.join("\n")}\n${rest.slice(top.length)}`;
};
