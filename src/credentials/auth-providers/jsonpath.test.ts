import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fillTemplate } from "./jsonpath.ts";

const DATA: unknown =
  JSON.parse(`{"access_token":"tok","n":3,"f":1.5,"big":1e21,"t":true,"nul":null,"a.b":"dot",
  "sp ace":"s","empty":"","list":["a","b","c","d"],
  "items":[{"k":"x","v":1,"w":{"z":"zx"}},{"k":"y","v":2},{"k":"z","q":"o"}],
  "credential":{"access_token":"deep","token_expiry":"2016-01-01T00:00:00Z","inner":{"k":"i"}},"obj":{"one":1}}`);

/** What client-go 0.25's jsonpath gives, run once. */
const FILLED: readonly (readonly [template: string, wanted: string])[] = [
  ["{.access_token}", "tok"],
  ["{.credential.access_token}", "deep"],
  ["{.credential['access_token']}", "deep"],
  ["{$.access_token}", "tok"],
  ["{@.access_token}", "tok"],
  [".access_token", ".access_token"],
  ["plain", "plain"],
  ["", ""],
  [
    "{}",
    '{"a.b":"dot","access_token":"tok","big":1e+21,"credential":{"access_token":"deep","inner":{"k":"i"},"token_expiry":"2016-01-01T00:00:00Z"},"empty":"","f":1.5,"items":[{"k":"x","v":1,"w":{"z":"zx"}},{"k":"y","v":2},{"k":"z","q":"o"}],"list":["a","b","c","d"],"n":3,"nul":null,"obj":{"one":1},"sp ace":"s","t":true}',
  ],
  ["{.n}", "3"],
  ["{.f}", "1.5"],
  ["{.big}", "1e+21"],
  ["{.t}", "true"],
  ["{.empty}", ""],
  ["{.obj}", '{"one":1}'],
  ["{.list}", '["a","b","c","d"]'],
  ["{.list[0]}", "a"],
  ["{.list[-1]}", "d"],
  ["{.list[1:3]}", "b c"],
  ["{.list[:2]}", "a b"],
  ["{.list[2:]}", "c d"],
  ["{.list[::2]}", "a c"],
  ["{.list[*]}", "a b c d"],
  ["{.list[0,2]}", "a c"],
  ["{.list[0:0]}", ""],
  ["{.items[*].k}", "x y z"],
  ["{.items[*].q}", "o"],
  ["{.items[*]['k','v']}", "x y z 1 2"],
  ['{.items[?(@.k=="y")].v}', "2"],
  ["{.items[?(@.k=='y')].v}", "2"],
  ["{.items[?(@.v)].k}", "x y"],
  ['{.items[?(@.k!="x")].k}', "y z"],
  ["{.items[?(@.k=='none')].k}", ""],
  ["{.items[?(@.k>='y')].k}", "y z"],
  ["{.items[?(@.k<'y')].k}", "x"],
  ["{..access_token}", "tok deep"],
  ["{.credential..k}", "i"],
  ["{.obj.*}", "1"],
  ["{.credential.inner.*}", "i"],
  ["{.list.*}", "a b c d"],
  ["{range .items[0:2]}{.k}={.v},{end}", "x=1,y=2,"],
  ["{range .list[*]}<{@}>{end}!", "<a><b><c><d>!"],
  ["{range .items[0:2]}[{range .k}{@}{end}]{end}", "[x][y]"],
  ["a {.access_token} b {.n}", "a tok b 3"],
  ['{"quoted"}', "quoted"],
  ["{'single'}", "single"],
  ['{"a\\tb"}', "a\tb"],
  ["{.a\\.b}", "dot"],
  ["{.access_token}}", "tok}"],
  ["}{.n}", "}3"],
  ["{true}", "true"],
  ["{5}", "5"],
  ["{-2.5}", "-2.5"],
  ["{.n}\n{.f}", "3\n1.5"],
  ["{.nul}", "<nil>"],
  ["{.credential.inner}", '{"k":"i"}'],
  ["{.items[0].w}", '{"z":"zx"}'],
  ["{.items[0]}{.items[1]}", '{"k":"x","v":1,"w":{"z":"zx"}}{"k":"y","v":2}'],
  ["{.list[1:3]} {.n}", "b c 3"],
  ["{ .access_token }", "tok"],
  ["{.items[0,1].k}", "x y"],
  ["{['access_token']}", "tok"],
];
const REFUSED: readonly (readonly [template: string, text: string])[] = [
  ["{access_token}", "unrecognized identifier access_token"],
  ["{.}", " is not found"],
  ["{.missing}", "missing is not found"],
  ["{.credential.missing}", "missing is not found"],
  ["{.access_token.x}", "x is not found"],
  ["{.list[9]}", "array index out of bounds: index 9, length 4"],
  ["{.list[-9]}", "array index out of bounds: index -5, length 4"],
  ["{.list[3:1]}", "starting index 3 is greater than ending index 1"],
  ["{.list[::0]}", "step must be > 0"],
  ["{.list[x]}", "invalid array index x"],
  ["{.list[0}", "unterminated array"],
  ["{.access_token[0]}", "string is not array or slice"],
  ["{.items[?(@.v>1.0)].k}", "v is not found"],
  ["{.items[?(@.w.z=='zx')].k}", "w is not found"],
  ["{....k}", "invalid multiple recursive descent"],
  ["{..missing}", "missing is not found"],
  ["{range .items[*]}{.k}={.v},{end}", "v is not found"],
  ["{end}", "not in range, nothing to end"],
  ["{range .items[?(@.k=='none')]}{.k}{end}after", "k is not found"],
  ['{"open}', "unterminated quoted string"],
  ["{['a.b']}", "a is not found"],
  ["{.sp ace}", "sp is not found"],
  ["{.access_token .n}", "n is not found"],
  ["{.access_token,.n}", "unrecognized character in action: U+002C ','"],
  ["{.access_token", "unclosed action"],
  ["{1.2.3}", "cannot parse number 1.2.3"],
  ["{#}", "unrecognized character in action: U+0023 '#'"],
  ["{foo}", "unrecognized identifier foo"],
  ["{\n}", "unclosed action"],
  ["{.nul.x}", "x is not found"],
  ["{[0]}", "map[string]interface {} is not array or slice"],
  ["{.obj[0]}", "map[string]interface {} is not array or slice"],
];

