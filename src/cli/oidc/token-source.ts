import { DecodeError, object, parseJson, string } from "../../base/decode.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import { sendHttp } from "../../base/http.ts";
import { Secret } from "../../base/secret.ts";
import type { System } from "../../base/system.ts";
import { KiB, millis } from "../../base/units.ts";
import type { TokenSource } from "../../oidc/index.ts";
import { expandTilde } from "../tilde.ts";

/** Tokens have some KiB. */
const LIMIT = KiB(64);
const PROGRAM_TIMEOUT = millis(60_000);

/**
 * Where a token comes from that something else has made, in words of an option:
 * `file:PATH` (a projected token of Kubernetes, a secret), `env:NAME` (GitLab's `id_tokens`), `command:PROGRAM`,
 * `github` or `github:AUDIENCE` (the job's own token of GitHub Actions). It is read anew each time.
 * @param name the option
 * @throws {KnownError} USAGE: it is none of these
 */
export const tokenSource = (text: string, name: string, system: System): TokenSource => {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? "" : text.slice(colon + 1);
  if (kind === "file" && rest !== "")
    return async () => await fromFile(expandTilde(rest, system), name, system);
  if (kind === "env" && rest !== "")
    return async () => await Promise.resolve(fromVariable(rest, name, system));
  if (kind === "command" && rest !== "")
    return async ({ signal }) => await fromProgram(expandTilde(rest, system), name, system, signal);
  if (kind === "github")
    return async ({ issuer, signal }) => await fromGitHub(rest === "" ? issuer : rest, name, system, signal);
  throw new KnownError(
    "USAGE",
    `Cannot use --${name} ${JSON.stringify(text)}: it names no source of a token`,
    {
      hint: "It must be file:PATH, env:NAME, command:PROGRAM, github or github:AUDIENCE.",
    },
  );
};

const fault = (name: string, what: string, cause?: unknown): KnownError =>
  new KnownError("OIDC_ASSERTION_MISSING", `Cannot get the token that --${name} names: ${what}`, { cause });

const tokenOf = (text: string, name: string, from: string): Secret => {
  const token = text.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw fault(name, `${from} holds no token`);
  return new Secret(token);
};

const fromFile = async (path: string, name: string, system: System): Promise<Secret> => {
  let content: Buffer;
  try {
    content = await system.files.read(path, LIMIT);
  } catch (error) {
    throw fault(name, messageOf(error), error);
  }
  return tokenOf(content.toString("utf8"), name, `the file ${JSON.stringify(path)}`);
};

const fromVariable = (variable: string, name: string, { env }: System): Secret => {
  const value = env[variable] ?? "";
  if (value === "") throw fault(name, `the variable ${variable} is not set`);
  return tokenOf(value, name, `the variable ${variable}`);
};

/** Under the policy of kuberc that holds for plugins (security.md R-N10). */
const fromProgram = async (
  command: string,
  name: string,
  system: System,
  signal: AbortSignal | undefined,
): Promise<Secret> => {
  const [{ runProgram }, { loadPluginPolicy }] = await Promise.all([
    import("../../credentials/index.ts"),
    import("../../kubeconfig/index.ts"),
  ]);
  const printed = await runProgram(
    {
      what: `the program of --${name}`,
      command,
      args: [],
      policy: await loadPluginPolicy(system),
      origins: [],
      use: { verb: "run", doing: "Running", what: "a program", power: "choose what runs as you" },
      code: "OIDC_ASSERTION_MISSING",
      timeout: PROGRAM_TIMEOUT,
      signal,
    },
    system,
  );
  return tokenOf(printed, name, `what ${JSON.stringify(command)} printed`);
};

const answerShape = object({ value: string });

/** docs.github.com, "OpenID Connect reference", "Methods for requesting the OIDC token". */
const fromGitHub = async (
  audience: string,
  name: string,
  system: System,
  signal: AbortSignal | undefined,
): Promise<Secret> => {
  const address = system.env["ACTIONS_ID_TOKEN_REQUEST_URL"] ?? "";
  const bearer = system.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] ?? "";
  if (address === "" || bearer === "")
    throw fault(name, "this is no job of GitHub Actions that may ask for one (permissions: id-token: write)");
  const url = new URL(address);
  if (url.protocol !== "https:" && !/^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
    throw fault(name, "ACTIONS_ID_TOKEN_REQUEST_URL is no https URL");
  url.searchParams.set("audience", audience);
  const answer = await sendHttp(
    {
      method: "GET",
      url,
      headers: [
        ["Authorization", `Bearer ${bearer}`],
        ["Accept", "application/json"],
      ],
      timeout: millis(10_000),
      ...(signal === undefined ? {} : { signal }),
    },
    system,
  );
  if (answer.status !== 200) throw fault(name, `GitHub answered ${answer.status}`);
  try {
    return tokenOf(answerShape(parseJson(answer.body), "").value, name, "GitHub's answer");
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof DecodeError)) throw error;
    throw fault(name, "GitHub's answer makes no sense", error);
  }
};
