import { WRITTEN } from "../src/cli/clean.ts";
import type { Command, OptionSpec } from "../src/cli/command.ts";
import { configSchema } from "../src/cli/config-schema.ts";
import type { Schema } from "../src/cli/config-field.ts";
import { COMMANDS } from "../src/cli/commands.ts";
import { COMMON_OPTIONS, KLOG_OPTIONS } from "../src/cli/globals.ts";
import { exitStatuses, optionText, optionTitle } from "../src/cli/help.ts";
import { CODES } from "../src/base/codes.ts";
import type { Documented } from "./json-document.ts";
import { IAM_DOCUMENTS } from "./json-iam.ts";
import { EVENTS, FINDING, FOUND, NOT_SEARCHED, WHOAMI } from "./json-keys.ts";
import { OIDC_DOCUMENTS } from "./json-oidc.ts";
import { places } from "../src/base/places.ts";

/** The reference pages, rendered from the code. `npm run generate` writes them; a test compares them. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/cli.md": cliPage,
  "docs/config.md": configPage,
  "docs/config.schema.json": () => `${JSON.stringify(configSchema(), null, 2)}\n`,
  "docs/errors.md": errorsPage,
  "docs/files.md": filesPage,
  "docs/json.md": jsonPage,
};

const GENERATED = "<!-- Made by `npm run generate` from the code. Do not edit. -->";

/** Text that stands in a cell of a table. */
const cell = (text: string): string =>
  text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

const page = (...parts: readonly string[]): string => `${[GENERATED, ...parts].join("\n\n")}\n`;

function cliPage(): string {
  const common = Object.entries<OptionSpec>(COMMON_OPTIONS);
  return page(
    "# Commands",
    "A setting is taken from its option, else from its `KAUTH_…` variable, else from `config.yaml`, else its default counts.",
    table(
      ["command", "what it does"],
      COMMANDS.map((command) => {
        const name = command.path.join(" ");
        return [`[\`kauth ${name}\`](#kauth-${command.path.join("-")})`, cell(command.summary)];
      }),
    ),
    ...COMMANDS.flatMap(commandSection),
    "## Options of every command",
    optionTable(COMMANDS[0], common),
    withoutMeaning(Object.keys(KLOG_OPTIONS)),
    "## Exit status",
    table(
      ["status", "meaning"],
      [
        ["0", "Done."],
        ["1", "The world failed, or what was asked about is not so."],
        ["2", "Refused: bad input, or an unsafe set-up. Nothing was sent to a pod."],
        ["70", "A fault of kauth's own."],
        ["130", "Ended by Ctrl-C, where that is not the way to end it, or at once by a second signal."],
        ["143", "Ended by SIGTERM, likewise."],
      ],
    ),
    "Each command says above what 0, 1 and 2 mean of it. Under the name of another tool every failure is 1. [errors.md](errors.md) lists the codes that the messages carry.",
  );
}

const commandSection = (command: Command): readonly string[] => {
  const name = `kauth ${command.path.join(" ")}`;
  const own = Object.entries(command.options);
  const shown = own.filter(([, spec]) => spec.ignored !== true);
  const ignored = own.filter(([, spec]) => spec.ignored === true).map(([option]) => option);
  return [
    `## ${name}`,
    `${command.summary}.`,
    "```\n" + [name, "[OPTIONS]", command.operands].filter((word) => word !== "").join(" ") + "\n```",
    cell(command.description.replaceAll("\n", " ")),
    ["```sh", ...command.examples.map((each) => `# ${each.does}\n${each.command}`), "```"].join("\n"),
    ...(shown.length === 0 ? [] : [optionTable(command, shown)]),
    ...(ignored.length === 0 ? [] : [withoutMeaning(ignored)]),
    table(["exit status", "meaning"], exitStatuses(command)),
  ];
};

const withoutMeaning = (options: readonly string[]): string =>
  `Accepted and without meaning: ${options.map((option) => `\`--${option}\``).join(", ")}.`;

const optionTable = (
  command: Command | undefined,
  options: readonly (readonly [string, OptionSpec])[],
): string => {
  if (command === undefined) throw new TypeError("there is no command");
  return table(
    ["option", "meaning"],
    options.map(([name, spec]) => [
      `\`${optionTitle(name, spec)}\``,
      cell(optionText(command, name, spec)).replaceAll(/\[(KAUTH_\w+)\]/g, "`$1`"),
    ]),
  );
};

function errorsPage(): string {
  return page(
    "# Error codes",
    "A message ends with its code in brackets. Exit status 1: the world failed. Exit status 2: refused, for bad input or an unsafe set-up; nothing was sent to a pod.",
    ...Object.entries(CODES)
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([code, { exit, means, next }]) => `## ${code}\n\nExit status ${exit}. ${means}\n\nNext: ${next}`),
  );
}

