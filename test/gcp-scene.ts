import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { person, START, type Person, type PersonOptions } from "./auth-provider-scene.ts";

/** Programs that print Google's tokens, and people whose kubeconfig names them. */

export const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
export const HOUR = at(3600);

/** A program that prints what it is told, and counts its runs. */
export const program = async (who: Person, script: string, name = "gcloud"): Promise<string> => {
  const path = join(who.home, name);
  await writeFile(
    path,
    `#!${process.execPath}
     const fs = require("node:fs");
     fs.appendFileSync(${JSON.stringify(join(who.home, "runs"))}, "x");
     const run = fs.statSync(${JSON.stringify(join(who.home, "runs"))}).size;
     const print = (value) => console.log(JSON.stringify(value));
     ${script}`,
    { mode: 0o755 },
  );
  return path;
};
export const runs = async (who: Person): Promise<number> =>
  (await readFile(join(who.home, "runs"), "utf8").catch(() => "")).length;
/** Writes the user's configuration anew, for what is only known when the home is there. */
export const configure = async (who: Person, config: Readonly<Record<string, string>>): Promise<void> => {
  const text = JSON.parse(await readFile(who.path, "utf8")) as { users: unknown[] };
  text.users = [{ name: "u", user: { "auth-provider": { name: "gcp", config } } }];
  await writeFile(who.path, JSON.stringify(text));
};
export const someone = async (
  config: Readonly<Record<string, string>> = {},
  options: PersonOptions = {},
): Promise<Person> => await person("gcp", config, options);

export const PRINT = `print({ access_token: "canary-" + run, token_expiry: "${HOUR}" })`;
