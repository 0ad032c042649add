import type { Preset } from "../src/ui/preset.ts";
import { PRESETS } from "../src/ui/presets.ts";

/** One of those that are built in. */
export const presetOf = (id: string): Preset => {
  const found = PRESETS.find((each) => each.id === id);
  if (found === undefined) throw new TypeError(`there is no preset "${id}"`);
  return found;
};
