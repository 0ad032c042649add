import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRecipes, mergedRecipes, parseRecipe, renderRecipes, type Person } from "./recipe.ts";

const AMY: Person = { username: "amy", uid: "u-1", groups: ["devs", "ops"] };

const rendered = (value: string, person: Person = AMY): string =>
  renderRecipes([{ name: "X-A", value }], person)[0]?.[1] ?? "";

describe("a recipe", () => {
  test.each([
    ["X-Forwarded-User: {{username}}", "X-Forwarded-User", "amy"],
    ["X-Groups:{{groups}}", "X-Groups", "devs,ops"],
    ["X-Id: {{ uid }} of {{username}}", "X-Id", "u-1 of amy"],
    ["X-Tenant: a:b", "X-Tenant", "a:b"],
    ["X-Empty:", "X-Empty", ""],
  ])("%s", (text, name, value) => {
    const recipe = parseRecipe(text);
    expect(renderRecipes([recipe], AMY)).toEqual([[name, value]]);
  });

  test("groups of nobody are an empty list", () =>
    expect(rendered("{{groups}}", { ...AMY, groups: [] })).toBe(""));

  test("a later one of the same name takes the place of an earlier one", () =>
    expect(
      mergedRecipes(
        [
          { name: "X-A", value: "1" },
          { name: "X-B", value: "2" },
        ],
        [{ name: "x-a", value: "3" }],
      ),
    ).toEqual([
      { name: "x-a", value: "3" },
      { name: "X-B", value: "2" },
    ]));
});

