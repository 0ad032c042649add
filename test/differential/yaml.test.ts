import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPlainYaml } from "../../src/base/plain-yaml.ts";
import { decodeText } from "../../src/kubeconfig/encoding.ts";
import { parseYaml } from "../../src/kubeconfig/yaml.ts";
import { DOCUMENTS, LAX, PLACES, SCALARS } from "../vectors/yaml.ts";
import { findKubectl } from "./kubectl.ts";

const kubectl = findKubectl(process.env);
const REFUSED = "refused";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "kauth-yaml-"));
});
afterAll(async () => await rm(directory, { recursive: true, force: true }));

/** The extension of a file, as JSON has it: kubectl reads it as it reads everything, and prints what it read. */
const theirs = async (text: string): Promise<unknown> => {
  const path = join(directory, "config");
  await writeFile(path, text);
  const args = ["--kubeconfig", path, "config", "view", "--raw", "--output=json"];
  try {
    const { stdout } = await promisify(execFile)(kubectl, args);
    return extensionOf(JSON.parse(stdout));
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    return REFUSED;
  }
};

const extensionOf = (value: unknown): unknown => {
  const { extensions } = (value ?? {}) as { extensions?: readonly { readonly extension?: unknown }[] };
  return extensions?.[0]?.extension ?? null;
};

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(extensionOf(value))) as unknown;

const ours = async (text: string): Promise<unknown> =>
  await parseYaml(decodeText(Buffer.from(text))).then(throughJson, () => REFUSED);

const documents: readonly { readonly name: string; readonly text: string }[] = [
  ...Object.entries(PLACES).flatMap(([place, put]) =>
    SCALARS.map((scalar) => ({ name: `${place}: ${scalar}`, text: put(scalar) })),
  ),
  ...Object.entries(DOCUMENTS).map(([name, text]) => ({ name, text })),
];

describe("YAML is what kubectl reads", () => {
  test.each(documents)("$name", async ({ name, text }) => {
    const wanted = await theirs(text);
    if (LAX.has(name)) expect(await ours(text)).not.toEqual(wanted);
    else expect(await ours(text)).toEqual(wanted);
    const plain = readPlainYaml(text);
    if (plain !== undefined) expect(throughJson(plain)).toEqual(wanted);
  });

  test("what is read otherwise is among them", () => {
    const names = new Set(documents.map(({ name }) => name));
    expect([...LAX].filter((name) => !names.has(name))).toEqual([]);
  });
});
