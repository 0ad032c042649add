import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { importsOf, scan } from "./source.ts";

/** What is wrong with a file, one sentence each; nothing when it is as it should be. */
export type Rule = (path: string, text: string) => readonly string[];

/** A file's place and what is allowed there, with the reason. */
type Places = Readonly<Record<string, string>>;

const isTest = (path: string): boolean => /\.test(-d)?\.ts$/.test(path);
const isProgram = (path: string): boolean => path.startsWith("src/") && !isTest(path);
const within = (places: Places, path: string): boolean =>
  Object.keys(places).some((place) => path === place || (place.endsWith("/") && path.startsWith(place)));

/** The folder below src; undefined for src/index.ts and for what lies elsewhere. */
const moduleOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];

/** The table of ARCHITECTURE.md: each module with what it may import. */
export const readTable = (markdown: string): ReadonlyMap<string, ReadonlySet<string>> => {
  const table = /^\| *module *\|[^]*?(?=\n\n|$(?![^]))/m.exec(markdown)?.[0] ?? "";
  const rows = [...table.matchAll(/^\| *([a-z]+) *\|([^|\n]*)\|$/gm)].slice(1);
  return new Map(
    rows.map(([, name = "", list = ""]) => [
      name,
      new Set(
        list
          .split(",")
          .map((word) => word.trim())
          .filter((word) => word !== ""),
      ),
    ]),
  );
};

export interface Edge {
  readonly from: string;
  readonly to: string;
  /** The file that is imported. */
  readonly file: string;
}

/** The imports of a file that lead into a module of src, its own too. */
export const edgesOf = (path: string, text: string): readonly Edge[] =>
  importsOf(text)
    .filter(({ specifier }) => specifier.startsWith("."))
    .flatMap(({ specifier }) => {
      const file = posix.join(posix.dirname(path), specifier);
      const to = moduleOf(file);
      return to === undefined ? [] : [{ from: moduleOf(path) ?? "", to, file }];
    });

/** Imports between modules are those of the table. Tests and src/index.ts may import what they like. */
export const direction =
  (table: ReadonlyMap<string, ReadonlySet<string>>): Rule =>
  (path, text) =>
    edgesOf(path, text)
      .filter(
        ({ from, to }) => from !== "" && from !== to && !isTest(path) && table.get(from)?.has(to) !== true,
      )
      .map(({ from, to }) => `${from} may not import ${to}`);

/** Doors beside index.ts, with the reason. */
const SECOND_DOORS: Places = {
  "src/oidc/warm.ts":
    "kubectl waits for an answer from the cache at each call, so nothing else may be loaded for it",
  "src/iam/token/at-hand.ts": "a token from keys of the environment, in a file of its own",
  "src/iam/token/index.ts": "kubectl waits for tokens at each call, and nothing else is a part of making one",
  "src/iam/server/index.ts": "kubectl waits for tokens at each call, and a server is no part of making one",
};

/** Another module is its index.ts; base has none and is imported by file. */
export const doors: Rule = (path, text) =>
  path.startsWith("src/")
    ? edgesOf(path, text)
        .filter(({ from, to, file }) => from !== to && to !== "base" && file !== `src/${to}/index.ts`)
        .filter(({ file }) => !within(SECOND_DOORS, file))
        .filter(() => !isTest(path))
        .map(({ file }) => `${file} is private to its module`)
    : [];

/** A module's own files do not go out by their own door and in again. */
export const ownDoor: Rule = (path, text) =>
  isProgram(path)
    ? edgesOf(path, text)
        .filter(({ from, to, file }) => from === to && file === `src/${to}/index.ts`)
        .map(({ file }) => `${file} is the door for others`)
    : [];

const LINES_MAX = 400;

export const size: Rule = (_path, text) => {
  const lines = text.split("\n").length - 1;
  return lines > LINES_MAX ? [`${lines} lines are more than ${LINES_MAX}`] : [];
};

export const names: Rule = (path) =>
  path
    .split("/")
    .map((part) => part.replace(/\..*$/, ""))
    .filter((part) => /^(utils?|helpers?|common|managers?|misc|shared|lib|stuff)$/i.test(part))
    .map((part) => `"${part}" names nothing`);

