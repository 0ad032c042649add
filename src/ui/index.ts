export { hooksFor } from "./hooks.ts";
export { knownUi, type KnownUi, type UiSigns } from "./known-uis.ts";
