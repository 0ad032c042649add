import { internals, NOTHING_CONFIGURED, parserWords } from "../differences.ts";
import type { Fields, Json, Row } from "../row.ts";

const server: Fields = { server: "<https>", "certificate-authority-data": "<ca>" };

/** A whole kubeconfig of one context, `work`, in which everything has the name that is given. */
const whole = (name: string, token: string, more: Fields = {}): Json => ({
  "current-context": "work",
  clusters: [{ name, cluster: server }],
  users: [{ name, user: { token } }],
  contexts: [{ name: "work", context: { cluster: name, user: name } }],
  ...more,
});

const list = (...paths: readonly string[]): { readonly env: { readonly KUBECONFIG: string } } => ({
  env: { KUBECONFIG: paths.map((path) => (path === "" ? "" : `<dir>/${path}`)).join(":") },
});

/** Which files are loaded (§1.1), and how they become one (§1.2). */
export const FILE_ROWS: readonly Row[] = [
  {
    tries: "§1.1 L1",
    name: "--kubeconfig: KUBECONFIG and home are ignored",
    config: whole("a", "from-variable"),
    files: { "home/.kube/config": whole("a", "from-home"), other: whole("a", "from-flag") },
    args: ["--kubeconfig", "<dir>/other"],
  },
  {
    tries: "§1.1 L1",
    name: "--kubeconfig is one path, colons and all",
    config: whole("a", "from-variable"),
    files: { "a:b": whole("a", "from-flag") },
    args: ["--kubeconfig", "<dir>/a:b"],
  },
  {
    tries: "§1.1 L1",
    name: "a relative --kubeconfig is relative to the working directory",
    config: "none",
    files: { "work/here": whole("a", "from-flag") },
    args: ["--kubeconfig=here"],
  },
  {
    tries: "§1.1 L1",
    name: "an empty --kubeconfig says nothing",
    config: whole("a", "from-variable"),
    args: ["--kubeconfig="],
  },
  {
    tries: "§1.1 L2",
    name: "--kubeconfig that is missing",
    args: ["--kubeconfig", "<dir>/missing"],
    rejected: true,
  },
  {
    tries: "§1.1 L2",
    name: "a relative --kubeconfig that is missing",
    args: ["--kubeconfig", "missing"],
    rejected: true,
  },
  {
    tries: "§1.1 L2",
    name: "--kubeconfig below a file",
    args: ["--kubeconfig", "<dir>/kube/config/below"],
    rejected: true,
  },
  {
    tries: "§1.1 L3",
    name: "a list with a double and empty items",
    config: "none",
    files: { a: whole("a", "from-a"), b: whole("b", "from-b") },
    ...list("a", "", "b", "a"),
  },
  {
    tries: "§1.1 L3",
    name: "items of a list may be relative",
    config: "none",
    files: { "work/a": whole("a", "from-a"), b: whole("b", "from-b") },
    env: { KUBECONFIG: "a:<dir>/b" },
  },
  {
    tries: "§1.1 L4",
    name: "a missing file of a list is skipped",
    config: "none",
    files: { b: whole("b", "from-b") },
    ...list("missing", "b"),
  },
  {
    tries: "§1.1 L5",
    name: "all files of a list are missing: no way back to home",
    differs: NOTHING_CONFIGURED,
    config: "none",
    files: { "home/.kube/config": whole("a", "from-home") },
    ...list("one", "two"),
    rejected: true,
  },
  {
    tries: "§1.1 L6",
    name: "without KUBECONFIG the one at home",
    config: "none",
    files: { "home/.kube/config": whole("a", "from-home") },
    env: { KUBECONFIG: undefined },
  },
  {
    tries: "§1.1 L6",
    name: "with an empty KUBECONFIG too",
    config: "none",
    files: { "home/.kube/config": whole("a", "from-home") },
    env: { KUBECONFIG: "" },
  },
  {
    tries: "§1.1 L6",
    name: "no file at all",
    differs: NOTHING_CONFIGURED,
    config: "none",
    env: { KUBECONFIG: undefined },
    rejected: true,
  },
  {
    tries: "§1.1 L7",
    name: "an empty file is an empty config",
    differs: NOTHING_CONFIGURED,
    config: "",
    rejected: true,
  },
  {
    tries: "§1.1 L7",
    name: "an empty file in a list",
    config: "none",
    files: { a: "", b: whole("b", "from-b") },
    ...list("a", "b"),
  },
  {
    tries: "§1.1 L8",
    name: "a file that is no kubeconfig",
    config: "bogus value",
    rejected: true,
    differs: parserWords(/^error loading config file "\/.*": value must be an object, not string$/),
  },
  {
    tries: "§1.1 L8",
    name: "a file of other things",
    config: "[1, 2]",
    rejected: true,
    differs: parserWords(/^error loading config file "\/.*": value must be an object, not a list$/),
  },
  {
    tries: "§1.1 L8",
    name: "YAML that is broken",
    config: "a: [1, 2",
    rejected: true,
    differs: parserWords(/^error loading config file "\/.*": yaml: line 1, column 9: bad indent$/),
  },
  {
    tries: "§1.1 L8",
    name: "a directory",
    config: "none",
    files: { "below/file": "" },
    ...list("below"),
    rejected: true,
  },
  {
    tries: "§1.1 L8",
    name: "every bad file is named, and a good one does not help",
    differs: parserWords(/^error loading config file "\/.*\/a": value must be an object/),
    config: "none",
    files: { a: "bogus value", b: whole("b", "from-b"), "c/file": "" },
    ...list("a", "b", "c"),
    rejected: true,
  },
  {
    tries: "§1.1 L9",
    name: "a file that may not be read",
    config: { text: whole("a", "secret"), mode: 0 },
    unprivileged: true,
    rejected: true,
  },
  {
    tries: "§1.1 L9",
    name: "a file of a list that may not be read",
    config: "none",
    files: { a: { text: whole("a", "secret"), mode: 0 }, b: whole("b", "from-b") },
    ...list("a", "b"),
    unprivileged: true,
    rejected: true,
  },
  {
    tries: "§1.1 L10",
    name: "no kind and no apiVersion, and fields that nobody knows",
    config: whole("a", "from-file", { unknown: { deep: [1] }, preferences: { colors: true } }),
  },
  {
    tries: "§1.1 L10",
    name: "a kind of something else",
    differs: internals(/: no kind "Pod" is registered for version "v1"$/),
    config: whole("a", "from-file", { kind: "Pod", apiVersion: "v1" }),
    rejected: true,
  },
  {
    tries: "§1.1 L10",
    name: "an apiVersion of something else",
    differs: internals(/: no kind "Config" is registered for version "v2"$/),
    config: whole("a", "from-file", { kind: "Config", apiVersion: "v2" }),
    rejected: true,
  },
  {
    tries: "§1.1 L10",
    name: "YAML, with comments, anchors and both kinds of quotes",
    config: [
      "# written by hand",
      "apiVersion: v1",
      "kind: Config",
      "current-context: &here 'work'",
      "clusters:",
      '- cluster: {server: "<https>", certificate-authority-data: <ca>}',
      "  name: prod",
      "users:",
      "  - name: alice",
      "    user:",
      "      token: >-",
      "        folded",
      "contexts:",
      "- context:",
      "    cluster: prod # here",
      "    user: alice",
      "  name: *here",
      "",
    ].join("\n"),
  },
  {
    tries: "§1.1 L11",
    name: "the file of the first kubectl is copied",
    config: "none",
    files: { "home/.kube/.kubeconfig": whole("a", "from-old-file") },
    env: { KUBECONFIG: undefined },
  },
  ...(["clusters", "users", "contexts"] as const).map((kind): Row => ({
    tries: "§1.1 L12",
    name: `two ${kind} of one name`,
    config: {
      ...(whole("a", "from-file") as Fields),
      [kind]: [{ name: "X" }, { name: "X" }],
    },
    rejected: true,
    differs: internals(
      /: error converting \*\[\]Named\w+ into \*map\[string\]\*api\.\w+: duplicate name "X" in list$/,
    ),
  })),
  {
    tries: "§1.1 L12",
    name: "two extensions of one name",
    differs: internals(
      /\*\[\]NamedExtension into \*map\[string\]runtime.Object: duplicate name "X" in list$/,
    ),
    config: whole("a", "from-file", {
      extensions: [
        { name: "X", extension: {} },
        { name: "X", extension: {} },
      ],
    }),
    rejected: true,
  },
  {
    tries: "§1.2 maps",
    name: "of entries of one name the first file's is taken whole",
    config: "none",
    files: {
      a: { users: [{ name: "a", user: { username: "first" } }] },
      b: whole("a", "from-b"),
    },
    ...list("a", "b"),
  },
  {
    tries: "§1.2 scalars",
    name: "the first current-context that is set counts",
    config: "none",
    files: {
      a: { "current-context": "" },
      b: whole("b", "from-b"),
      c: { ...(whole("c", "from-c") as Fields), "current-context": "other" },
    },
    ...list("a", "b", "c"),
  },
  {
    tries: "§1.2 maps",
    name: "context, cluster and user of three files",
    config: "none",
    files: {
      a: { "current-context": "work", contexts: [{ name: "work", context: { cluster: "k", user: "u" } }] },
      b: { clusters: [{ name: "k", cluster: server }] },
      c: { users: [{ name: "u", user: { token: "from-c" } }] },
    },
    ...list("a", "b", "c"),
  },
  {
    tries: "§1.2 paths",
    name: "files are relative to the file that names them",
    config: "none",
    files: {
      "a/pki/ca.pem": "<ca-pem>",
      "a/pki/cert.pem": "<cert-pem>",
      "a/pki/key.pem": "<key-pem>",
      "a/token": "from-token-file",
      "a/config": {
        ...(whole("a", "") as Fields),
        clusters: [{ name: "a", cluster: { server: "<https>", "certificate-authority": "pki/ca.pem" } }],
        users: [
          {
            name: "a",
            user: {
              "client-certificate": "./pki/cert.pem",
              "client-key": "pki/../pki/key.pem",
              tokenFile: "token",
            },
          },
        ],
      },
    },
    ...list("a/config"),
  },
  {
    tries: "§1.2 paths",
    name: "a relative file that is named from a relative kubeconfig",
    config: "none",
    files: {
      "work/a/token": "from-token-file",
      "work/a/config": {
        ...(whole("a", "") as Fields),
        users: [{ name: "a", user: { tokenFile: "token" } }],
      },
    },
    env: { KUBECONFIG: "a/config" },
  },
];