/** Written so that this file does not break its own rule. */
const UNFINISHED = new RegExp(
  [
    ["TO", "DO"],
    ["FIX", "ME"],
    ["X", "XX"],
    ["HA", "CK"],
  ]
    .map((parts) => `\\b${parts.join("")}\\b`)
    .concat(["not", "implemented"].join(" "), String.raw`\.(?:skip|todo|only|fails)\(`)
    .join("|"),
  "g",
);

export const unfinished: Rule = (_path, text) =>
  [...text.matchAll(UNFINISHED)].map(([word]) => `"${word}" is left`);

/** Directories of the machines that this was made on; `[]` keeps the pattern from matching itself. */
const MACHINE = /\/(?:wor[k]|far[m])\/|\/roo[t]\b/g;

export const machinePaths: Rule = (_path, text) =>
  [...text.matchAll(MACHINE)].map(([found]) => `"${found}" is a path of one machine`);

/** Runtime dependencies, each with the files that may import it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@napi-rs/keyring": ["src/oidc/keyring.ts"],
  jose: [
    "src/oidc/id-token.ts",
    "src/oidc/keys.ts",
    "src/oidc/settle.ts",
    "src/oidc/access-token.ts",
    "src/oidc/client-key.ts",
  ],
  oauth4webapi: [
    "src/oidc/token-request.ts",
    "src/oidc/party.ts",
    "src/oidc/revoke.ts",
    "src/oidc/par.ts",
    "src/oidc/device-grant.ts",
  ],
  uqr: ["src/cli/oidc/qr-code.ts"],
  yaml: [
    "src/iam/mapping/text.ts",
    "src/iam/mapping/write.ts",
    "src/kubeconfig/yaml.ts",
    "src/kubeconfig/go-scalar.ts",
    "src/kubeconfig/go-merge.ts",
    "src/kubeconfig/splice.ts",
    "src/kubeconfig/edit.ts",
    "src/kubeconfig/exec-user.ts",
    "src/credentials/exec-credential.ts",
    "src/credentials/auth-providers/gcp-command.ts",
    "src/cli/config.ts",
    "src/cli/iam/settings.ts",
    "src/cli/iam/append-entry.ts",
    "src/iam/token/old-cache.ts",
    "src/cli/output.ts",
    "src/cli/oidc/doctor/cluster.ts",
  ],
};

export const packages: Rule = (path, text) =>
  isProgram(path)
    ? importsOf(text)
        .filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
        .filter(({ specifier }) => PACKAGES[specifier]?.includes(path) !== true)
        .map(({ specifier }) =>
          isBuiltin(specifier)
            ? `"${specifier}" needs node: in front`
            : `"${specifier}" is no dependency here`,
        )
    : [];

/** Paths in imports end in .ts, and lead to something that is no test. */
export const endings: Rule = (path, text) =>
  isProgram(path)
    ? importsOf(text)
        .filter(({ specifier }) => specifier.startsWith("."))
        .filter(
          ({ specifier }) => !specifier.endsWith(".ts") || isTest(specifier) || specifier.includes("/test/"),
        )
        .map(({ specifier }) => `"${specifier}" is no source file`)
    : [];

/** A rule that some words stand in some places only. */
const onlyIn =
  (pattern: RegExp, places: Places, what: string, part: "bare" | "code" = "bare"): Rule =>
  (path, text) =>
    !isProgram(path) || within(places, path)
      ? []
      : [...scan(text)[part].matchAll(new RegExp(pattern.source, "gm"))].map(
          ([found]) => `"${found.trim()}": ${what}`,
        );

export const printing = onlyIn(/\bconsole\s*\./, {}, "only cli prints, through System.log");

