export { directLeg, type DirectLeg } from "./direct-leg.ts";
export { hooksFor } from "./hooks.ts";
export { knownUi, presetOfService, type ServiceSigns, type UiSigns } from "./known-uis.ts";
export type { Find, Labels, Preset, Recipe, Sends } from "./preset.ts";
export { PRESETS } from "./presets.ts";
export { checkReady, isReady } from "./ready.ts";
export { checkRecipes, mergedRecipes, parseRecipe, renderRecipes, type Person } from "./recipe.ts";
export { presetsWith, type UserPreset } from "./user-preset.ts";
