import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as rules from "./house/rules.ts";
import { filesOf, importsOf, ROOT, scan, type SourceFile } from "./house/source.ts";

const TABLE = rules.readTable(readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8"));
const CODE = filesOf((path) => /^(?:src|test|e2e|bench|tools)\/.*\.ts$/.test(path));
const TEXTS = filesOf(
  (path) => /\.(?:ts|md|json|yaml|yml|sh)$|^\.ci\/|^\.[a-z]+rc/.test(path) && path !== "package-lock.json",
);

interface Row {
  readonly name: string;
  readonly rule: rules.Rule;
  /** Each of them breaks the rule. */
  readonly planted: readonly SourceFile[];
  /** None of them does. */
  readonly fine?: readonly SourceFile[];
  readonly files?: readonly SourceFile[];
}

const at = (path: string, text = ""): SourceFile => ({ path, text });
/** Words that would break their own rule here are put together. */
const word = (...parts: readonly string[]): string => parts.join("");

const ROWS: readonly Row[] = [
  {
    name: "modules import what the table of ARCHITECTURE.md allows",
    rule: rules.direction(TABLE),
    planted: [
      at("src/proxy/new.ts", 'import { connect } from "../api/index.ts";'),
      at("src/base/new.ts", 'import type { Pod } from "../api/index.ts";'),
      at("src/tunnel/spdy/new.ts", 'export { x } from "../../route/index.ts";'),
      at("src/api/new.ts", 'const m = await import("../demo/index.ts");'),
      at("src/route/new.ts", 'import "../cli/index.ts";'),
      at("src/proxy/new.ts", 'import {\n  a,\n  b,\n} from "../tunnel/index.ts";'),
      at("src/unheard-of/new.ts", 'import { x } from "../api/index.ts";'),
    ],
    fine: [
      at("src/cli/new.ts", 'import { connect } from "../api/index.ts";'),
      at("src/proxy/new.ts", '// import { connect } from "../api/index.ts";'),
      at("src/proxy/new.ts", 'const text = `import { connect } from "../api/index.ts"`;'),
    ],
  },
  {
    name: "another module is entered by its door",
    rule: rules.doors,
    planted: [
      at("src/cli/new.ts", 'import { x } from "../api/connection.ts";'),
      at("src/cli/open/new.ts", 'const m = await import("../../proxy/guard.ts");'),
      at("src/index.ts", 'export { x } from "./api/connection.ts";'),
    ],
    fine: [
      at("src/cli/new.ts", 'import { x } from "../base/errors.ts";'),
      at("src/api/new.ts", 'import { x } from "./connection.ts";'),
    ],
  },
  {
    name: "a module does not use its own door",
    rule: rules.ownDoor,
    planted: [at("src/api/new.ts", 'import { connect } from "./index.ts";')],
  },
  {
    name: "a file fits a reader's head",
    rule: rules.size,
    planted: [at("src/api/new.ts", "x;\n".repeat(401))],
    fine: [at("src/api/new.ts", "x;\n".repeat(400))],
  },
  {
    name: "a name says something",
    rule: rules.names,
    planted: [
      at("src/api/utils.ts"),
      at("src/helpers/text.ts"),
      at("src/api/common.test.ts"),
      at("test/manager.ts"),
      at("src/cli/misc/x.ts"),
    ],
    fine: [at("src/proxy/guard.ts")],
  },
  {
    name: "nothing is left unfinished or switched off",
    rule: rules.unfinished,
    files: TEXTS,
    planted: [
      at("src/a.ts", `// ${word("TO", "DO")}: later`),
      at("src/a.ts", `// ${word("FIX", "ME")}`),
      at("src/a.ts", `throw new Error("${word("not imple", "mented")}")`),
      at("src/a.test.ts", `test${word(".sk", "ip")}("x", () => {})`),
      at("src/a.test.ts", `describe${word(".on", "ly")}("x", () => {})`),
    ],
  },
  {
    name: "no path of one machine",
    rule: rules.machinePaths,
    files: TEXTS,
    planted: [at("docs/x.md", word("see /wo", "rk/main")), at("src/a.ts", word('"/ro', 'ot/.kube/config"'))],
  },
  {
    name: "imports are node: or a dependency with its place",
    rule: rules.packages,
    planted: [
      at("src/api/new.ts", 'import { readFile } from "fs/promises";'),
      at("src/api/new.ts", 'import { WebSocket } from "ws";'),
      at("src/api/new.ts", 'import { serve } from "bun";'),
      at("src/api/new.ts", 'import { parse } from "yaml";'),
    ],
    fine: [at("src/kubeconfig/yaml.ts", 'import { parse } from "yaml";\nimport { join } from "node:path";')],
  },
  {
    name: "import paths end in .ts and lead to no test",
    rule: rules.endings,
    planted: [
      at("src/api/new.ts", 'import { x } from "./connection";'),
      at("src/api/new.ts", 'import { x } from "./connection.js";'),
      at("src/api/new.ts", 'import { x } from "../../test/program.ts";'),
      at("src/api/new.ts", 'import { x } from "./connection.test.ts";'),
    ],
  },
  {
    name: "only cli prints",
    rule: rules.printing,
    planted: [at("src/api/new.ts", "console.error(1);"), at("src/cli/new.ts", "  console\n    .log(1);")],
    fine: [at("src/demo/plugin.ts", "export const PLUGIN = `console.log(1)`;")],
  },
  {
    name: "no module keeps state",
    rule: rules.topLevelState,
    planted: [
      at("src/api/new.ts", "let count = 0;"),
      at("src/api/new.ts", "import x;\nexport let count = 0;"),
      at("src/api/new.ts", "const seen = new Map<string, number>();"),
      at("src/api/new.ts", "export const seen: string[] = [];"),
    ],
    fine: [at("src/api/new.ts", 'function f() {\n  let count = 0;\n}\nconst NAMES = new Set(["a"]);')],
  },
  {
    name: "only the rim touches the process",
    rule: rules.processAccess,
    planted: [
      at("src/api/new.ts", 'const home = process.env["HOME"];'),
      at("src/cli/open/new.ts", "process.stdout.write(text);"),
    ],
    fine: [at("src/api/new.ts", "// process.env is not for us\nfinished.process.kill();")],
  },
  {
    name: "only the rim ends the process",
    rule: rules.exits,
    planted: [at("src/cli/open/new.ts", "process.exit(1);")],
  },
  {
    name: "time and chance come from System",
    rule: rules.clock,
    planted: [
      at("src/api/new.ts", "const now = Date.now();"),
      at("src/api/new.ts", "const now = new Date();"),
      at("src/route/new.ts", "const x = Math.random();"),
    ],
    fine: [at("src/api/new.ts", "const end = new Date(expiresAt);")],
  },
  {
    name: "secrets are made of System's random bytes",
    rule: rules.randomness,
    planted: [at("src/proxy/new.ts", 'import { randomBytes } from "node:crypto";')],
  },
  {
    name: "programs are started by System",
    rule: rules.processes,
    planted: [
      at("src/credentials/new.ts", 'import { spawn } from "node:child_process";'),
      at("src/credentials/new.ts", 'import { spawn, type ChildProcess } from "node:child_process";'),
      at("src/cli/new.ts", 'const { spawn } = await import("node:child_process");'),
    ],
    fine: [
      at("src/credentials/new.ts", 'import type { ChildProcess } from "node:child_process";'),
      at("src/credentials/new.ts", 'import { type ChildProcess } from "node:child_process";'),
    ],
  },
  {
    name: "nothing is run by a shell or evaluated",
    rule: rules.shell,
    planted: [at("src/base/new.ts", "spawn(file, { shell: true });"), at("src/base/new.ts", "eval(text);")],
  },
  {
    name: "TLS options are built in one place a peer",
    rule: rules.tls,
    planted: [
      at("src/api/new.ts", 'import { Agent } from "node:https";'),
      at("src/proxy/new.ts", 'import { connect } from "node:tls";'),
    ],
    fine: [at("src/api/new.ts", 'import type { TLSSocket } from "node:tls";')],
  },
  {
    name: "one file writes Authorization",
    rule: rules.authorization,
    planted: [
      at("src/api/new.ts", 'headers.push(["Authorization", value]);'),
      at("src/proxy/new.ts", 'const head = { "Authorization": value };'),
    ],
    fine: [at("src/proxy/new.ts", 'if (name === "authorization") drop();')],
  },
  {
    name: "one file listens",
    rule: rules.listening,
    planted: [at("src/proxy/new.ts", "createServer().listen(0);")],
  },
  {
    name: "only kauth demo imports demo",
    rule: rules.demoOnly,
    planted: [at("src/cli/open/new.ts", 'import { startDemo } from "../../demo/index.ts";')],
  },
  {
    name: "types are not given up",
    rule: rules.looseTypes,
    planted: [
      at("src/api/new.ts", word("// @ts-ig", "nore\nx();")),
      at("src/api/new.ts", word("// oxlint-dis", "able-next-line no-console")),
      at("src/api/new.ts", "const pod = body as unknown as Pod;"),
      at("src/api/new.ts", "function f(x: any) {}"),
    ],
    fine: [at("src/api/new.ts", "// as any reader knows\nconst x: unknown = 1;")],
  },
];

describe.each(ROWS)("$name", ({ rule, planted, fine = [], files = CODE }) => {
  test("here", () => {
    const found = files.flatMap(({ path, text }) => rule(path, text).map((fault) => `${path}: ${fault}`));
    expect(found).toEqual([]);
  });
  test.each(planted.map((file, index) => ({ ...file, index })))(
    "not in planted $path $index",
    ({ path, text }) => {
      expect(rule(path, text)).not.toEqual([]);
    },
  );
  test("not where it does not apply", () => {
    expect(fine.filter(({ path, text }) => rule(path, text).length > 0)).toEqual([]);
  });
});

describe("the checks see something", () => {
  test("files, and imports between modules", () => {
    expect(CODE.filter(({ path }) => path.startsWith("src/")).length).toBeGreaterThan(100);
    const between = CODE.flatMap(({ path, text }) => rules.edgesOf(path, text)).filter(
      ({ from, to }) => from !== to,
    );
    expect(between.length).toBeGreaterThan(200);
  });

  test("the table names each module of src, and only rows above", () => {
    const modules = readdirSync(join(ROOT, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect([...TABLE.keys()].toSorted()).toEqual(modules.toSorted());
    const above = new Set<string>();
    for (const [name, allowed] of TABLE) {
      expect([...allowed].filter((each) => !above.has(each))).toEqual([]);
      above.add(name);
    }
  });

  test("every rule is run", () => {
    const run = new Set(ROWS.map(({ rule }) => rule));
    const own = Object.entries(rules).filter(
      ([name]) => !["readTable", "edgesOf", "direction"].includes(name),
    );
    expect(own.filter(([, rule]) => !run.has(rule as rules.Rule)).map(([name]) => name)).toEqual([]);
  });
});

describe("taking source apart", () => {
  test.each([
    { name: "a named import", text: 'import { a } from "x";', found: ["x"] },
    { name: "a default and a star", text: 'import a, * as b from "x";', found: ["x"] },
    { name: "an effect", text: 'import "x";', found: ["x"] },
    { name: "an export", text: 'export * from "x";\nexport { a } from "y";', found: ["x", "y"] },
    { name: "a dynamic import", text: 'load: async () => (await import("x")).run', found: ["x"] },
    { name: "no comment", text: '/* import "x"; */ // import "y";', found: [] },
    {
      name: "after a pattern with a quote",
      text: 'const p = /["\'`]/g;\nimport { a } from "x";',
      found: ["x"],
    },
    { name: "after a division", text: 'const a = b / 2; // "\nimport { c } from "x";', found: ["x"] },
    { name: "within a template", text: 'const t = `a "${await import("x")}" import "y"`;', found: ["x"] },
  ])("$name", ({ text, found }) => {
    expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(found);
  });

  test("strings are emptied and lines kept", () => {
    const text = 'const a = "process.env";\nconst b = `x ${process.pid}\n`;\n/* let\n*/ c';
    const { bare } = scan(text);
    expect(bare).not.toContain("process.env");
    expect(bare).toContain("process.pid");
    expect(bare.split("\n").length).toBe(text.split("\n").length);
  });
});
