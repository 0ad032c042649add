import { describe, expect, test } from "vitest";
import { pluginEnvironment } from "./exec-environment.ts";

const order = (environment: Readonly<Record<string, string>>): string =>
  Object.entries(environment)
    .map((entry) => entry.join("="))
    .join(" ");

interface Row {
  readonly name: string;
  readonly parent: Readonly<Record<string, string | undefined>>;
  readonly own?: readonly (readonly [string, string])[];
  readonly wanted: string;
  readonly platform?: NodeJS.Platform;
}

describe("the environment of a plugin (§2.1)", () => {
  test.each<Row>([
    {
      name: "the parent's, then the info",
      parent: { A: "1", B: "2" },
      wanted: "A=1 B=2 KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "then its own, before the info",
      parent: { A: "1" },
      own: [["B", "2"]],
      wanted: "A=1 B=2 KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "its own wins, and stands where it came",
      parent: { A: "1", B: "2", C: "3" },
      own: [["B", "mine"]],
      wanted: "A=1 C=3 B=mine KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "the last duplicate wins",
      parent: {},
      own: [
        ["B", "1"],
        ["A", "2"],
        ["B", "3"],
      ],
      wanted: "A=2 B=3 KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "the info is last and wins over the parent's and its own",
      parent: { KUBERNETES_EXEC_INFO: "old", A: "1" },
      own: [
        ["KUBERNETES_EXEC_INFO", "mine"],
        ["B", "2"],
      ],
      wanted: "A=1 B=2 KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "an empty value is a value",
      parent: { A: "1" },
      own: [["A", ""]],
      wanted: "A= KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "a name with = is the name before it",
      parent: { A: "1" },
      own: [["A=C", "D"]],
      wanted: "A=C=D KUBERNETES_EXEC_INFO=info",
    },
    { name: "a variable that is not set", parent: { A: undefined }, wanted: "KUBERNETES_EXEC_INFO=info" },
    {
      name: "a name in another case is another name",
      parent: { path: "1" },
      own: [["PATH", "2"]],
      wanted: "path=1 PATH=2 KUBERNETES_EXEC_INFO=info",
    },
    {
      name: "on Windows it is the same name",
      parent: { Path: "1", kubernetes_exec_info: "old" },
      own: [["PATH", "2"]],
      wanted: "PATH=2 KUBERNETES_EXEC_INFO=info",
      platform: "win32",
    },
    {
      name: "Windows has names that begin with =",
      parent: { "=C:": "C:\\x" },
      own: [["=D:", "D:\\y"]],
      wanted: "=C:=C:\\x =D:=D:\\y KUBERNETES_EXEC_INFO=info",
      platform: "win32",
    },
  ])("$name", ({ parent, own = [], wanted, platform = "linux" }) => {
    const entries = own.map(([name, value]) => ({ name, value }));
    expect(order(pluginEnvironment(parent, entries, "info", platform))).toBe(wanted);
  });

  test("a variable called __proto__ is a variable", () => {
    const got = pluginEnvironment({}, [{ name: "__proto__", value: "x" }], "info", "linux");
    expect(order(got)).toBe("__proto__=x KUBERNETES_EXEC_INFO=info");
  });
});