export const topLevelState: Rule = onlyIn(
  /^(?:export )?(?:let|var)\b|^(?:export )?const \w+(?:: [^=\n]+)? = (?:new (?:Map|Set|WeakMap|WeakSet|Array)(?:<[^(\n]*>)?\(\)|\[\];|\{\};)/,
  {},
  "a module keeps no state",
);

export const processAccess = onlyIn(
  /(?<![.\w])process\b(?=\s*[.[])/,
  {
    "src/base/system.ts": "makes the System",
    "src/cli/main.ts": "signals and the exit status",
    "src/cli/hardening.ts": "takes abilities away from the process",
    "src/cli/code-cache.ts": "runs before anything else is loaded",
    "src/cli/oidc/quick.ts": "is the whole process where get-token has its answer",
    "src/cli/iam/quick.ts": "is the whole process where a token has its answer",
    "src/cli/open/ask.ts": "reads the terminal",
    "src/cli/demo/run.ts": "is the plugin's interpreter",
  },
  "everything impure comes from System",
);

export const clock = onlyIn(
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bMath\.random\b|\brandomUUID\b|\bgetRandomValues\b/,
  {
    "src/base/system.ts": "makes the System",
    "src/demo/store.ts": "UIDs of made-up objects",
    "src/proxy/answer.ts": "the Date of an answer, as node:http writes it into all others",
  },
  "time and chance come from System",
);

export const randomness = onlyIn(
  /\brandomBytes\b/,
  { "src/base/": "names of drafts and serial numbers of certificates" },
  "chance comes from System",
);

/** A value import of one of some packages of Node's in some places only. */
const importedOnlyIn =
  (specifiers: readonly string[], places: Places, what: string): Rule =>
  (path, text) =>
    !isProgram(path) || within(places, path)
      ? []
      : importsOf(text)
          .filter(({ specifier, typeOnly }) => !typeOnly && specifiers.includes(specifier))
          .filter(({ specifier }) => !onlyTypes(text, specifier))
          .map(({ specifier }) => `"${specifier}": ${what}`);

/** `import { type A, type B } from "x"`, without a value. */
const onlyTypes = (text: string, specifier: string): boolean => {
  const braces = new RegExp(`import \\{([^}]*)\\} from "${specifier}"`).exec(scan(text).code)?.[1];
  return (
    braces !== undefined &&
    braces
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "")
      .every((word) => word.startsWith("type "))
  );
};

export const processes = importedOnlyIn(
  ["node:child_process", "node:cluster", "node:worker_threads"],
  { "src/base/system.ts": "makes the System" },
  "programs are started by System.spawn",
);

export const tls = importedOnlyIn(
  ["node:tls", "node:https"],
  {
    "src/base/tls.ts": "starts every TLS connection that leaves this machine",
    "src/api/inspect.ts": "compares names as node:tls does",
    "src/base/roots.ts": "asks the runtime for the system's authorities",
    "src/proxy/forward/upstream-tls.ts": "a UI that speaks HTTPS",
    "src/demo/": "the demo's own servers",
    "src/iam/server/serve.ts": "API servers come to it, by TLS",
    "src/oidc/callback.ts": "a redirect URL that is https, with the person's own certificate",
  },
  "TLS options are built in one place",
);

export const authorization = onlyIn(
  /["'`]Authorization["':]/,
  {
    "src/credentials/apply.ts": "writes it",
    "src/cli/oidc/token-source.ts": "asks GitHub for the token of a job, which no cluster's credential is in",
    "src/iam/token/container.ts": "what an agent of AWS beside us wants to see",
    "src/iam/ec2/describe.ts": "signs requests to AWS, which no credential of a cluster is in",
    "src/iam/token/sts.ts": "signs requests to AWS, which no credential of a cluster is in",
  },
  "only credentials/apply.ts writes it",
  "code",
);

export const listening = onlyIn(
  /\.listen\(/,
  {
    "src/base/listen.ts": "loopback only, both families",
    "src/base/private-socket.ts": "a file that only its owner can reach",
    "src/demo/cluster.ts": "the demo's API server, on 127.0.0.1",
  },
  "there is one way to listen",
);

export const demoOnly: Rule = (path, text) =>
  isProgram(path) && path !== "src/cli/demo/run.ts"
    ? edgesOf(path, text)
        .filter(({ from, to }) => to === "demo" && from !== "demo")
        .map(() => "only kauth demo imports demo")
    : [];

export const looseTypes: Rule = (path, text) => [
  ...[...text.matchAll(/@ts-(?:ignore|nocheck)|(?:ox|es)lint-disable/g)].map(
    ([word]) => `"${word}" hides a fault`,
  ),
  ...(path.startsWith("src/")
    ? [...scan(text).bare.matchAll(/\bas unknown as\b|\bas any\b|: any\b|<any>/g)].map(
        ([word]) => `"${word}" gives up on types`,
      )
    : []),
];

export const shell = onlyIn(
  /\bshell\s*:\s*true\b|\bexecSync\b|\beval\(|\bnew Function\(/,
  {},
  "nothing is run by a shell",
);

export const exits = onlyIn(
  /\bprocess\.exit\(/,
  { "src/cli/main.ts": "the rim" },
  "only the rim ends the process",
);
