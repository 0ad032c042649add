import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { epochMillis } from "../../base/units.ts";
import { holding } from "../quick.ts";
import { run, type RunRequest } from "../run.ts";
import { quickLine } from "./quick.ts";

const quickIamToken = async ({ args, program, system }: RunRequest): Promise<number | undefined> => {
  const machine = system(0);
  const held: (() => void)[] = [];
  const line = await quickLine(args, program, { ...machine, log: holding(machine.log, held) }).catch(
    () => undefined,
  );
  if (line === undefined) return undefined;
  for (const say of held) say();
  machine.log.out(line);
  return 0;
};

const ENV = { AWS_ACCESS_KEY_ID: "AKIAENV", AWS_SECRET_ACCESS_KEY: "e", AWS_REGION: "eu-west-1" };
const NOW = epochMillis(Date.parse("2026-05-01T12:00:00Z"));

interface Tried {
  readonly status: number | undefined;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

const attempt = async (
  how: (request: RunRequest) => Promise<number | undefined>,
  line: string,
  program: string,
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<Tried> => {
  await using under = await recorded(env);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(under.home, name, ".."), { recursive: true });
    await writeFile(join(under.home, name), text);
  }
  const status = await how({
    args: line.split(" "),
    program,
    signal: new AbortController().signal,
    system: (level) => ({ ...under.system(level), now: () => NOW }),
  });
  return { status, out: under.out, err: under.err };
};

describe("without the rest of the program", () => {
  test.each([
    { program: "kauth", line: "iam token -i c" },
    { program: "kauth", line: "iam token --cluster-id=c --token-only" },
    { program: "kauth", line: "iam get-token --cluster-name c" },
    { program: "kauth", line: "--region us-west-2 eks get-token --cluster-name c --output json" },
    { program: "aws-iam-authenticator", line: "-i c token" },
  ])("$program $line: the same, word for word", async ({ program, line }) => {
    const quick = await attempt(quickIamToken, line, program, ENV);
    expect(quick).toMatchObject({ status: 0, err: [] });
    expect(quick).toEqual(await attempt(run, line, program, ENV));
  });

  test("with settings of a profile", async () => {
    const files = { ".aws/config": "[default]\nuse_fips_endpoint = true\n" };
    const quick = await attempt(quickIamToken, "iam token -i c", "kauth", ENV, files);
    expect(quick).toEqual(await attempt(run, "iam token -i c", "kauth", ENV, files));
    expect(quick.out[0]).not.toBe((await attempt(run, "iam token -i c", "kauth", ENV)).out[0]);
  });

  test.each([
    { name: "other commands", line: "iam cache list", env: ENV },
    { name: "help", line: "iam token --help", env: ENV },
    { name: "a role", line: "iam token -i c -r arn:aws:iam::1:role/x", env: ENV },
    { name: "a role of a variable", line: "iam token -i c", env: { ...ENV, DEFAULT_ROLE: "x" } },
    { name: "a configuration file", line: "iam token -i c -c x", env: ENV },
    { name: "a profile", line: "iam token -i c --profile x", env: ENV },
    { name: "no keys", line: "iam token -i c", env: { AWS_REGION: "eu-west-1" } },
    { name: "no region", line: "iam token -i c", env: { ...ENV, AWS_REGION: "" } },
    { name: "more words", line: "iam token -i c -v=4", env: ENV },
    { name: "a level", line: "iam token -i c --log-verbosity debug", env: ENV },
    { name: "a mistake", line: "iam token -i c --nope", env: ENV },
    { name: "no cluster", line: "iam token", env: ENV },
    { name: "settings of kauth", line: "iam token -i c", env: { ...ENV, KAUTH_CONFIG: "x" } },
  ])("$name: nothing is said, and the rest does it", async ({ line, env }) => {
    expect(await attempt(quickIamToken, line, "kauth", env)).toEqual({ status: undefined, out: [], err: [] });
  });

  test("what was said before it was clear that the rest has to do it is said once, by the rest", async () => {
    const files = { ".aws/config/x": "" };
    const line = "iam token -i \u00fc";
    expect(await attempt(quickIamToken, line, "kauth", ENV, files)).toEqual({
      status: undefined,
      out: [],
      err: [],
    });
    expect((await attempt(run, line, "kauth", ENV, files)).err.join("\n")).toContain(
      "EISDIR; going on without it",
    );
  });
});
