import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { System } from "../../src/base/system.ts";
import { run } from "../../src/cli/run.ts";
import { recorded } from "../recorded.ts";
import { readToken } from "./services.ts";

export interface AwsScene {
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
  /** By their names below the home; `~` in them is the home. */
  readonly files?: Readonly<Record<string, string>>;
  /** What is different with the machine. */
  readonly system?: Partial<System>;
}

export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Home extends AsyncDisposable {
  readonly path: string;
  readonly run: (line: string, scene?: AwsScene) => Promise<Outcome>;
}

/** A home that several commands run in, one after the other. */
export async function awsHome(): Promise<Home> {
  const under = await recorded();
  const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(files)) {
      const path = join(under.home, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, text.replaceAll("~", under.home), {
        mode: name.endsWith(".sh") ? 0o700 : 0o600,
      });
    }
  };
  return {
    path: under.home,
    run: async (line, scene = {}) => {
      await write(scene.files ?? {});
      under.out.length = 0;
      under.err.length = 0;
      const status = await run({
        args: line
          .split(" ")
          .filter((word) => word !== "")
          .map((word) => word.replaceAll("~", under.home)),
        program: scene.program ?? "kauth",
        signal: new AbortController().signal,
        system: (level) => {
          const system = under.system(level);
          const env = Object.fromEntries(
            Object.entries(scene.env ?? {}).map(([name, value]) => [name, value.replaceAll("~", under.home)]),
          );
          return { ...system, stdinIsTerminal: false, env: { ...system.env, ...env }, ...scene.system };
        },
      });
      return {
        status,
        out: under.out.join("\n"),
        err: under.err.join("\n").replaceAll(under.home, "~"),
      };
    },
    [Symbol.asyncDispose]: async () => await under[Symbol.asyncDispose](),
  };
}

/** One command in a home of its own. */
export async function runIn(line: string, scene: AwsScene = {}): Promise<Outcome> {
  await using home = await awsHome();
  return await home.run(line, scene);
}

/** What an ExecCredential's token says. */
export const tokenOf = ({ out, err }: Outcome): ReturnType<typeof readToken> => {
  if (out === "") throw new Error(`no token: ${err}`);
  return readToken((JSON.parse(out) as { readonly status: { readonly token: string } }).status.token);
};

export const endOf = ({ out }: Outcome): string =>
  (JSON.parse(out) as { readonly status: { readonly expirationTimestamp: string } }).status
    .expirationTimestamp;
