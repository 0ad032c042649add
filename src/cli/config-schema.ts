import type { Command, OptionSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { CONFIG_VERSION, isSetting } from "./config.ts";
import { contextsField } from "./config-contexts.ts";
import type { Schema } from "./config-field.ts";
import { presetsField } from "./config-presets.ts";

const one = ({ type, choices }: OptionSpec): Schema => {
  if (type === "boolean") return { type: "boolean" };
  if (type === "count") return { type: "integer", minimum: 0 };
  return choices === undefined ? { type: ["string", "number", "boolean"] } : { enum: choices };
};

const ofOption = (spec: OptionSpec): Schema => ({
  description: spec.summary,
  ...(spec.type === "list" ? { anyOf: [one(spec), { type: "array", items: one(spec) }] } : one(spec)),
});

const ofCommand = ({ summary, options }: Command): Schema => ({
  description: summary,
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries(options)
      .filter(([, spec]) => isSetting(spec))
      .map(([name, spec]) => [name, ofOption(spec)]),
  ),
});

/** What editors check config.yaml against; made of what the program reads it with. */
export const configSchema = (): Schema => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "kauth's config.yaml",
  type: "object",
  additionalProperties: false,
  required: ["version"],
  properties: {
    ...Object.fromEntries(COMMANDS.map((command) => [command.path.join(" "), ofCommand(command)])),
    // `kauth version` has no settings, and could have none.
    version: { const: CONFIG_VERSION },
    presets: {
      description: "UIs of your own, and what is different with others, by id",
      ...presetsField.schema,
    },
    contexts: {
      description: "How contexts of the kubeconfig are marked, by their names",
      ...contextsField.schema,
    },
  },
});
