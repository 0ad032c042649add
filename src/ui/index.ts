export { directLeg, type DirectLeg } from "./direct-leg.ts";
export { hooksFor } from "./hooks.ts";
export { knownUi, type KnownUi, type UiSigns } from "./known-uis.ts";
