import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../src/cli/commands.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../src/cli/globals.ts";
import { ROOT } from "./house/source.ts";

const page = readFileSync(join(ROOT, "docs", "from-kubelogin.md"), "utf8");

/** The rows of the tables below a heading, cell by cell. */
const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split("\n")
    .filter((line) => /^\|(?! *-)/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );

const section = (title: string): string => page.split(/^## /m).find((part) => part.startsWith(title)) ?? "";
const [old = "", added = ""] = section("Options").split("New in kauth:");
const named = (cells: readonly string[]): readonly string[] =>
  cells.flatMap((cell) => [...cell.matchAll(/`--([\w-]+)`/g)].map(([, name = ""]) => name));
const flagsOf = (text: string): readonly string[] => rowsOf(text).flatMap(([first = ""]) => named([first]));
const commands = COMMANDS.filter(({ path }) => path[0] === "oidc");
const options = new Set(commands.flatMap((command) => Object.keys(command.options)));

describe("docs/from-kubelogin.md", () => {
  test("has every option of kauth oidc, once", () => {
    const flags = [...flagsOf(old), ...flagsOf(added)];
    expect(flags.length).toBeGreaterThan(50);
    expect(flags.filter((flag, index) => flags.indexOf(flag) !== index)).toEqual([]);
    expect([...options].filter((name) => !flags.includes(name))).toEqual([]);
  });

  test("has no option that there is not", () => {
    const known = new Set([...options, ...Object.keys(COMMON_OPTIONS), ...Object.keys(KLOG_OPTIONS)]);
    const flags = rowsOf(old + added).flatMap(named);
    expect(flags.filter((flag) => !known.has(flag))).toEqual([]);
  });

  // oidc.md §1.2.
  test.each([
    "oidc-issuer-url oidc-client-id oidc-client-secret oidc-redirect-url oidc-extra-scope oidc-use-access-token",
    "oidc-request-header force-refresh token-cache-dir token-cache-storage oidc-use-pkce oidc-pkce-method",
    "certificate-authority certificate-authority-data insecure-skip-tls-verify tls-renegotiation-once",
    "tls-renegotiation-freely grant-type listen-address skip-open-browser browser-command",
    "authentication-timeout-sec local-server-cert local-server-key open-url-after-authentication",
    "oidc-auth-request-extra-params username password kubeconfig context user v vmodule logtostderr",
    "alsologtostderr log_file log_dir log_file_max_size log_backtrace_at add_dir_header one_output",
    "skip_headers skip_log_headers stderrthreshold",
  ])("has kubelogin's %s", (line) => {
    const flags = rowsOf(old).flatMap(named);
    for (const name of line.split(" ")) expect(flags).toContain(name);
  });

  test("says of each whether it is the same, better or different, and of what is not the same why", () => {
    const rows = [...rowsOf(section("Commands")), ...rowsOf(old), ...rowsOf(section("Behaviour"))].filter(
      ([, verdict]) => verdict !== "is",
    );
    expect(rows.length).toBeGreaterThan(50);
    for (const [what = "", verdict = "", why = ""] of rows) {
      expect(["same", "better", "different"], what).toContain(verdict);
      if (verdict !== "same") expect(why, what).not.toBe("");
    }
  });

  test("names every command of kauth oidc", () => {
    for (const { path } of commands) expect(page).toContain(path[1]);
  });

  test("kubelogin's defaults are ours", () => {
    const getToken = commands.find(({ path }) => path[1] === "get-token")?.options ?? {};
    expect(
      Object.fromEntries(
        Object.entries(getToken).flatMap(([name, spec]) =>
          spec.default === undefined ? [] : [[name, spec.default]],
        ),
      ),
    ).toMatchObject({
      "authentication-timeout-sec": "180",
      "grant-type": "auto",
      "oidc-pkce-method": "auto",
      "token-cache-storage": "disk",
    });
  });
});
