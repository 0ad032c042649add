/**
 * What a pod may answer, as data (security.md §5.2, "Responses"). The same rows are read by the parser alone and sent
 * through the whole data plane.
 */
export interface AnswerRow {
  readonly name: string;
  /** Latin-1. */
  readonly bytes: string;
  /** Default GET. */
  readonly method?: string;
  /** The pod ends its half after the bytes. Default false: a reader has to notice what is wrong without it. */
  readonly end?: boolean;
  readonly verdict: Verdict;
}

export type Verdict =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string;
      /** Another request may follow on the stream. */
      readonly reusable: boolean;
      /** Bytes that nobody asked for. Default 0. */
      readonly rest?: number;
    }
  /** No valid HTTP/1.1. `begun`: its head was fine, so that a client has got some of it. */
  | { readonly kind: "invalid"; readonly begun?: boolean }
  /** It ended too early. */
  | { readonly kind: "cut"; readonly begun?: boolean };

const INVALID: Verdict = { kind: "invalid" };
const BEGUN: Verdict = { kind: "invalid", begun: true };
const CUT: Verdict = { kind: "cut" };
const CUT_LATER: Verdict = { kind: "cut", begun: true };

type Answered = Extract<Verdict, { readonly kind: "answer" }>;

const answered = (body: string, over: Partial<Answered> = {}): Verdict => ({
  kind: "answer",
  status: 200,
  body,
  reusable: true,
  ...over,
});

const OK = "HTTP/1.1 200 OK";

/** A head of these lines, and a body. */
const head = (lines: readonly string[], body = ""): string => [...lines, "", body].join("\r\n");

/** An answer of three bytes with one more header line. */
const withLine = (line: string): string => head([OK, line, "Content-Length: 3"], "abc");

const chunked = (body: string, coding = "Transfer-Encoding: chunked"): string => head([OK, coding], body);

const row = (name: string, bytes: string, verdict: Verdict, over: Partial<AnswerRow> = {}): AnswerRow => ({
  name,
  bytes,
  verdict,
  ...over,
});

const CODES = [0x00, 0x01, 0x04, 0x08, 0x0b, 0x0c, 0x0e, 0x1b, 0x1f, 0x7f];
const hex = (code: number): string => code.toString(16).padStart(2, "0");

const STATUS_LINES: readonly AnswerRow[] = [
  ...["099", "000", "600", "999", "1000", "20", "2", "", "2x0", "-20", "+200", "0x1f", "2 00", "200OK"].map(
    (status) =>
      row(
        `status ${status === "" ? "missing" : status}`,
        head([`HTTP/1.1 ${status} OK`, "Content-Length: 0"]),
        INVALID,
      ),
  ),
  ...[
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/0.9",
    "HTTP/11",
    "HTTP/1.1 ",
    "http/1.1",
    "HTTPS/1.1",
    " HTTP/1.1",
    "ICY",
  ].map((version) => row(`version "${version}"`, head([`${version} 200 OK`, "Content-Length: 0"]), INVALID)),
  row("no reason phrase", head(["HTTP/1.1 200", "Content-Length: 0"]), answered("")),
  row("an empty reason phrase", head(["HTTP/1.1 200 ", "Content-Length: 0"]), answered("")),
  row(
    "a reason phrase in Latin-1",
    head(["HTTP/1.1 200 gr\u00fc\u00df dich", "Content-Length: 0"]),
    answered(""),
  ),
  row(
    "a control byte in the reason phrase",
    head(["HTTP/1.1 200 a\x01b", "Content-Length: 0"]),
    answered(""),
  ),
  row("NUL in the reason phrase", head(["HTTP/1.1 200 a\0b", "Content-Length: 0"]), INVALID),
  row("a bare CR in the reason phrase", head(["HTTP/1.1 200 a\rb", "Content-Length: 0"]), INVALID),
  row("a bare LF in the reason phrase", head(["HTTP/1.1 200 a\nb", "Content-Length: 0"]), INVALID),
  row(
    "an unknown status in range",
    head(["HTTP/1.1 299 x", "Content-Length: 0"]),
    answered("", { status: 299 }),
  ),
  row("status 599", head(["HTTP/1.1 599 x", "Content-Length: 0"]), answered("", { status: 599 })),
];