/** What a person may write there, in short. */
const shapeText = (schema: Schema): string => {
  const { type, anyOf, items, propertyNames, additionalProperties } = schema;
  if (Array.isArray(schema["enum"])) return schema["enum"].map((each) => `\`${String(each)}\``).join(", ");
  if (Array.isArray(anyOf)) return anyOf.map((each) => shapeText(each as Schema)).join(" or ");
  if (type === "array") return `list of ${shapeText(items as Schema)}`;
  if (type === "object" && propertyNames !== undefined)
    return `mapping of names to ${shapeText(additionalProperties as Schema)}`;
  if (type === "object")
    return `mapping with ${Object.keys(propertiesOf(schema))
      .map((key) => `\`${key}\``)
      .join(", ")}`;
  if (type === "boolean") return "`true` or `false`";
  return type === "integer" ? "number" : "text";
};

const propertiesOf = (schema: Schema): Readonly<Record<string, Schema>> =>
  (schema["properties"] ?? {}) as Readonly<Record<string, Schema>>;

/** Below the names that a person makes up. */
const entryOf = (block: string): Schema =>
  propertiesOf(configSchema())[block]?.["additionalProperties"] as Schema;

const keyTable = (schema: Schema): string =>
  table(
    ["key", "meaning", "value"],
    Object.entries(propertiesOf(schema)).map(([key, of]) => [
      `\`${key}\``,
      cell(String(of["description"])),
      cell(shapeText(of)),
    ]),
  );

function configPage(): string {
  const ready = propertiesOf(entryOf("presets"))["ready"] ?? {};
  return page(
    "# config.yaml",
    "It lies in `~/.config/kauth`, or where `KAUTH_CONFIG` says. An option counts before its variable, the variable before this file, and the file before what kauth knows of a UI. " +
      "An unknown key is refused by its name. [config.schema.json](config.schema.json) is the schema; editors take it from a first line such as `# yaml-language-server: $schema=…/config.schema.json`.",
    [
      "```yaml",
      "version: 1",
      "open:",
      "  tunnel: websocket",
      "presets:",
      "  my-ui:",
      "    services: [my-ui]",
      "    port: http",
      "    ready: { path: /healthz, contains: ok }",
      "    headers:",
      '      X-Forwarded-User: "{{username}}"',
      '      X-Forwarded-Group: "{{groups}}"',
      "  grafana:",
      "    namespaces: [boards]",
      "contexts:",
      "  prod-eu: { production: true, color: red }",
      "```",
    ].join("\n"),
    "## Commands",
    "A block for each command, with its options by their long names as [cli.md](cli.md) has them. An option that may be given several times takes a list. Options that name a credential have no place here.",
    "## presets",
    "UIs of your own, by the name that you type: `kauth open my-ui`. One with the name of a built-in one ([uis.md](uis.md)) changes what you write and leaves the rest. Yours are looked at first.",
    keyTable(entryOf("presets")),
    "`ready` has:",
    keyTable(ready),
    "A value of `headers` may have `{{username}}`, `{{groups}}` (a list with commas) and `{{uid}}`, each of which is replaced once by what the API server says of you. " +
      "What cannot be told apart is not sent: control characters, characters beyond Latin-1, a group with a comma. A header of such a name that a page sends is dropped. " +
      "Names that kauth, HTTP or the API server decides (`Host`, `Authorization`, `Cookie`, `Impersonate-…`, `X-Kauth-…` and their like) are refused.",
    "## contexts",
    "How the pages of a context look, by its name in the kubeconfig.",
    keyTable(entryOf("contexts")),
  );
}

const keys = (sentences: Readonly<Record<string, string>>): string =>
  table(
    ["key", "meaning"],
    Object.entries(sentences).map(([key, means]) => [`\`${key}\``, cell(means)]),
  );

const document = (path: string, { says, keys: sentences, parts, example }: Documented): readonly string[] => [
  `## kauth ${path}`,
  `\`kauth ${path} --output json\` ${says}`,
  keys(sentences),
  ...Object.entries(parts).flatMap(([part, of]) => [`\`${part}\` has:`, keys(of)]),
  ["```json", JSON.stringify(example, undefined, 2), "```"].join("\n"),
];

