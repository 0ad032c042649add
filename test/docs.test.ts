import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { CODES } from "../src/base/codes.ts";
import { WRITTEN } from "../src/cli/clean.ts";
import type { OptionSpec } from "../src/cli/command.ts";
import { COMMANDS, findCommand } from "../src/cli/commands.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../src/cli/globals.ts";
import { parseLine } from "../src/cli/options.ts";
import { readConfig } from "../src/cli/config.ts";
import { PRESETS } from "../src/ui/index.ts";
import { unlike } from "../tools/json-document.ts";
import { IAM_DOCUMENTS } from "../tools/json-iam.ts";
import { EVENTS } from "../tools/json-keys.ts";
import { OIDC_DOCUMENTS } from "../tools/json-oidc.ts";
import { PAGES } from "../tools/reference.ts";
import { filesOf, ROOT, scan, type SourceFile } from "./house/source.ts";

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const sorted = (names: Iterable<string>): readonly string[] => [...names].toSorted();

describe("the reference pages are what the code says", () => {
  test.each(Object.entries(PAGES).map(([path, render]) => ({ path, render })))(
    "$path",
    ({ path, render }) => {
      expect(read(path)).toBe(render());
    },
  );

  test("each code has its heading, and each heading its code", () => {
    const headings = [...read("docs/errors.md").matchAll(/^## (.+)$/gm)].map(([, name = ""]) => name);
    expect(sorted(headings)).toEqual(sorted(Object.keys(CODES)));
  });

  test("each command and option is in cli.md", () => {
    const page = read("docs/cli.md");
    for (const command of COMMANDS) {
      expect(page).toContain(`\n## kauth ${command.path.join(" ")}\n`);
      for (const option of Object.keys(command.options)) expect(page).toContain(`--${option}`);
    }
  });

  test("json.md has each event and each of its keys", () => {
    const page = read("docs/json.md");
    for (const [name, { keys }] of Object.entries(EVENTS)) {
      const [, after = ""] = page.split(`\n### ${name}\n`);
      const [section = ""] = after.split("\n#");
      for (const key of Object.keys(keys)) expect(section).toContain(`\n| \`${key}\` |`);
    }
  });

  test("json.md has a section for each command that writes JSON, whose example has each of its keys", () => {
    const page = read("docs/json.md");
    const writes = COMMANDS.filter(({ options: { output } }) => output?.choices?.includes("json"));
    for (const { path } of writes) {
      const name = path.join(" ");
      const section = /^kauth (?:oidc|iam) get-token$/.test(`kauth ${name}`)
        ? "ExecCredential"
        : `kauth ${name}`;
      expect(page).toContain(`\n## ${section}\n`);
    }
    for (const [name, of] of Object.entries({ ...OIDC_DOCUMENTS, ...IAM_DOCUMENTS }))
      expect(
        unlike(of, JSON.parse(JSON.stringify(of.example))).filter((each) => each.includes(" has ")),
        name,
      ).toEqual([]);
  });

  test("files.md has a row for each file that is written", () => {
    const rows = [...read("docs/files.md").matchAll(/^\| (?:state|cache|runtime|temp|tokens): /gm)];
    expect(rows.length).toBe(WRITTEN.length);
  });
});

describe("every code is used, and only codes are", () => {
  const sources = filesOf((path) => /^src\/.*\.ts$/.test(path) && !/\.test\.ts$|\/codes\.ts$/.test(path));
  const thrown = (files: readonly SourceFile[]): ReadonlySet<string> =>
    new Set(
      files.flatMap(({ text }) =>
        [...scan(text).code.matchAll(/"([A-Z][A-Z_]{4,})"/g)].map(([, code = ""]) => code),
      ),
    );

  test("in the sources", () => {
    const used = thrown(sources);
    expect(Object.keys(CODES).filter((code) => !used.has(code))).toEqual([]);
  });

  test("a code that only a comment names does not count", () => {
    expect(
      thrown([{ path: "src/a.ts", text: '// throws "USAGE"\nthrow new KnownError("TARGET_INVALID", "x");' }]),
    ).toEqual(new Set(["TARGET_INVALID"]));
  });

  test("each says what it means and what to do, in sentences", () => {
    for (const { means, next } of Object.values(CODES)) {
      expect(means).toMatch(/^(?:[A-Z]|kauth |config\.yaml ).*\.$/);
      expect(next).toMatch(/^(?:[A-Z]|kauth |config\.yaml ).*\.$/);
    }
  });
});

/** Lines of the shell blocks of a page, without comments. */
const shellLines = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^```(?:sh|console)\n([^]*?)^```$/gm)].flatMap(([, block = ""]) =>
    block
      .split("\n")
      .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
      .filter((line) => line !== ""),
  );

/** Why a line of a page cannot be run as it stands; undefined if it can. */
const wrongWith = (line: string, scripts: Readonly<Record<string, string>>): string | undefined => {
  for (const part of line.split(/&&|\|/).map((each) => each.trim().replace(/^(?:\w+=\S+\s+)+/, ""))) {
    const words = part
      .replace(/^source <\((.*)\)$/, "$1")
      .replace(/\s>\s.*$/, "")
      .split(/\s+/);
    const script = /^npm (?:run )?(\S+)/.exec(part)?.[1] ?? "";
    if (words[0] === "npm") {
      const builtIn = ["ci", "install", "link", "pack"].includes(script);
      if (!builtIn && !Object.hasOwn(scripts, script)) return `there is no script "${script}"`;
    }
    const program = words[0] === "kauth" ? 1 : part.startsWith("kubectl auth-proxy") ? 2 : 0;
    if (
      program === 0 ||
      words.length === program ||
      words[program] === "--help" ||
      words[program] === "--version"
    )
      continue;
    const after = program === 2 ? ["open", ...words.slice(2)] : words.slice(1);
    const command = findCommand(after);
    if (command === undefined) return `there is no command "${after[0]}"`;
    try {
      const specs: Record<string, OptionSpec> = { ...command.options, ...COMMON_OPTIONS, ...KLOG_OPTIONS };
      parseLine(after.slice(command.path.length), specs);
    } catch (error) {
      return error instanceof Error ? error.message : "it is wrong";
    }
  }
  return undefined;
};

