/**
 * The demo's credential plugin: a program of its own that reads the person's token from a private file and prints an
 * ExecCredential, as any real plugin does (credentials.md §2.2). It notes each call beside the token.
 */
export const PLUGIN = `import { appendFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
const directory = dirname(process.argv[1]);
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO ?? "null");
if (info?.kind !== "ExecCredential") {
  console.error("this is a credential plugin: kubectl and kauth call it");
  process.exit(1);
}
appendFileSync(join(directory, "calls"), ".");
const { token, expirationTimestamp } = JSON.parse(readFileSync(join(directory, "token.json"), "utf8"));
console.log(JSON.stringify({ apiVersion: info.apiVersion, kind: "ExecCredential", status: { token, expirationTimestamp } }));
`;

const ADJECTIVES = [
  "amber",
  "brisk",
  "calm",
  "clever",
  "coral",
  "eager",
  "fleet",
  "gentle",
  "golden",
  "keen",
  "lively",
  "lucid",
  "merry",
  "nimble",
  "quiet",
  "silver",
];
const ANIMALS = [
  "badger",
  "beaver",
  "crane",
  "falcon",
  "finch",
  "gecko",
  "heron",
  "ibex",
  "lynx",
  "marten",
  "otter",
  "owl",
  "puffin",
  "raven",
  "seal",
  "wren",
];

/** A name that nobody could have hard-coded: another at each run. */
export const randomName = (bytes: Buffer): string =>
  [
    ADJECTIVES[(bytes[0] ?? 0) % ADJECTIVES.length],
    ANIMALS[(bytes[1] ?? 0) % ANIMALS.length],
    bytes.toString("hex", 2, 4),
  ].join("-");