function jsonPage(): string {
  return page(
    "# JSON output",
    "New keys and events may come; those that are here keep their meaning. A key without a value is missing.",
    "## kauth open",
    "`kauth open TARGET --output json` writes one object a line on stdout. `event` says which one it is. stderr stays text.",
    ...Object.entries(EVENTS).flatMap(([name, { when, keys: sentences }]) => [
      `### ${name}`,
      when,
      keys(sentences),
    ]),
    "## kauth open --list",
    "`kauth open --list --output json` writes one object. `uis` is a list of what looks like a UI by the name and the labels of its Service, " +
      "those of your own namespace first. `notSearched` is a list of the places that others may be in.",
    keys(FOUND),
    "Each of `notSearched`:",
    keys(NOT_SEARCHED),
    "## Failures",
    "A command with `--output json` that fails writes the event [error](#error) on stdout, beside the text on stderr. " +
      "`kauth doctor` that finds something wrong, and `kauth whoami` where the cluster does not tell who you are, write their result and end with 1.",
    "## kauth whoami",
    "`kauth whoami --output json` writes one object.",
    keys(WHOAMI),
    "## kauth doctor",
    "`kauth doctor --output json` writes one object: `ok` is false where a finding is `bad`; `findings` is a list; " +
      "`role` has the Role and RoleBinding to apply, where a right is missing. Each finding has:",
    keys(FINDING),
    "## kauth clean",
    "`kauth clean --output json` writes one object: `dryRun`, `removed` (a list of paths) and `failed` (a list of objects with `path` and `reason`).",
    ...Object.entries({ ...OIDC_DOCUMENTS, ...IAM_DOCUMENTS }).flatMap(([path, of]) => document(path, of)),
    "## ExecCredential",
    "`kauth token --exec-credential`, `kauth oidc get-token`, `kauth iam token` and `kauth iam get-token` write the ExecCredential that client-go reads, and nothing else.",
    "## Answers to programs",
    "A program that asks a UI gets `application/problem+json` (RFC 9457) where the UI cannot answer: `title`, `status`, `detail`, `incident`, " +
      "and, where the reason has one, `code` and `next` as in [errors.md](errors.md).",
  );
}

const around = (platform: NodeJS.Platform): ReturnType<typeof places> =>
  places({ platform, env: {}, home: "~", temp: "", uid: undefined });

/** What `clean.ts` matches, as people write it. */
const pathOf = (file: (typeof WRITTEN)[number]): string =>
  file.pattern.source
    .replace(/^\^/, "")
    .replace(/\$$/, "")
    .replaceAll("\\.", ".")
    .replaceAll(/\[0-9a-[^\]]*\](\{\d+\}|\+)/g, "ID");

function filesPage(): string {
  const here = around("linux");
  const forward = (path: string): string => `\`${path.replaceAll("\\", "/")}\``;
  return page(
    "# Files",
    "`kauth clean` removes what the second table lists, and nothing else.",
    "## Places",
    table(
      ["place", "Linux and macOS", "variable on Linux and macOS", "with `KAUTH_HOME`"],
      (["config", "cache", "state", "runtime"] as const).map((place) => [
        place,
        forward(here[place]),
        `\`XDG_${place === "runtime" ? "RUNTIME_DIR" : `${place.toUpperCase()}_HOME`}\``,
        forward(
          places({ platform: "linux", env: { KAUTH_HOME: "$KAUTH_HOME" }, home: "~", temp: "", uid: 0 })[
            place
          ],
        ),
      ]),
    ),
    "A variable names the directory above `kauth`; a relative path in it is ignored. On Windows config is `%APPDATA%\\kauth`; " +
      "cache, state and run lie below `%LOCALAPPDATA%\\kauth`. Windows is untested.",
    "Two places are not kauth's own: `tokens` is where kubelogin keeps its own, `$KUBECACHEDIR/oidc-login` or `~/.kube/cache/oidc-login`, " +
      "and `temp` is the system's directory for what is for now. Tokens below another `--token-cache-dir` are for `kauth oidc clean`.",
    "## Written by kauth",
    table(
      ["file", "mode", "what it holds"],
      WRITTEN.map((file) => [`${file.place}: \`${pathOf(file)}\``, file.mode, cell(`${file.holds}.`)]),
    ),
    "Directories are made with mode 0700. A file is replaced as a whole; a crash can leave a draft `NAME.ID.new` beside it.",
    "`kauth open --api-token-file FILE` makes FILE anew, with mode 0600, and removes it at the end.",
    "A kubeconfig whose user has an `auth-provider` gets the renewed credential, and nothing else of it changes; mode and owner stay. " +
      "`KUBECONFIG.lock` keeps kubectl out meanwhile. A crash can leave the lock, and a draft `KUBECONFIG.kauth-draft`.",
    "A `~/.kube/.kubeconfig` from kubectl's first years is copied to `~/.kube/config` where there is none, as kubectl does.",
    "## Read by kauth",
    table(
      ["file", "when"],
      [
        [
          "config: `config.yaml`, or what `KAUTH_CONFIG` names",
          "Each command. You write it; `kauth clean` keeps it.",
        ],
        [
          "`--kubeconfig`, else each file of `KUBECONFIG`, else `~/.kube/config`",
          "Each command that talks to a cluster, and bare `kauth`. `kauth open` looks every 2 s whether they have changed.",
        ],
        [
          "Certificates, keys and token files that the kubeconfig or an option names",
          "Each command that talks to a cluster.",
        ],
        ["`--kuberc`, else `KUBERC`, else `~/.kube/kuberc`", "Before a credential plugin runs."],
        ["`/var/run/secrets/kubernetes.io/serviceaccount/`", "In a pod, where no kubeconfig says anything."],
        ["`--upstream-ca`", "`kauth open`."],
        ["`/proc/self/net/tcp`, `/proc/self/net/tcp6`", "Whose connection it is. Linux only."],
        ["`/proc/PID/fd`, `/proc/PID/exe`", "Which program has a port that is taken. Linux only."],
      ],
    ),
  );
}