describe("what the pages tell a reader to run exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const pages = filesOf((path) => path.endsWith(".md"));

  test.each(pages)("$path", ({ text }) => {
    const faults = shellLines(text).flatMap((line) => {
      const fault = wrongWith(line, scripts);
      return fault === undefined ? [] : [`${line}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  test("the examples of every command do too", () => {
    for (const { examples } of COMMANDS)
      for (const { command } of examples) expect(wrongWith(command, scripts)).toBeUndefined();
  });

  test("the README begins with the two set-up commands", () => {
    const lines = shellLines(read("README.md"));
    expect(lines.slice(0, 2)).toEqual(["npm ci && npm run demo", "npm ci && npm test"]);
  });

  test.each([
    { line: "kauth opne svc/ui", fault: 'there is no command "opne"' },
    { line: "kauth open svc/ui --teh-option", fault: "Cannot use --teh-option: there is no such option" },
    { line: "kubectl auth-proxy --adress x", fault: "Cannot use --adress: there is no such option" },
    { line: "npm ci && npm run nothing", fault: 'there is no script "nothing"' },
  ])("seen failing: $line", ({ line, fault }) => {
    expect(wrongWith(line, {})).toBe(fault);
  });
});

/** As GitHub makes anchors of headings. */
const anchors = (markdown: string): ReadonlySet<string> =>
  new Set(
    [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );

const brokenLinks = ({ path, text }: SourceFile): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchors(file === "" ? text : read(target)).has(anchor);
    });

describe("config.yaml as the README shows it", () => {
  const blocks = [...read("README.md").matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
  const [shown] = blocks.filter((block) => block.startsWith("version:"));

  test("is taken", async () => {
    const { commands } = await readConfig(parse(shown ?? ""), "README.md");
    expect(commands.get("open")?.get("address")).toEqual(["127.0.0.1:19000"]);
  });
});

describe("config.yaml as docs/config.md shows it", () => {
  test("is taken", async () => {
    const [, shown = ""] = /^```yaml\n([^]*?)^```$/m.exec(read("docs/config.md")) ?? [];
    const { commands, presets, contexts } = await readConfig(parse(shown), "docs/config.md");
    expect([...commands.keys()]).toEqual(["open"]);
    expect(presets.map(({ id }) => id)).toEqual(["my-ui", "grafana"]);
    expect([...contexts.keys()]).toEqual(["prod-eu"]);
  });
});

describe("the schema of config.yaml", () => {
  test("has the keys that are read, and no other", () => {
    const schema = JSON.parse(read("docs/config.schema.json")) as {
      readonly additionalProperties: boolean;
      readonly properties: Readonly<Record<string, unknown>>;
    };
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties["version"]).toEqual({ const: 1 });
    expect(sorted(Object.keys(schema.properties))).toEqual(
      sorted(new Set(["version", "presets", "contexts", ...COMMANDS.map(({ path }) => path.join(" "))])),
    );
  });
});

describe("docs/uis.md", () => {
  const page = read("docs/uis.md");

  test("has a section and a row for each UI that is known", () => {
    const headings = [...page.matchAll(/^## ([a-z0-9-]+)$/gm)].map(([, id = ""]) => id);
    expect(sorted(headings)).toEqual(sorted(PRESETS.map(({ id }) => id)));
    for (const { id, strip } of PRESETS) {
      const [, cookies = ""] = new RegExp(`^\\| \\[\`${id}\`\\].*\\|([^|]*)\\|$`, "m").exec(page) ?? [];
      expect([...cookies.matchAll(/`([^`]+)`/g)].map(([, name]) => name)).toEqual(strip);
    }
  });

  const rows = [...page.matchAll(/^\| (U\d+) +\|[^|]+\|(.+)\|$/gm)].map(([, id = "", tests = ""]) => ({
    id,
    tests,
  }));

  test("has each observation from U1 to U24", () => {
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 24 }, (_value, at) => `U${at + 1}`));
  });

  test.each(rows)("$id names tests that there are", ({ tests }) => {
    const named = [...tests.matchAll(/`([^`]+)`: ([^;]+?) *(?:;|$)/g)];
    expect(named.length).toBe(tests.split(";").length);
    for (const [, path = "", name = ""] of named) expect(read(path), path).toContain(name);
  });
});

describe("links lead somewhere", () => {
  const pages = filesOf((path) => path.endsWith(".md"));

  test.each(pages)("$path", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test("seen failing", () => {
    const text = "[a](docs/nothing.md) [b](docs/cli.md#nothing) [c](#nowhere) [d](docs/cli.md#kauth-open)";
    expect(brokenLinks({ path: "README.md", text })).toEqual([
      "docs/nothing.md",
      "docs/cli.md#nothing",
      "#nowhere",
    ]);
  });
});

/** Test files that the pages name, as `path/name.test.ts`. */
const namedTests = (text: string): readonly string[] =>
  [...text.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, path = ""]) => path);

describe("tests that the pages name exist", () => {
  test.each(filesOf((path) => path.endsWith(".md")))("$path", ({ text }) => {
    expect(namedTests(text).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("the threat model names some", () => {
    expect(namedTests(read("docs/threat-model.md")).length).toBeGreaterThan(10);
  });
});
