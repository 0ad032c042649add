import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bearer,
  clientConfig,
  connected,
  json,
  plainServer,
  quietSystem,
  sourceOf,
} from "../../test/api-server.ts";
import { connect } from "./connection.ts";
import { impersonationHeaders } from "./impersonate.ts";

type As = Parameters<typeof impersonationHeaders>[0];
const NOBODY: As = { user: undefined, uid: undefined, groups: [], extra: new Map() };

test.each<[name: string, as: As, wanted: readonly (readonly [string, string])[]]>([
  ["nobody", NOBODY, []],
  ["an empty user", { ...NOBODY, user: "", groups: ["g"] }, []],
  ["groups without a user", { ...NOBODY, groups: ["g"], uid: "u", extra: new Map([["k", ["v"]]]) }, []],
  ["a user", { ...NOBODY, user: "ada" }, [["Impersonate-User", "ada"]]],
  [
    "a uid",
    { ...NOBODY, user: "ada", uid: "42" },
    [
      ["Impersonate-User", "ada"],
      ["Impersonate-Uid", "42"],
    ],
  ],
  [
    "groups, a line each",
    { ...NOBODY, user: "ada", groups: ["b", "a", "c,d", ""] },
    [
      ["Impersonate-User", "ada"],
      ["Impersonate-Group", "b"],
      ["Impersonate-Group", "a"],
      ["Impersonate-Group", "c,d"],
      ["Impersonate-Group", ""],
    ],
  ],
  [
    "extra, a line for each value",
    {
      ...NOBODY,
      user: "ada",
      extra: new Map([
        ["scopes", ["a", "b"]],
        ["none", []],
        ["empty", [""]],
      ]),
    },
    [
      ["Impersonate-User", "ada"],
      ["Impersonate-Extra-scopes", "a"],
      ["Impersonate-Extra-scopes", "b"],
      ["Impersonate-Extra-empty", ""],
    ],
  ],
  [
    "a key that is no header name (credentials.md §4.4)",
    { ...NOBODY, user: "ada", extra: new Map([["test.example.com/thing.thing%20x", ["v"]]]) },
    [
      ["Impersonate-User", "ada"],
      ["Impersonate-Extra-test.example.com%2Fthing.thing%2520x", "v"],
    ],
  ],
  [
    "a key in another script",
    { ...NOBODY, user: "ada", extra: new Map([["ü:", ["v"]]]) },
    [
      ["Impersonate-User", "ada"],
      ["Impersonate-Extra-%C3%BC%3A", "v"],
    ],
  ],
  ["a name in another script", { ...NOBODY, user: "ü" }, [["Impersonate-User", "\u00c3\u00bc"]]],
])("%s", (_name, as, wanted) => {
  expect(impersonationHeaders(as)).toEqual(wanted);
});

test.each(["a\r\nX: y", "a\nb", "a\u0000", "\u007f"])("%j is refused", (user) => {
  expect(() => impersonationHeaders({ ...NOBODY, user })).toThrow(/control characters/);
  expect(() => impersonationHeaders({ ...NOBODY, user: "a", groups: [user] })).toThrow(/control characters/);
  const extra = new Map([["k", [user]]]);
  expect(() => impersonationHeaders({ ...NOBODY, user: "a", extra })).toThrow(/control characters/);
});

const value = fc.string({ unit: "grapheme" }).filter((text) => !/\p{Cc}/u.test(text));

test("whoever is named, a header name is a token, a key can be read back and no value is lost", () => {
  fc.assert(
    fc.property(
      value.filter((text) => text !== ""),
      fc.array(value),
      fc.dictionary(fc.string({ unit: "binary", minLength: 1 }), fc.array(value)),
      (user, groups, extra) => {
        const headers = impersonationHeaders({
          user,
          uid: undefined,
          groups,
          extra: new Map(Object.entries(extra)),
        });
        const decoded = headers.map(
          ([name, text]) => [name, Buffer.from(text, "latin1").toString("utf8")] as const,
        );
        for (const [name] of headers) expect(name).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
        expect(decoded.filter(([name]) => name === "Impersonate-User")).toEqual([["Impersonate-User", user]]);
        expect(decoded.filter(([name]) => name === "Impersonate-Group").map(([, text]) => text)).toEqual(
          groups,
        );
        const back = decoded
          .filter(([name]) => name.startsWith("Impersonate-Extra-"))
          .map(([name, text]) => [decodeURIComponent(name.slice("Impersonate-Extra-".length)), text]);
        expect(back).toEqual(
          Object.entries(extra).flatMap(([key, list]) =>
            list.map((text) => [Buffer.from(key, "utf8").toString("utf8"), text]),
          ),
        );
      },
    ),
  );
});

test("every request, watch and upgrade acts as somebody else, over plain http too", async () => {
  const heads: (readonly string[])[] = [];
  await using server = await plainServer(
    (request, response) => {
      heads.push(request.rawHeaders);
      json(response, 200, {});
    },
    (request, socket) => {
      heads.push(request.rawHeaders);
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    },
  );
  const impersonate: As = {
    user: "Ädä",
    uid: "42",
    groups: ["a", "b"],
    extra: new Map([["x/y", ["1", "2"]]]),
  };
  await using plain = connected(server.url);
  await plain.request({ method: "GET", path: "/" });
  expect(heads.pop()?.join(" ")).not.toContain("Impersonate");

  await using connection = connect(
    { ...clientConfig(server.url), impersonate },
    sourceOf(bearer("t")),
    quietSystem(),
  );
  await connection.request({ method: "POST", path: "/", body: {} });
  for await (const line of connection.stream({ method: "GET", path: "/" })) expect(line).toEqual({});
  await connection.upgrade({ method: "GET", path: "/", headers: [["Upgrade", "x"]] });
  expect(heads).toHaveLength(3);
  for (const head of heads) {
    const lines = head.flatMap((name, index) =>
      name.startsWith("Impersonate-") ? [`${name}: ${head[index + 1]}`] : [],
    );
    expect(lines).toEqual([
      `Impersonate-User: ${Buffer.from("Ädä").toString("latin1")}`,
      "Impersonate-Uid: 42",
      "Impersonate-Group: a",
      "Impersonate-Group: b",
      "Impersonate-Extra-x%2Fy: 1",
      "Impersonate-Extra-x%2Fy: 2",
    ]);
  }
});
