import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { iamGetTokenCommand } from "../src/cli/commands/iam-get-token.ts";
import { iamTokenCommand } from "../src/cli/commands/iam-token.ts";
import { ROOT } from "./house/source.ts";

const page = readFileSync(join(ROOT, "docs", "from-aws-iam-authenticator.md"), "utf8");

/** The first cells of the table below a heading. */
const options = (heading: string): readonly string[] => {
  const [, after = ""] = page.split(`\n### ${heading}\n`);
  const [section = ""] = after.split("\n#");
  return [...section.matchAll(/^\| `--([a-z-]+)` +\|/gm)].map(([, name = ""]) => name);
};

describe("docs/from-aws-iam-authenticator.md", () => {
  test("has a row for each option of token", () => {
    expect(options("Options of `token`").toSorted()).toEqual(Object.keys(iamTokenCommand.options).toSorted());
  });

  test("has a row for each option of get-token that token has not, or that means something else", () => {
    const rows = options("Options of `aws eks get-token`");
    const all = Object.keys(iamGetTokenCommand.options);
    for (const name of rows) expect(all).toContain(name);
    for (const name of all)
      expect(rows.includes(name) || Object.hasOwn(iamTokenCommand.options, name), name).toBe(true);
  });

  test("names a test for each defect, and there is such a test", () => {
    const [, table = ""] = page.split("\n## Defects that are no more\n");
    const rows = [...table.matchAll(/^\| D(\d+) +\|[^|]*\| `([^`]+)`: (.*?) +\|$/gm)];
    expect(rows.map(([, number]) => Number(number))).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    for (const [, , path = "", name = ""] of rows)
      expect(readFileSync(join(ROOT, path), "utf8"), `${path}: ${name}`).toContain(name);
  });
});