describe("kubectl's JSONPath templates", () => {
  test.each(FILLED)("%j gives %j", (template, wanted) => {
    expect(fillTemplate(template, DATA)).toBe(wanted);
  });

  test.each(REFUSED)("%j is refused: %s", (template, text) => {
    expect(() => fillTemplate(template, DATA)).toThrow(new SyntaxError(text));
  });

  test("whole numbers compare with those of the data, which client-go refuses", () => {
    expect(fillTemplate("{.items[?(@.k=='x')].v}{.list[?(@=='b')]}", DATA)).toBe("1b");
    expect(
      fillTemplate("{.items[?(@.v==1)].k}", {
        items: [
          { k: "x", v: 1 },
          { k: "y", v: 2 },
        ],
      }),
    ).toBe("x");
  });

  test("a key called __proto__ is only a name", () => {
    expect(() => fillTemplate("{.__proto__}", {})).toThrow("__proto__ is not found");
  });

  test.each([
    ["a template of 5,000 characters", `{${".a".repeat(2500)}}`, {}],
    ["filters within filters", `{${"[?(@".repeat(200)}${")]".repeat(200)}}`, {}],
    [
      "many values",
      "{.a[*]['a','a','a','a','a','a','a','a','a','a','a']}",
      { a: Array.from({ length: 20_000 }, () => ({ a: 1 })) },
    ],
    ["deep data", "{..a}", JSON.parse(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`) as unknown],
  ])("%s ends in an error", (_name, template, data) => {
    expect(() => fillTemplate(template, data)).toThrow(SyntaxError);
  });

  test("no template crashes or hangs it", () => {
    const part = fc.constantFrom(
      ..."{ } . .. [ ] * ? ( ) @ $ ' \" , : 0 -1 == != < range end k v items list true \\".split(" "),
      " ",
    );
    const template = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(template, fc.string({ maxLength: 100 })), (text) => {
        try {
          expect(typeof fillTemplate(text, DATA)).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});
