import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf } from "../../test/failure.ts";
import { KnownError } from "../base/errors.ts";
import { epochMillis } from "../base/units.ts";
import { createAuthority } from "../base/x509.ts";
import { readExecCredential } from "./exec-credential.ts";
import { BETA, tokenOf, V1 } from "./plugin.test-d.ts";
import type { Credential } from "./types.ts";

const life = { notBefore: epochMillis(Date.now() - 1000), notAfter: epochMillis(Date.now() + 3_600_000) };
const authority = createAuthority({ commonName: "ca", ...life });
const [mine, other] = ["a", "b"].map((commonName) => authority.issue({ commonName, use: "client", ...life }));

const read = async (text: string): Promise<Credential> => await readExecCredential(text, V1, "plugin");
const document = (status: unknown, more: object = {}): string =>
  JSON.stringify({ kind: "ExecCredential", apiVersion: V1, ...more, status });
const pair = (cert: string, key: string): object => ({ clientCertificateData: cert, clientKeyData: key });
const ends = (expirationTimestamp: unknown): string => document({ token: "canary", expirationTimestamp });

const GARBAGE =
  "decoding stdout: couldn't get version/kind; json parse error: it is neither JSON nor YAML of an ExecCredential";
const internal = `exec plugin is configured to use API version ${V1}, plugin returned version client.authentication.k8s.io/__internal`;

/** In the order of §2.2; the texts were compared with kubectl 1.35's. */
describe("what is no credential (§2.2, R-I3)", () => {
  test.each<[string, string, string]>([
    ["2 broken JSON", '{"token":"canary', GARBAGE],
    ["2 text", "canary", GARBAGE],
    ["2 a list", "[]", GARBAGE],
    ["2 a number", "3", GARBAGE],
    ["2 text before JSON", `logged in\n${document({ token: "canary" })}`, GARBAGE],
    ["2 text after JSON", `${document({ token: "canary" })} done`, GARBAGE],
    ["2 JSON twice", document({ token: "canary" }).repeat(2), GARBAGE],
    ["2 a second document after JSON", `${document({ token: "canary" })}\n---\nmore: 1\n`, GARBAGE],
    ["2 YAML that begins as JSON does", ` {apiVersion: ${V1}, status: {token: canary}}`, GARBAGE],
    ["2 bytes", "\u0000\u0001\ufffd\ufffd", GARBAGE],
    ["2 an alias", `apiVersion: ${V1}\nstatus: &a {token: canary}\nmore: *a`, GARBAGE],
    [
      "2 another kind",
      document({}, { kind: "Foo" }),
      `decoding stdout: no kind "Foo" is registered for version "${V1}"`,
    ],
    [
      "2 an unknown version",
      document({}, { apiVersion: "client.authentication.k8s.io/v1alpha1" }),
      'decoding stdout: no kind "ExecCredential" is registered for version "client.authentication.k8s.io/v1alpha1"',
    ],
    [
      "2 a version without the group",
      document({}, { apiVersion: "v1" }),
      'decoding stdout: no kind "ExecCredential" is registered for version "v1"',
    ],
    [
      "2 a version that is a number",
      document({}, { apiVersion: 1 }),
      "decoding stdout: couldn't get version/kind; json parse error: kind and apiVersion must be text",
    ],
    ["2 a status that is text", document("canary"), "decoding stdout: status must be an object, not string"],
    [
      "2 a token that is a number",
      document({ token: 1 }),
      "decoding stdout: status.token must be text, not number",
    ],
    [
      "2 an end that is no time",
      ends("soon"),
      "decoding stdout: expirationTimestamp must be an RFC 3339 time",
    ],
    [
      "2 an end that is a number",
      ends(1),
      "decoding stdout: status.expirationTimestamp must be text, not number",
    ],
    ["3 nothing", "", internal],
    ["3 null", "null", internal],
    ["3 an empty object", "{}", internal],
    ["3 no version", document({ token: "canary" }, { apiVersion: undefined }), internal],
    [
      "3 the other version",
      document({ token: "canary" }, { apiVersion: BETA }),
      `exec plugin is configured to use API version ${V1}, plugin returned version ${BETA}`,
    ],
    ["4 no status", document(undefined), "exec plugin didn't return a status field"],
    ["4 a status of null", document(null), "exec plugin didn't return a status field"],
    ["5 an empty status", document({}), "exec plugin didn't return a token or cert/key pair"],
    [
      "5 empty fields",
      document({ token: "", ...pair("", "") }),
      "exec plugin didn't return a token or cert/key pair",
    ],
    [
      "6 a certificate alone",
      document({ clientCertificateData: "canary" }),
      "exec plugin returned only certificate or key, not both",
    ],
    [
      "6 a key beside a token",
      document({ token: "t", clientKeyData: "canary" }),
      "exec plugin returned only certificate or key, not both",
    ],
    [
      "7 a certificate that is none",
      document(pair("canary", "canary")),
      "failed parsing client key/certificate: tls: failed to find any PEM data in certificate input",
    ],
    [
      "7 a key that is none",
      document(pair(mine?.cert ?? "", "canary")),
      "failed parsing client key/certificate: tls: failed to find any PEM data in key input",
    ],
    [
      "7 the key of another",
      document(pair(mine?.cert ?? "", other?.key ?? "")),
      "failed parsing client key/certificate: tls: private key does not match public key",
    ],
  ])("%s", async (_name, text, wanted) => {
    const { code, exit, message, hint } = await failureOf(read(text));
    expect([code, exit, message]).toEqual(["EXEC_OUTPUT_INVALID", 1, `getting credentials: ${wanted}`]);
    expect(`${message}${hint}`).not.toContain("canary");
  });

  test("7 PEM of something else", async () => {
    const cert = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";
    const { message } = await failureOf(read(document(pair(cert, mine?.key ?? ""))));
    expect(message).toMatch(/^getting credentials: failed parsing client key\/certificate: ./);
    expect(message).not.toContain("Y2FuYXJ5");
  });

  test("the first fault counts", async () => {
    const both = document({ token: 1 }, { apiVersion: BETA });
    expect((await failureOf(read(both))).message).toContain("decoding stdout: ");
    const later = document({ clientKeyData: "x" }, { apiVersion: BETA });
    expect((await failureOf(read(later))).message).toContain("plugin returned version");
  });

  test.each([
    ["a line break", "canary\r\nX: y"],
    ["a space", "canary x"],
    ["more than 16 KiB", "canary".repeat(4_000)],
  ])("a token with %s", async (_name, token) => {
    const { code, message } = await failureOf(read(document({ token })));
    expect([code, message.includes('credential plugin "plugin"')]).toEqual(["TOKEN_INVALID", true]);
    expect(message).not.toContain("canary");
  });

  test("a plugin that prints no version is told what to print", async () => {
    expect((await failureOf(read(""))).hint).toContain(`"apiVersion": "${V1}"`);
  });
});

