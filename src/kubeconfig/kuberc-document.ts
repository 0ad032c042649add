import { list, record, string } from "../base/decode.ts";
import type { PolicyEntry, PolicyFields } from "./policy.ts";
import { checkBreaks, duplicateKeys, parseYaml } from "./yaml.ts";

/** What may stand in a document: text, a list of one shape, or an object of known fields. */
type Shape = "text" | { readonly list: Shape } | { readonly fields: Readonly<Record<string, Shape>> };

const options: Shape = { list: { fields: { name: "text", default: "text" } } };
const aliased = (flags: string): Shape => ({
  list: {
    fields: {
      name: "text",
      command: "text",
      prependArgs: { list: "text" },
      appendArgs: { list: "text" },
      [flags]: options,
    },
  },
});

/** kubectl's preferences in their two versions (credentials.md §1.9). */
const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  [
    "kubectl.config.k8s.io/v1beta1",
    {
      fields: {
        apiVersion: "text",
        kind: "text",
        defaults: { list: { fields: { command: "text", options } } },
        aliases: aliased("options"),
        credentialPluginPolicy: "text",
        credentialPluginAllowlist: { list: { fields: { command: "text", name: "text" } } },
      },
    },
  ],
  [
    "kubectl.config.k8s.io/v1alpha1",
    {
      fields: {
        apiVersion: "text",
        kind: "text",
        overrides: { list: { fields: { command: "text", flags: options } } },
        aliases: aliased("flags"),
      },
    },
  ],
]);

interface Preference extends PolicyFields {
  /** What a strict reader complains of, in Go's words; "" where there is nothing. */
  readonly strict: string;
}

/** A line of three dashes, maybe with a comment. Go splits there before it parses, so a broken document spoils no other. */
const SEPARATOR = /^---[ \t]*(?:#.*)?\r?$/m;

/**
 * The first document of a kuberc that is a Preference; undefined where there is none, and "unreadable" where it may be
 * in a document that is no YAML to kauth.
 * @throws {Error} for a line break that only Go sees
 */
export async function readPreference(text: string): Promise<Preference | "unreadable" | undefined> {
  checkBreaks(text);
  let unreadable = false;
  for (const document of text.split(SEPARATOR).map((part) => part.replace(/^\n/, ""))) {
    const read = await readDocument(document);
    unreadable ||= read === "unreadable";
    if (read === undefined || read === "unreadable") continue;
    const { value, unknown } = read;
    const duplicates = await duplicateKeys(document);
    const complaints = [
      ...(duplicates.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${duplicates.join("\n  ")}`]),
      ...unknown.map((path) => `unknown field "${path}"`),
    ];
    const beta = value["apiVersion"] === "kubectl.config.k8s.io/v1beta1";
    const entries = beta ? value["credentialPluginAllowlist"] : undefined;
    return {
      policy: beta ? textOf(value["credentialPluginPolicy"]) : "",
      allowlist: entries === undefined || entries === null ? undefined : list(entry)(entries, ""),
      strict: complaints.length === 0 ? "" : `strict decoding error: ${complaints.join(", ")}`,
    };
  }
  return unreadable ? "unreadable" : undefined;
}

const readDocument = async (
  text: string,
): Promise<
  | { readonly value: Readonly<Record<string, unknown>>; readonly unknown: readonly string[] }
  | "unreadable"
  | undefined
> => {
  let parsed: unknown;
  try {
    parsed = await parseYaml(text);
  } catch {
    return "unreadable";
  }
  try {
    const value = record(parsed, "");
    const shape = SHAPES.get(textOf(value["apiVersion"]));
    if (shape === undefined || value["kind"] !== "Preference") return undefined;
    return { value, unknown: unknownFields(value, shape, "") };
  } catch {
    return undefined;
  }
};

/** Paths that the shape does not know, in Go's order. @throws {DecodeError} where a value is of another kind */
const unknownFields = (value: unknown, shape: Shape, path: string): readonly string[] => {
  if (value === undefined || value === null) return [];
  if (shape === "text") {
    string(value, path);
    return [];
  }
  if ("list" in shape)
    return list((item, place) => unknownFields(item, shape.list, place))(value, path).flat();
  const fields = record(value, path);
  return Object.keys(fields)
    .toSorted()
    .flatMap((key) => {
      const place = path === "" ? key : `${path}.${key}`;
      const inner = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      return inner === undefined ? [place] : unknownFields(fields[key], inner, place);
    });
};

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const entry = (value: unknown): PolicyEntry => {
  const fields = value === null ? {} : record(value, "");
  return { command: textOf(fields["command"]), name: textOf(fields["name"]) };
};