const HEADERS: readonly AnswerRow[] = [
  ...CODES.flatMap((code) => {
    const byte = String.fromCodePoint(code);
    return [
      row(`control byte ${hex(code)} inside a value`, withLine(`X-A: a${byte}b`), INVALID),
      row(`control byte ${hex(code)} before a value`, withLine(`X-A: ${byte}b`), INVALID),
      row(`control byte ${hex(code)} after a value`, withLine(`X-A: a${byte}`), INVALID),
      row(`control byte ${hex(code)} in a name`, withLine(`X-${byte}A: a`), INVALID),
      row(
        `control byte ${hex(code)} before chunked`,
        chunked("0\r\n\r\n", `Transfer-Encoding: ${byte}chunked`),
        INVALID,
      ),
      row(`control byte ${hex(code)} after a length`, head([OK, `Content-Length: 3${byte}`], "abc"), INVALID),
    ];
  }),
  row("a TAB inside a value", withLine("X-A: a\tb"), answered("abc")),
  row("Latin-1 in a value", withLine("X-A: gr\u00fc\u00df"), answered("abc")),
  row("a no-break space after chunked", chunked("0\r\n\r\n", "Transfer-Encoding: chunked\u00a0"), INVALID),
  row("a no-break space before a length", head([OK, "Content-Length: \u00a03"], "abc"), INVALID),
  row("an empty value", withLine("X-A:"), answered("abc")),
  row("an empty name", withLine(": a"), INVALID),
  row("a name with a space", withLine("X A: a"), INVALID),
  row("a space before the colon", head([OK, "Content-Length : 3"], "abc"), INVALID),
  row("a TAB before the colon", head([OK, "Content-Length\t: 3"], "abc"), INVALID),
  row("a name in Latin-1", withLine("X-\u00e4: a"), INVALID),
  row("a line without a colon", withLine("X-A"), INVALID),
  row(
    "__proto__, constructor and toString as names",
    withLine("__proto__: a\r\nconstructor: b\r\ntoString: c"),
    answered("abc"),
  ),
  row("a value that is continued (obs-fold)", withLine("X-A: a\r\n b"), INVALID),
  row("obs-fold with a TAB", withLine("X-A: a\r\n\tb"), INVALID),
  row("obs-fold before the first header", head([OK, " X-A: a", "Content-Length: 3"], "abc"), INVALID),
  row("obs-fold that hides a coding", chunked("0\r\n\r\n", "Transfer-Encoding:\r\n chunked"), INVALID),
  row("a bare LF between headers", head([`${OK}\r\nX-A: a\nContent-Length: 3`], "abc"), INVALID),
  row("a bare LF after the status line", `${OK}\nContent-Length: 3\r\n\r\nabc`, INVALID),
  row("bare LFs only, and then silence", `${OK}\nContent-Length: 3\n\nabc`, INVALID),
  row("a bare CR inside a value", withLine("X-A: a\rb"), INVALID),
  row("a header of 60 KiB", withLine(`X-A: ${"a".repeat(60 * 1024)}`), answered("abc")),
  row("R-F5: a header of 65 KiB", withLine(`X-A: ${"a".repeat(65 * 1024)}`), INVALID),
  row("R-F5: headers without an end", `${OK}\r\n${"X-A: a\r\n".repeat(9_000)}`, INVALID),
  row(
    "a thousand tiny headers",
    withLine(Array.from({ length: 1_000 }, () => "a: b").join("\r\n")),
    answered("abc"),
  ),
];