describe("what is one", () => {
  test.each([
    ["JSON", document({ token: "t" })],
    ["without a kind", document({ token: "t" }, { kind: undefined })],
    ["with an empty kind", document({ token: "t" }, { kind: "" })],
    ["with more fields than are known", document({ token: "t", more: 1 }, { spec: { interactive: true } })],
    ["with nulls", document({ token: "t", clientKeyData: null, expirationTimestamp: null })],
    ["with white space around", `\n ${document({ token: "t" })}\r\n\n`],
    ["behind a byte-order mark", `\ufeff${document({ token: "t" })}`],
    ["as YAML", `apiVersion: ${V1}\nstatus: {token: t}\n`],
    ["as the first of two documents", `---\napiVersion: ${V1}\nstatus: {token: t}\n---\nother: 1\n`],
    ["with a key twice in YAML", `apiVersion: v0\napiVersion: ${V1}\nstatus: {token: t}\n`],
    [
      "with a time without quotes",
      `apiVersion: ${V1}\nstatus: {token: t, expirationTimestamp: 2030-01-01T00:00:00Z}\n`,
    ],
  ])("%s", async (_name, text) => {
    expect(tokenOf(await read(text))).toBe("t");
  });

  test("a certificate and a token are both used", async () => {
    const { cert = "", key = "" } = mine ?? {};
    const credential = await read(document({ token: "t", ...pair(cert, key) }));
    expect([tokenOf(credential), credential.certificate?.cert, credential.certificate?.key.reveal()]).toEqual(
      ["t", cert, key],
    );
    const alone = await read(document(pair(cert, key)));
    expect([alone.header, alone.certificate?.cert]).toEqual([undefined, cert]);
  });

  test("whether a certificate is still valid is not asked", async () => {
    const past = { notBefore: epochMillis(0), notAfter: epochMillis(1_000) };
    const { cert, key } = createAuthority({ commonName: "ca", ...past }).issue({
      commonName: "a",
      use: "client",
      ...past,
    });
    expect((await read(document(pair(cert, key)))).certificate?.cert).toBe(cert);
  });
});

