import { delimiter, dirname, join, resolve } from "node:path";
import { KnownError, messageOf, systemCode } from "../base/errors.ts";
import { ownName, ownProgram } from "../base/own-program.ts";
import { quoted } from "../base/quote.ts";
import type { System } from "../base/system.ts";
import type { Invocation } from "./command.ts";
import { LINKED } from "./drop-ins.ts";
import { expandTilde } from "./tilde.ts";

/** `kauth link NAME [--dir D]` */
export async function runLink({ system, options, positionals }: Invocation): Promise<number> {
  const [name = "", ...more] = positionals;
  if (more.length > 0 || name === "")
    throw new KnownError("USAGE", `Cannot link: name one of ${LINKED.join(", ")}`);
  if (!LINKED.includes(name))
    throw new KnownError(
      "USAGE",
      `Cannot link ${JSON.stringify(name)}: it must be one of ${LINKED.join(", ")}`,
    );
  const program = await ownProgram(name, system);
  if (program === undefined || !(await isThere(program, system)))
    throw new KnownError("USAGE", `Cannot link ${name}: what runs here is no installed kauth`, {
      hint: "Install the package, or use the compiled program.",
    });
  const given = options.string("dir") ?? "";
  const directory =
    given === "" ? await ownDirectory(system) : resolve(system.cwd, expandTilde(given, system));
  const path = join(directory, `${name}${endingOf(system)}`);
  if (await isOurs(path, program, system)) {
    system.log.say(`${path} is kauth already`);
    return 0;
  }
  const taken = `Cannot make ${quoted(path)}`;
  if ((await system.files.nameFacts(path)) !== undefined)
    throw new KnownError("LINK_TAKEN", `${taken}: something else has that name`);
  const others = await onPath(name, system);
  const place = pathItems(system).findIndex((each) => each === directory);
  const hidden = others.find(({ index }) => place !== -1 && index > place);
  if (hidden !== undefined && !options.boolean("shadow"))
    throw new KnownError("LINK_TAKEN", `${taken}: it would hide ${quoted(hidden.path)}`, {
      hint: `If that is what you want: kauth link ${name} --shadow`,
    });
  try {
    await make(path, program, system);
  } catch (error) {
    if (systemCode(error) === "EEXIST")
      throw new KnownError("LINK_TAKEN", `${taken}: something else has that name`, { cause: error });
    throw new KnownError("LINK_TAKEN", `${taken}: ${messageOf(error)}`, {
      cause: error,
      hint: "Choose a directory of your own with --dir.",
    });
  }
  system.log.say(`${path} is kauth now`);
  const before = others.find(({ index }) => place !== -1 && index < place);
  if (place === -1) system.log.warn(`${directory} is not on your PATH, so ${name} is not found there`);
  else if (before !== undefined)
    system.log.warn(`${before.path} comes first on your PATH, so ${name} is still that`);
  return 0;
}

const isThere = async (path: string, system: System): Promise<boolean> =>
  (await system.files.facts(path))?.kind === "file";

const isOurs = async (path: string, program: string, system: System): Promise<boolean> => {
  if ((await ownName(path, system)) !== undefined) return true;
  if (system.platform !== "win32") return false;
  const text = await system.files.read(path, LAUNCHER_LIMIT).catch(() => undefined);
  return text?.toString("utf8") === launcher(program, system);
};

/** A line that names two programs. */
const LAUNCHER_LIMIT = 4096 as Parameters<System["files"]["read"]>[1];

const pathItems = ({ env, cwd }: System): readonly string[] =>
  (env["PATH"] ?? env["Path"] ?? "")
    .split(delimiter)
    .filter((item) => item !== "")
    .map((item) => resolve(cwd, item));

/** Where `kauth` itself is found, so that what stands beside it is found too. @throws {KnownError} USAGE */
const ownDirectory = async (system: System): Promise<string> => {
  for (const item of pathItems(system)) {
    const path = join(item, `kauth${endingOf(system)}`);
    if ((await ownName(path, system)) !== undefined) return item;
  }
  if (system.script === undefined) return dirname(system.execPath);
  throw new KnownError("USAGE", "Cannot tell where the link should be: kauth itself is not on your PATH", {
    hint: "Name a directory that is: kauth link NAME --dir DIRECTORY",
  });
};

/** Programs of that name that are not kauth, with their place on the PATH. */
const onPath = async (
  name: string,
  system: System,
): Promise<readonly { readonly index: number; readonly path: string }[]> => {
  const endings = system.platform === "win32" ? [".exe", ".cmd", ".bat", ".com"] : [""];
  const found: { readonly index: number; readonly path: string }[] = [];
  for (const [index, item] of pathItems(system).entries())
    for (const ending of endings) {
      const path = join(item, `${name}${ending}`);
      if (!(await system.files.executable(path))) continue;
      if ((await ownName(path, system)) === undefined) found.push({ index, path });
    }
  return found;
};

/** Windows finds programs by their endings, and lets not everybody make symlinks. */
const endingOf = ({ platform, script }: System): string =>
  platform !== "win32" ? "" : script === undefined ? ".exe" : ".cmd";

const launcher = (program: string, { execPath }: System): string =>
  `@"${execPath}" "${program}" %*\r\n`.replaceAll("%*", "\0").replaceAll("%", "%%").replaceAll("\0", "%*");

const make = async (path: string, program: string, system: System): Promise<void> => {
  const { files, platform, script } = system;
  if (platform !== "win32") await files.link(path, program);
  else if (script === undefined) await files.link(path, program, { hard: true });
  else await files.create(path, launcher(program, system), { mode: 0o755, parents: false });
};
