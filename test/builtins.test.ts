import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { directBuiltins, inAscii } from "../tools/builtins.ts";

test.each([
  {
    name: "names, renamed ones too",
    text: '// src/a.ts\nimport { join, resolve as resolve2 } from "node:path";\nlet a = join("b");\n',
    loads: ['const { join, resolve: resolve2 } = $builtin("node:path");'],
    rest: '// src/a.ts\nlet a = join("b");\n',
  },
  {
    name: "names on several lines, below our own imports and the line for the shell",
    text: '#!/usr/bin/env node\nimport {\n  a\n} from "../a.js";\n// src/b.ts\nimport {\n  readSync,\n  openSync\n} from "node:fs";\na(b);\n',
    top: '#!/usr/bin/env node\nimport {\n  a\n} from "../a.js";\n',
    loads: ['const {\n  readSync,\n  openSync\n} = $builtin("node:fs");'],
    rest: "// src/b.ts\na(b);\n",
  },
  {
    name: "what the bundler itself needs",
    text: 'import { createRequire } from "node:module";\nvar r = createRequire;\n',
    loads: ['const { createRequire } = $builtin("node:module");'],
    rest: "var r = createRequire;\n",
  },
  {
    name: "a whole module, later",
    text: '// src/a.ts\nimport * as fs from "node:fs";\nfs.openSync;\n',
    loads: ['const fs = $later("node:fs");'],
    rest: "// src/a.ts\nfs.openSync;\n",
  },
])("asks directly for $name", ({ text, top = "", loads, rest }) => {
  const direct = directBuiltins(text);
  expect(direct.startsWith(top)).toBe(true);
  expect(direct.endsWith(`\n${loads.join("\n")}\n${rest}`)).toBe(true);
});

test.each([
  { name: "our own files", text: 'import { a } from "./a.js";\na();\n' },
  {
    name: "a line of a template",
    text: '// src/a.ts\nvar plugin = `import { a } from "node:fs";\nimport { join } from "node:path";\n`;\n',
  },
  { name: "an import that is made later", text: 'let load = async () => await import("node:crypto");\n' },
])("leaves $name alone", ({ text }) => expect(directBuiltins(text)).toBe(text));

test("what is beyond ASCII says the same in it", () => {
  const text = 'let a = "✓ – 😀", b = `é`, c = /[äµ]/.test("µ");\n';
  const ascii = inAscii(text);
  expect(ascii).toMatch(/^[\0-\x7f]*$/);
  const run = (code: string): unknown => runInNewContext(`${code}[a, b, c].join()`);
  expect(run(ascii)).toBe(run(text));
});

test("a module is loaded when its first name is asked for", () => {
  const direct = directBuiltins('// src/a.ts\nimport * as os from "node:os";\n');
  const asked: string[] = [];
  const process = {
    getBuiltinModule: (name: string) => {
      asked.push(name);
      return { EOL: "end" };
    },
  };
  const code = direct.replace(/ \?\? \(await .*;$/m, ";");
  const context: { process: unknown; asked: unknown; before?: unknown; seen?: unknown } = {
    process,
    asked,
  };
  runInNewContext(`${code}before = asked.length; seen = os.EOL`, context);
  expect(context.before).toBe(0);
  expect([asked, context.seen]).toEqual([["node:os"], "end"]);
});