describe("a recipe is refused before anybody signs in, exit 2", () => {
  test.each<readonly [string, string]>([
    ["X-User", 'has no ":"'],
    [": x", "no name of a header"],
    ["X User: x", "no name of a header"],
    ["X\r\nHost: x", "no name of a header"],
    [`${"X".repeat(101)}: x`, "longer than 100"],
    ["X_User: x", "can be read as another"],
    ...[
      "Host",
      "authorization",
      "Cookie",
      "Set-Cookie",
      "Connection",
      "Keep-Alive",
      "TE",
      "Trailer",
      "Transfer-Encoding",
      "Upgrade",
      "Content-Length",
      "Proxy-Authorization",
      "Impersonate-User",
      "impersonate-extra-x",
      "X-Kauth-Token",
      "Origin",
      "Sec-Fetch-Site",
      "X-Forwarded-Host",
      "X-Forwarded-Proto",
      "X-HTTP-Method-Override",
    ].map((name) => [`${name}: x`, "decides it"] as const),
    ["X-A: {{name}}", '"{{name}}" is none of {{username}}, {{groups}}, {{uid}}'],
    ["X-A: {{}}", '"{{}}" is none of'],
    ["X-A: {{username", "braces"],
    ["X-A: username}}", "braces"],
    ["X-A: {{{{username}}}}", "braces"],
    ["X-A: a\r\nb", "cannot be the value"],
    ["X-A: a\0b", "cannot be the value"],
    ["X-A: \u0161", "cannot be the value"],
    [`X-A: ${"x".repeat(4_097)}`, "cannot be the value"],
  ])("%j", (text, says) =>
    expect(() => parseRecipe(text)).toThrow(
      expect.objectContaining({ code: "USAGE", exit: 2, message: expect.stringContaining(says) }),
    ),
  );

  test("one name twice, in whatever spelling, and more than anybody needs", () => {
    const twice = ["X-A", "x-a"].map((name) => ({ name, value: "" }));
    expect(() => checkRecipes(twice, "USAGE")).toThrow(/"x-a": it is given twice/);
    const many = Array.from({ length: 33 }, (_value, at) => ({ name: `X-${at}`, value: "" }));
    expect(() => checkRecipes(many, "CONFIG_INVALID")).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});

describe("a value that could be read as something else is not sent", () => {
  test.each<[string, string, Partial<Person>, string]>([
    ["a line", "{{username}}", { username: "amy\r\nX-Admin: 1" }, "cannot carry"],
    ["a lone line feed", "{{username}}", { username: "a\nb" }, "cannot carry"],
    ["NUL", "{{username}}", { username: "a\0" }, "cannot carry"],
    ["DEL", "{{username}}", { username: "a\x7f" }, "cannot carry"],
    ["a control character of Latin-1", "{{username}}", { username: "a\x85b" }, "cannot carry"],
    ["beyond Latin-1", "{{username}}", { username: "\u017diga" }, "cannot carry"],
    ["what is another name in UTF-8", "{{username}}", { username: "ren\u00c3\u00a9" }, "in UTF-8"],
    ["the same in a group", "{{groups}}", { groups: ["a", "\u00e2\u00a2\u00a3"] }, "in UTF-8"],
    ["a space that the reader takes away", "{{username}}", { username: "amy " }, "cannot carry"],
    ["a tab", "{{username}}", { username: "a\tb" }, "cannot carry"],
    ["nobody", "{{username}}", { username: "" }, "no user name"],
    ["no uid", "{{uid}}", { uid: "" }, "no uid"],
    ["a group that is two", "{{groups}}", { groups: ["a", "b,admins"] }, "a comma"],
    ["a group without a name", "{{groups}}", { groups: [""] }, "no group"],
    ["a line in a group", "{{groups}}", { groups: ["a\nb"] }, "cannot carry"],
    ["a name that joins the groups", "{{username}},{{groups}}", { username: "amy,admins" }, "a comma"],
    ["a name in a list", "nobody,{{username}}", { username: "amy,root" }, "a comma"],
    ["long ones", "{{groups}}", { groups: Array.from({ length: 500 }, () => "0123456789") }, "longer"],
  ])("%s", (_what, value, over, says) =>
    expect(() => rendered(value, { ...AMY, ...over })).toThrow(
      expect.objectContaining({ code: "HEADER_UNSENDABLE", message: expect.stringContaining(says) }),
    ),
  );

  test("a comma is a character like any other where there is no list", () =>
    expect(rendered("{{username}}", { ...AMY, username: "CN=amy,O=devs" })).toBe("CN=amy,O=devs"));

  test("a name that only Latin-1 can be", () =>
    expect(rendered("{{username}}", { ...AMY, username: "Ren\u00e9 M\u00fcller" })).toBe(
      "Ren\u00e9 M\u00fcller",
    ));

  test("what is not used is not looked at", () =>
    expect(rendered("{{username}}", { ...AMY, groups: ["a,b"], uid: "" })).toBe("amy"));
});

describe("what stands for a placeholder is never looked into", () => {
  test("a name that is a placeholder itself", () =>
    expect(rendered("{{username}}/{{uid}}", { ...AMY, username: "{{uid}}" })).toBe("{{uid}}/u-1"));

  test("patterns of replacements are text", () =>
    expect(rendered("{{username}}", { ...AMY, username: "$&$1$'$`" })).toBe("$&$1$'$`"));

  test("property: one line of what was written, or a refusal", () => {
    const word = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom("{{uid}}", "{{username}}", "a,b", "x\r\ny", "$&", "\u0161", " a", ""),
    );
    const piece = fc.constantFrom("{{username}}", "{{groups}}", "{{uid}}", "-", ",", "x");
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 5 }),
        fc.record({ username: word, uid: word, groups: fc.array(word, { maxLength: 3 }) }),
        (pieces, person) => {
          let value: string;
          try {
            value = rendered(pieces.join(""), person);
          } catch (error) {
            expect(error).toMatchObject({ code: "HEADER_UNSENDABLE" });
            return;
          }
          expect(value).toMatch(/^[\x20-\x7e\xa0-\xff]*$/);
          expect(value).toBe(value.trim());
          const plain = pieces.map((each) => {
            if (each === "{{username}}") return person.username;
            if (each === "{{uid}}") return person.uid;
            return each === "{{groups}}" ? person.groups.join(",") : each;
          });
          expect(value).toBe(plain.join(""));
          // A list has as many members as it was given.
          if (pieces.length === 1 && pieces[0] === "{{groups}}" && person.groups.length > 0)
            expect(value.split(",")).toEqual(person.groups);
        },
      ),
    );
  });
});