const FRAMING: readonly AnswerRow[] = [
  row("a length", head([OK, "Content-Length: 3"], "abc"), answered("abc")),
  row(
    "a length in other capitals, with white space",
    head([OK, "cONTENT-lENGTH: \t 3 \t"], "abc"),
    answered("abc"),
  ),
  row("R-F2: two lengths that differ", head([OK, "Content-Length: 3", "Content-Length: 4"], "abc"), INVALID),
  row(
    "R-F2: two lengths that are equal",
    head([OK, "Content-Length: 3", "content-length: 3"], "abc"),
    INVALID,
  ),
  ...[
    "3, 3",
    "3,4",
    "+3",
    "-3",
    "0x3",
    "3_0",
    "3.0",
    "3e0",
    "",
    " ",
    "three",
    "9".repeat(16),
    "3 3",
    "\u00b2",
  ].map((length) => row(`R-F2: length "${length}"`, head([OK, `Content-Length: ${length}`], "abc"), INVALID)),
  row(
    "R-F2: a length and chunks",
    head([OK, "Content-Length: 3", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    INVALID,
  ),
  row(
    "R-F2: chunks and a length",
    head([OK, "Transfer-Encoding: chunked", "Content-Length: 3"], "0\r\n\r\n"),
    INVALID,
  ),
  ...[
    "identity",
    "gzip",
    "chunked, gzip",
    "gzip, chunked",
    "chunked, chunked",
    "xchunked",
    "chunkedx",
    "",
    "chunked;q=1",
    '"chunked"',
    "chunked,",
  ].map((coding) =>
    row(`R-F2: coding "${coding}"`, chunked("0\r\n\r\n", `Transfer-Encoding: ${coding}`), INVALID),
  ),
  row(
    "R-F2: two lines of coding",
    head([OK, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    INVALID,
  ),
  row(
    "R-F2: chunks in HTTP/1.0",
    head(["HTTP/1.0 200 OK", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    INVALID,
  ),
  row("chunks", chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), answered("abcde")),
  row("chunked in capitals", chunked("1\r\na\r\n0\r\n\r\n", "Transfer-Encoding: CHUNKED"), answered("a")),
  row(
    "sizes in hexadecimal, with zeros and capitals",
    chunked("00A\r\n0123456789\r\n000\r\n\r\n"),
    answered("0123456789"),
  ),
  row("extensions of chunks, thrown away", chunked('3;a="b c";d \r\nabc\r\n0;x\r\n\r\n'), answered("abc")),
  row(
    "trailers, thrown away",
    chunked("1\r\na\r\n0\r\nSet-Cookie: x=1\r\nContent-Length: 9\r\n\r\n"),
    answered("a"),
  ),
  ...["", "g", "0x3", "+3", "-3", "3 3", " 3", "3_0", "3,", "1".repeat(14)].map((size) =>
    row(`a chunk of size "${size}"`, chunked(`${size}\r\nabc\r\n0\r\n\r\n`), BEGUN),
  ),
  row("a bare LF after a chunk's size", chunked("3\nabc\r\n0\r\n\r\n"), BEGUN),
  row("a bare LF after a chunk", chunked("3\r\nabc\n0\r\n\r\n"), BEGUN),
  row("a bare LF in an extension", chunked("3;a\nb\r\nabc\r\n0\r\n\r\n"), BEGUN),
  row("a bare CR in an extension", chunked("3;a\rb\r\nabc\r\n0\r\n\r\n"), BEGUN),
  row("a bare LF in a trailer", chunked("0\r\nX: a\n\r\n"), BEGUN),
  row("a chunk that is longer than it says", chunked("3\r\nabcd\r\n0\r\n\r\n"), BEGUN),
  row("an extension without an end", chunked(`3;${"a".repeat(5 * 1024)}`), BEGUN),
  row("trailers without an end", chunked(`0\r\n${"X-A: 0123456789\r\n".repeat(1_200)}`), BEGUN),
];

const BODIES: readonly AnswerRow[] = [
  row("HEAD: a length and nothing after it", head([OK, "Content-Length: 3"]), answered(""), {
    method: "HEAD",
  }),
  row("HEAD: a body all the same", head([OK, "Content-Length: 3"], "abc"), answered("", { rest: 3 }), {
    method: "HEAD",
  }),
  row("HEAD: chunked and nothing after it", chunked(""), answered(""), { method: "HEAD" }),
  row("204 without a body", head(["HTTP/1.1 204 No Content"]), answered("", { status: 204 })),
  row(
    "204 with a body",
    head(["HTTP/1.1 204 No Content", "Content-Length: 3"], "abc"),
    answered("", { status: 204, rest: 3 }),
  ),
  row(
    "204 with chunks",
    head(["HTTP/1.1 204 x", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    answered("", { status: 204, rest: 5 }),
  ),
  row(
    "304 with a length and no body",
    head(["HTTP/1.1 304 x", "Content-Length: 3"]),
    answered("", { status: 304 }),
  ),
  row(
    "304 with a body",
    head(["HTTP/1.1 304 x", "Content-Length: 3"], "abc"),
    answered("", { status: 304, rest: 3 }),
  ),
  row("R-E7: bytes after a length", head([OK, "Content-Length: 3"], "abcd"), answered("abc", { rest: 1 })),
  row("R-E7: bytes after an empty body", head([OK, "Content-Length: 0"], "x"), answered("", { rest: 1 })),
  row("R-E7: bytes after the last chunk", chunked("1\r\na\r\n0\r\n\r\nx"), answered("a", { rest: 1 })),
  row(
    "R-E7: a second answer",
    head([OK, "Content-Length: 3"], `abc${head([OK, "Content-Length: 4"], "evil")}`),
    answered("abc", { rest: 42 }),
  ),
  row(
    "R-E7: a second answer after a 204",
    head(["HTTP/1.1 204 x"], head([OK, "Content-Length: 4"], "evil")),
    answered("", { status: 204, rest: 42 }),
  ),
  row("R-F7: a body shorter than it says", head([OK, "Content-Length: 3"], "ab"), CUT_LATER, { end: true }),
  row("R-F7: no body at all", head([OK, "Content-Length: 3"]), CUT_LATER, { end: true }),
  row("R-F7: cut inside a chunk", chunked("3\r\nab"), CUT_LATER, { end: true }),
  row("R-F7: cut inside a chunk's size", chunked("3"), CUT_LATER, { end: true }),
  row("R-F7: cut after a chunk", chunked("3\r\nabc\r\n"), CUT_LATER, { end: true }),
  row("R-F7: cut before the end of the last chunk", chunked("3\r\nabc\r\n0\r\n"), CUT_LATER, { end: true }),
  row("HTTP/1.1 until the end of the stream", head([OK], "abc"), answered("abc", { reusable: false }), {
    end: true,
  }),
  row(
    "HTTP/1.0 until the end of the stream",
    head(["HTTP/1.0 200 OK"], "abc"),
    answered("abc", { reusable: false }),
    { end: true },
  ),
  row(
    "HTTP/1.0 with a length",
    head(["HTTP/1.0 200 OK", "Content-Length: 3"], "abc"),
    answered("abc", { reusable: false }),
  ),
  row(
    "HTTP/1.0 with keep-alive is not trusted",
    head(["HTTP/1.0 200 OK", "Connection: keep-alive", "Content-Length: 3"], "abc"),
    answered("abc", { reusable: false }),
  ),
  row("Connection: close", withLine("Connection: x, Close"), answered("abc", { reusable: false })),
];

const interim = (count: number): string => head(["HTTP/1.1 102 Processing"]).repeat(count);

const INTERIM: readonly AnswerRow[] = [
  row("one interim answer", `${head(["HTTP/1.1 100 Continue"])}${withLine("X-A: a")}`, answered("abc")),
  row(
    "two of them, with headers",
    `${head(["HTTP/1.1 100"])}${head(["HTTP/1.1 103 x", "Link: a"])}${withLine("X-A: a")}`,
    answered("abc"),
  ),
  row("R-F5: ten of them", `${interim(10)}${withLine("X-A: a")}`, answered("abc")),
  row("R-F5: eleven of them", `${interim(11)}${withLine("X-A: a")}`, INVALID),
  row("R-F5: fifty of them", interim(50), INVALID),
  row(
    "an interim answer with a bad header",
    `${head(["HTTP/1.1 100 x", "X A: b"])}${withLine("X-A: a")}`,
    INVALID,
  ),
  row("only an interim answer", head(["HTTP/1.1 100 Continue"]), CUT, { end: true }),
  row(
    "R-F1: 101 that nobody asked for",
    head(["HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade"]),
    INVALID,
  ),
  row("R-F1: 101 after an interim answer", `${interim(1)}${head(["HTTP/1.1 101 x"])}`, INVALID),
];

const FOREIGN: readonly AnswerRow[] = [
  row("nothing, and the end", "", CUT, { end: true }),
  row("half a head, and the end", `${OK}\r\nContent-Le`, CUT, { end: true }),
  row("a TLS alert", "\x15\x03\x01\0\x02\x02\x0a", INVALID),
  row("one byte of Telnet", "\xff", INVALID),
  row("the banner of SSH", "SSH-2.0-OpenSSH_9.2\r\n", INVALID),
  row("the banner of a mail server", "220 mail ESMTP\r\n", INVALID),
  row("the greeting of MySQL", "J\0\0\0\x0a8.0.36\0", INVALID),
  row("an HTTP/2 SETTINGS frame", "\0\0\x12\x04\0\0\0\0\0", INVALID),
  row("HTML without a head", "<html><body>hello</body></html>", INVALID),
  row("an empty line before the head", `\r\n${withLine("X-A: a")}`, INVALID),
  row("a request instead of an answer", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", INVALID),
];

export const ANSWERS: readonly AnswerRow[] = [
  ...STATUS_LINES,
  ...HEADERS,
  ...FRAMING,
  ...BODIES,
  ...INTERIM,
  ...FOREIGN,
];