describe("when it ends", () => {
  test.each<[string, string | undefined]>([
    ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z"],
    ["2030-01-01T02:00:00.5+01:00", "2030-01-01T01:00:00.500Z"],
    ["2030-01-01T02:00:00.123456789-11:30", "2030-01-01T13:30:00.123Z"],
    ["2030-01-01T00:00:00,5Z", "2030-01-01T00:00:00.500Z"],
    ["2028-02-29T23:59:59Z", "2028-02-29T23:59:59.000Z"],
    ["0001-01-01T00:00:00Z", undefined],
  ])("%s", async (text, wanted) => {
    const { expiresAt } = await read(ends(text));
    expect(expiresAt === undefined ? undefined : new Date(expiresAt).toISOString()).toBe(wanted);
  });

  test.each([
    [""],
    ["2030-01-01"],
    ["2030-01-01T00:00:00"],
    ["2030-01-01 00:00:00Z"],
    ["2030-01-01T00:00:00z"],
    ["2030-02-30T00:00:00Z"],
    ["2030-02-29T00:00:00Z"],
    ["2030-13-01T00:00:00Z"],
    ["2030-01-01T24:00:00Z"],
    ["2030-01-01T00:00:60Z"],
    ["2030-01-01T00:00:00+25:00"],
    ["1893456000"],
  ])("%j is no time", async (text) => {
    expect((await failureOf(read(ends(text)))).message).toContain(
      "expirationTimestamp must be an RFC 3339 time",
    );
  });
});

describe("hostile output", () => {
  const ALL = 1024 * 1024;
  const YAML = 128 * 1024;
  describe.each([ALL, YAML])("%i bytes of", (length) => {
    test.each([
      ["brackets", "["],
      ["objects", '{"a":'],
      ["lists in YAML", "- "],
      ["keys in YAML", "a:\n "],
      ["quotes", '"'],
      ["tags", "!a "],
      ["anchors", "&a "],
      ["question marks", "? "],
      ["documents", "---\n"],
      ["comments", "#\n"],
      ["NUL", "\0"],
    ])("%s end in a coded error, soon", async (_name, piece) => {
      const begin = performance.now();
      const text = piece.repeat(Math.floor(length / piece.length));
      expect((await failureOf(read(text))).code).toBe("EXEC_OUTPUT_INVALID");
      expect(performance.now() - begin).toBeLessThan(4_000);
    });
  });

  test("anything gives a credential or a coded error without a secret", async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          kind: fc.constantFrom("ExecCredential", "", "x"),
          apiVersion: fc.constantFrom(V1, BETA, "", 1),
          status: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
      fc.record({
        apiVersion: fc.constant(V1),
        status: fc.dictionary(
          fc.constantFrom(
            "token",
            "clientCertificateData",
            "clientKeyData",
            "expirationTimestamp",
            "__proto__",
          ),
          fc.oneof(fc.constant("hunter2-canary"), fc.jsonValue()),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          value.map((each) => JSON.stringify(each)),
          fc.string({ unit: "binary" }),
        ),
        async (text) => {
          try {
            await read(text);
          } catch (error) {
            if (!(error instanceof KnownError)) throw error;
            expect(`${error.message}${error.hint}`).not.toContain("hunter2");
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

test.each(["kind", "apiVersion"])("a token in the place of %s is not quoted (R-H2)", async (field) => {
  const text = JSON.stringify({ kind: "ExecCredential", apiVersion: V1, [field]: "canary-9f8e", status: {} });
  const error: unknown = await readExecCredential(text, V1, "p").catch((thrown: unknown) => thrown);
  expect(String(error)).toContain("[redacted]");
  expect(String(error)).not.toContain("canary");
});
