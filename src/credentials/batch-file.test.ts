import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchCall, isBatchFile } from "./batch-file.ts";

const AWS = "C:\\Program Files\\aws.cmd";
const line = (args: readonly string[], path = AWS): string | undefined =>
  batchCall(path, args, {})?.args.at(-1);

describe("a batch file", () => {
  test.each([
    ["a.cmd", true],
    ["a.BAT", true],
    ["a.exe", false],
    ["a.cmd.exe", false],
    ["a.cmd.", true],
    ["a.bat .. ", true],
    ["cmd", false],
  ])("%s: %s", (path, wanted) => {
    expect(isBatchFile(path)).toBe(wanted);
  });

  test("is run by the system's own cmd.exe, which runs nothing before it and expands nothing late", () => {
    expect(batchCall("C:\\a.cmd", ["b"], { systemroot: "D:\\Win" })).toEqual({
      file: "D:\\Win\\System32\\cmd.exe",
      args: ["/e:on", "/v:off", "/d", "/s", "/c", '""C:\\a.cmd" b"'],
    });
    expect(batchCall("C:\\a.cmd", [], { SystemRoot: "" })?.file).toBe("C:\\Windows\\System32\\cmd.exe");
  });
});

describe("its arguments", () => {
  test.each([
    ["a plain one", "eks-1_a.b:c/d\\e@f", "eks-1_a.b:c/d\\e@f"],
    ["nothing", "", '""'],
    ["a space", "a b", '"a b"'],
    ["another command", "a&calc", '"a&calc"'],
    ["a pipe and a file", "a|b>c<d", '"a|b>c<d"'],
    ["an escape", "a^b", '"a^b"'],
    ["brackets", "(a)", '"(a)"'],
    ["a quote", 'a"b', '"a""b"'],
    ["a quote and another command", 'a"&calc&"b', '"a""&calc&""b"'],
    ["a backslash before a quote", 'a\\"b', '"a\\\\""b"'],
    ["a backslash at the end", "a b\\", '"a b\\\\"'],
    ["a plain one with a backslash at its end", "C:\\a\\", '"C:\\a\\\\"'],
    ["a variable", "%PATH%", '"%%cd:~,%PATH%%cd:~,%"'],
    ["a late variable", "!PATH!", '"!PATH!"'],
    ["a comma and a semicolon", "a,b;c=d", '"a,b;c=d"'],
    ["letters of any language", "ä", '"ä"'],
  ])("%s", (_name, argument, quoted) => {
    expect(line([argument])).toBe(`""${AWS}" ${quoted}"`);
  });

  test.each([
    ["a line feed", ["a\nb"]],
    ["a carriage return", ["a", "b\rcalc"]],
    ["NUL", ["a\0b"]],
  ])("%s cannot be quoted", (_name, args) => {
    expect(line(args)).toBeUndefined();
  });

  test.each([["a.cmd\n"], ['a".cmd'], ["a.cmd\\"]])("nor can the path %j", (path) => {
    expect(line([], path)).toBeUndefined();
  });

  test("whatever they hold, cmd.exe sees nothing of it outside quotes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 12 }), { maxLength: 4 }), (args) => {
        const whole = line(args);
        fc.pre(whole !== undefined);
        // cmd.exe only counts quotes: what stands after an even number of them is outside.
        let outside = "";
        let quotes = 0;
        for (const letter of whole.slice(1, -1))
          if (letter === '"') quotes += 1;
          else if (quotes % 2 === 0) outside += letter;
        expect(quotes % 2).toBe(0);
        expect(outside).toMatch(/^[A-Za-z0-9#$*+\-./:?@\\_ ]*$/);
        expect(whole).not.toMatch(/[\0\r\n]/);
        // No % can begin a name: after each stands %cd:~,% or the end of one.
        expect(whole.replaceAll("%%cd:~,%", "")).not.toContain("%");
      }),
    );
  });
});
