import { BAD, FORBIDDEN, latin, PASSED, type GateRow, type GateTarget, type Parts, type Row } from "./row.ts";

/** Bytes that some parsers skip, trim or take for a separator. */
const ODD_BYTES: readonly number[] = [0x01, 0x04, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x7f, 0xa0, 0xff];

export const framingRows = ({ host }: GateTarget, row: Row, request: (parts: Parts) => string): readonly GateRow[] => {
  const post = (name: string, statuses: GateRow["statuses"], lines: readonly string[], body: string): GateRow =>
    row(`framing: ${name}`, statuses, { method: "POST", lines, body });
  const chunked = (name: string, statuses: GateRow["statuses"], body: string): GateRow =>
    post(`chunk ${name}`, statuses, ["Transfer-Encoding: chunked"], body);
  const coding = (value: string, statuses: GateRow["statuses"] = [400, 405, 501]): GateRow =>
    post(`coding ${value}`, statuses, [`Transfer-Encoding: ${value}`], "3\r\nabc\r\n0\r\n\r\n");
  const length = (value: string): GateRow => post(`length "${value.slice(0, 30)}"`, BAD, [`Content-Length: ${value}`], "abc");
  const smuggled = request({ target: "/smuggled" });
  const mutated = [
    { field: "Transfer-Encoding", value: "chunked", body: "3\r\nabc\r\n0\r\n\r\n" },
    { field: "Content-Length", value: "3", body: "abc" },
  ].flatMap(({ field, value, body }) =>
    ODD_BYTES.flatMap((code) => {
      const odd = String.fromCharCode(code);
      const places: readonly (readonly [string, string])[] = [
        ["before the name", `${odd}${field}: ${value}`],
        ["in the name", `${field.slice(0, 4)}${odd}${field.slice(4)}: ${value}`],
        ["before the colon", `${field}${odd}: ${value}`],
        ["after the colon", `${field}:${odd}${value}`],
        ["in the value", `${field}: ${value.slice(0, 1)}${odd}${value.slice(1)}`],
        ["after the value", `${field}: ${value}${odd}`],
        ["twice after the value", `${field}: ${value}${odd}${odd}`],
        ["between two values", `${field}: ${value}${odd}${value}`],
        ["as a line of its own", `${odd}\r\n${field}: ${value}`],
      ];
      return places.map(([where, line]) =>
        post(`0x${code.toString(16)} ${where} of ${field}`, undefined, [line], `${body}${smuggled}`),
      );
    }),
  );
  return [
    post("length, then coding", BAD, ["Content-Length: 3", "Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n"),
    post("coding, then length", BAD, ["Transfer-Encoding: chunked", "Content-Length: 3"], "3\r\nabc\r\n0\r\n\r\n"),
    post("two equal lengths", BAD, ["Content-Length: 3", "Content-Length: 3"], "abc"),
    post("two lengths", BAD, ["Content-Length: 3", "Content-Length: 4"], "abc"),
    ...["3, 3", "3,4", "+3", "-3", "0x3", "3_0", "1e1", "", "3 3", "3;", "18446744073709551617", "99999999999999999999999"].map(length),
    ...["gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "gzip", "xchunked", "chunkedx", "chunked, identity", "chunked;q=1", '"chunked"', "Chunked", "CHUNKED", ""].map((value) =>
      coding(value),
    ),
    coding("\u000bchunked"),
    post("coding folded", BAD, ["Transfer-Encoding:", " chunked"], "0\r\n\r\n"),
    post("coding twice", [400, 501], ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n"),
    post("no body at all passes", PASSED, [], ""),
    post("length passes", PASSED, ["Content-Length: 3"], "abc"),
    chunked("plain passes", PASSED, "3\r\nabc\r\n0\r\n\r\n"),
    chunked("extension passes or not", undefined, "3;a=b\r\nabc\r\n0\r\n\r\n"),
    chunked("trailers pass or not", undefined, "3\r\nabc\r\n0\r\nAuthorization: Bearer EVIL\r\n\r\n"),
    ...["+3", "-3", "0x3", "3_", " 3", "g", "", "fffffffffffffffff", "3,3"].map((size) =>
      chunked(`size "${size}"`, undefined, `${size}\r\nabc\r\n0\r\n\r\n${smuggled}`),
    ),
    chunked("extension with a line feed", undefined, `3;a\nb\r\nabc\r\n0\r\n\r\n${smuggled}`),
    chunked("bare line feeds", undefined, `3\nabc\n0\n\n${smuggled}`),
    chunked("no line end after the data", undefined, `3\r\nabcd\r\n0\r\n\r\n${smuggled}`),
    { name: "framing: three line ends first", bytes: latin(`\r\n\r\n\r\n${request({})}`), statuses: undefined },
    {
      name: "framing: GET with a body and a second request glued to it",
      bytes: latin(`${request({ headers: { "Content-Length": "3" }, body: "abc" })}${smuggled}`),
      statuses: undefined,
    },
    { name: "framing: two requests in one write", bytes: latin(`${request({})}${smuggled}`), statuses: undefined },
    { name: "framing: a request and garbage", bytes: latin(`${request({})}\u0000\u0001garbage\r\n\r\n`), statuses: undefined },
    {
      name: "framing: refused request, then a good one",
      bytes: latin(`${request({ headers: { Host: "evil.test" } })}${smuggled}`),
      statuses: FORBIDDEN,
    },
    {
      name: "framing: refused upload whose body is a request",
      bytes: latin(
        `${request({ method: "POST", headers: { Host: "evil.test", "Content-Length": String(smuggled.length) } })}${smuggled}`,
      ),
      statuses: FORBIDDEN,
    },
    { name: `framing: head without an end for ${host}`, bytes: latin(request({}).slice(0, -2)), statuses: [] },
    ...mutated,
  ];
};

