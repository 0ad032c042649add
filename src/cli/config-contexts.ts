import type { ContextColor as PageColor } from "../proxy/index.ts";
import { choice, fieldsOf, flag, mapOf, type Field } from "./config-field.ts";

/** Colours that are told apart in light and dark, and from each other. */
export const CONTEXT_COLORS = [
  "red",
  "orange",
  "yellow",
  "green",
  "teal",
  "blue",
  "purple",
  "gray",
] as const satisfies readonly PageColor[];
type ContextColor = (typeof CONTEXT_COLORS)[number];

/** How the pages of a context are marked. */
export interface ContextLook {
  /** A badge and a mark in the title, so that nobody takes it for another. Default: false. */
  readonly production: boolean;
  /** Undefined: one is chosen by the context's name. */
  readonly color: ContextColor | undefined;
}

const look = fieldsOf(
  { production: flag, color: choice(CONTEXT_COLORS) },
  {
    production: "Its pages have a red badge, and their titles a mark. Default: false",
    color: "Colour of its pages. Default: one is chosen by the name",
  },
);

/** Names of contexts are whatever people call them. */
const NAME = { pattern: /^[^\0-\x1f]{1,253}$/, wanted: "the name of a context" };

const entries = mapOf(NAME, look);

/** The block `contexts` of config.yaml: contexts of the kubeconfig by their names. */
export const contextsField: Field<ReadonlyMap<string, ContextLook>> = {
  read: (value, path) =>
    new Map(
      entries.read(value, path).map(([name, { production = false, color }]) => [name, { production, color }]),
    ),
  schema: entries.schema,
};
