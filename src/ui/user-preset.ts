import type { Find, Preset } from "./preset.ts";
import { DEFAULTS, PRESETS } from "./presets.ts";

/** A preset of a person's own, or what they say differently of one that is built in. */
export interface UserPreset extends Partial<Omit<Preset, "id" | "find">> {
  readonly id: string;
  readonly find?: Partial<Find>;
}

const given = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;

const completed = (user: UserPreset): Preset => {
  const base: Preset = PRESETS.find(({ id }) => id === user.id) ?? {
    ...DEFAULTS,
    id: user.id,
    name: user.id,
    // Whoever writes headers down means them, and a token goes no further than it must (security.md R-N11).
    sends: user.headers === undefined ? "bearer" : "headers",
  };
  const merged: Preset = { ...base, ...given(user), find: { ...base.find, ...given(user.find ?? {}) } };
  return {
    ...merged,
    // What the page must not find, its back end must not either.
    strip: [...new Set([...merged.strip, ...merged.expire])],
  };
};

/**
 * The table with a person's own presets before those that are built in; of one with a known id, what they say counts,
 * and the rest stays.
 */
export const presetsWith = (own: readonly UserPreset[]): readonly Preset[] => {
  const ids = new Set(own.map(({ id }) => id));
  return [...own.map(completed), ...PRESETS.filter(({ id }) => !ids.has(id))];
};
