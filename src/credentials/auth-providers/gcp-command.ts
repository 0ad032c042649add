import { KnownError, messageOf } from "../../base/errors.ts";
import { readPlainYaml } from "../../base/plain-yaml.ts";
import type { System } from "../../base/system.ts";
import { millis } from "../../base/units.ts";
import { permittedProgram } from "../exec-policy.ts";
import { runPlugin } from "../exec-process.ts";
import type { GoogleToken } from "./adc.ts";
import { parseGoTime } from "./go-time.ts";
import { fillTemplate } from "./jsonpath.ts";
import type { ProviderContext } from "./provider.ts";
import { parseQuietly, quoted } from "../../base/quote.ts";

export interface TokenCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** kubectl's JSONPath templates over what the program prints. */
  readonly tokenKey: string;
  readonly expiryKey: string;
  /** Go's layout of the time that `expiryKey` finds. */
  readonly timeFormat: string;
}

/** gcloud asks nobody here, so a minute is long. */
const TIMEOUT = millis(60_000);

/**
 * A token that a program of the kubeconfig prints (credentials.md §3.2). It runs like a credential plugin: only for a
 * kubeconfig that nobody else can write (choose.ts), only when kuberc allows it, without a shell, bounded in time and
 * output.
 * @throws {KnownError} EXEC_DENIED, EXEC_NOT_FOUND, EXEC_FAILED, EXEC_TIMEOUT, EXEC_OUTPUT_INVALID;
 *   the texts are client-go's, but nothing of what was printed is quoted
 */
export async function commandToken(
  command: TokenCommand,
  context: ProviderContext,
  signal: AbortSignal,
): Promise<GoogleToken> {
  const { system } = context;
  const named = quoted([command.file, ...command.args].join(" "));
  const stdout = await run(command, context, signal, `error executing access token command ${named}`);
  const within = `error parsing output for access token command ${named}`;
  const data = await readOutput(stdout);
  if (data === undefined) throw unreadable(`${within}: it is neither JSON nor YAML`);
  const fill = (key: string, template: string): string => {
    const wrong = (reason: string): KnownError =>
      unreadable(
        `${within}: error parsing ${key} ${quoted(template)} from ${quoted(shapeOf(data))}: ${reason}`,
      );
    let text: string;
    try {
      text = fillTemplate(template, data);
    } catch (error) {
      throw wrong(messageOf(error));
    }
    if (text === "<nil>") throw wrong("it is null");
    return text;
  };
  const accessToken = fill("token-key", command.tokenKey);
  const expiry = fill("expiry-key", command.expiryKey);
  const expiresAt = parseGoTime(command.timeFormat, expiry);
  if (expiresAt === undefined)
    system.log.verbose(
      1,
      `Failed to parse token expiry from ${quoted(expiry)} (fmt=${quoted(command.timeFormat)}): the token serves once`,
    );
  return { accessToken, expiresAt };
}

const unreadable = (message: string): KnownError =>
  new KnownError("EXEC_OUTPUT_INVALID", message, {
    hint: "Run the command by hand, and correct cmd-path, token-key or expiry-key in the kubeconfig.",
  });

const run = async (
  { file, args }: TokenCommand,
  { system, options }: ProviderContext,
  signal: AbortSignal,
  prefix: string,
): Promise<string> => {
  const { env, platform, cwd } = system;
  const program = await permittedProgram(file, options.policy ?? { kind: "AllowAll" }, {
    env,
    platform,
    cwd,
    executable: async (path) => await system.files.executable(path),
  });
  if (program.kind === "missing")
    throw new KnownError(
      "EXEC_NOT_FOUND",
      `${prefix}: err=exec: ${quoted(file)}: executable file not found in $PATH output= stderr=`,
    );
  const outcome = await runPlugin(
    {
      command: file,
      path: program.path,
      args,
      env: definedOnly(env),
      interactive: false,
      timeout: options.timeout ?? TIMEOUT,
      signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
    },
    system,
  );
  if (outcome.kind === "printed") return outcome.stdout;
  const { error, exitCode, what, said } = outcome;
  throw new KnownError(
    error.code,
    `${prefix}: err=${exitCode === undefined ? what : `exit status ${exitCode}`} output= stderr=${said}`,
    { cause: error, hint: error.hint },
  );
};

const definedOnly = (env: System["env"]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

/** JSON or YAML; undefined for neither. */
const readOutput = async (text: string): Promise<unknown> => {
  const json = parseQuietly(text) ?? readPlainYaml(text);
  if (json !== undefined) return json;
  try {
    const { parse } = await import("yaml");
    return parse(text, { maxAliasCount: 0 }) as unknown;
  } catch {
    // The parser's own message would quote the output, and with it a token.
    return undefined;
  }
};

/** Levels and names are enough to correct a template. */
const DEPTH_SHOWN = 5;

/** JSON of what was printed with all values hidden: the names help to correct a template, and the values are secrets. */
const shapeOf = (value: unknown): string => JSON.stringify(hidden(value, 0));

const hidden = (value: unknown, depth: number): unknown => {
  if (depth > DEPTH_SHOWN) return "...";
  if (Array.isArray(value)) return value.slice(0, DEPTH_SHOWN).map((item) => hidden(item, depth + 1));
  if (typeof value !== "object" || value === null) return value === null ? null : "[redacted]";
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hidden(item, depth + 1)]));
};
