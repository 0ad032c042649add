import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a credential plugin was given. */
export interface PluginRun {
  readonly argv: readonly string[];
  /** `NAME=value`, in order. */
  readonly env: readonly string[];
  readonly info: string;
  readonly cwd: string;
  readonly stdin: string;
}

/** The name by which kubeconfigs name it. */
const PLUGIN = "recording-plugin";

/**
 * Writes down what it is given, each run in a directory of its own, and then answers what lies in `answer/`: the files
 * stdout, stderr and status. `$0` is the path that it was started by.
 */
const SCRIPT = `#!/bin/sh
records="$KAUTH_RECORDS"
n=1
while ! mkdir "$records/$n" 2>/dev/null; do n=$((n + 1)); done
here="$records/$n"
printf '%s\\0' "$@" >"$here/argv"
cat /proc/$$/environ >"$here/env"
printf '%s' "$KUBERNETES_EXEC_INFO" >"$here/info"
pwd -P >"$here/cwd"
if [ -t 0 ]; then echo terminal; else readlink /proc/$$/fd/0; fi >"$here/stdin"
[ -f "$records/stderr" ] && cat "$records/stderr" >&2
[ -f "$records/stdout-$n" ] && { cat "$records/stdout-$n"; exit 0; }
[ -f "$records/stdout" ] && cat "$records/stdout"
[ -f "$records/status" ] && exit "$(cat "$records/status")"
exit 0
`;

/** What the plugin answers; objects are printed as JSON. */
export interface PluginAnswer<Printed = unknown> {
  readonly stdout?: Printed;
  /** What later runs print: the second run the first of these. */
  readonly later?: readonly Printed[];
  readonly stderr?: string;
  readonly status?: number;
}

/** Puts the plugin into `bin`, and what it answers into `records`. */
export async function installPlugin(
  bin: string,
  records: string,
  answer: PluginAnswer<string>,
): Promise<void> {
  await mkdir(bin, { recursive: true });
  await mkdir(records, { recursive: true });
  const path = join(bin, PLUGIN);
  await writeFile(path, SCRIPT);
  await chmod(path, 0o755);
  const put = async (name: string, text: string | undefined): Promise<void> =>
    text === undefined ? undefined : await writeFile(join(records, name), text);
  await put("stdout", answer.stdout);
  await put("stderr", answer.stderr);
  await put("status", answer.status === undefined ? undefined : String(answer.status));
  for (const [index, text] of (answer.later ?? []).entries()) await put(`stdout-${index + 2}`, text);
}

export async function pluginRuns(records: string): Promise<readonly PluginRun[]> {
  const numbers = (await readdir(records))
    .filter((name) => /^\d+$/.test(name))
    .toSorted((one, two) => Number(one) - Number(two));
  return await Promise.all(
    numbers.map(async (number) => {
      const read = async (name: string): Promise<string> =>
        await readFile(join(records, number, name), "utf8");
      return {
        argv: listed(await read("argv")),
        env: listed(await read("env")),
        info: await read("info"),
        cwd: (await read("cwd")).trimEnd(),
        stdin: (await read("stdin")).trimEnd(),
      };
    }),
  );
}

/** `printf '%s\\0'` without arguments writes one empty text too. */
const listed = (text: string): readonly string[] => text.split("\0").slice(0, -1);
