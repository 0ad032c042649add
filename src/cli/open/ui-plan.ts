import type { RawHeaders } from "../../base/headers.ts";
import {
  knownUi,
  mergedRecipes,
  presetsWith,
  renderRecipes,
  type Person,
  type Preset,
  type Recipe,
  type Sends,
  type UiSigns,
  type UserPreset,
} from "../../ui/index.ts";
import type { OpenSettings } from "./settings.ts";

/** What a UI gets of the person and what it must not get, from its preset and the flags. */
export interface UiPlan {
  /** As the flags have changed it; undefined: nothing is known of this UI. */
  readonly preset: Preset | undefined;
  readonly sends: Sends;
  readonly recipes: readonly Recipe[];
  /** Cookies that do not reach it. */
  readonly stripCookies: readonly string[];
  /** Names of headers that only kauth sends. */
  readonly ownHeaders: readonly string[];
}

/** Cookies that sign in somebody else, of UIs that could not be told from others (decisions.md "Headers before presets exist"). */
const UNKNOWN_COOKIES: readonly string[] = ["headlamp-auth-*", "token", "jweToken"];

/** @param presets of config.yaml */
export const uiPlan = (
  signs: UiSigns,
  settings: Pick<OpenSettings, "anonymous" | "sendBroadToken" | "headers">,
  presets: readonly UserPreset[] = [],
): UiPlan => {
  const found = knownUi(signs, presetsWith(presets));
  const all = mergedRecipes(found?.headers ?? [], settings.headers);
  // A flag counts more than a preset (decisions.md "Precedence").
  const wished = settings.sendBroadToken ? "bearer" : (found?.sends ?? "bearer");
  const alone = wished === "nothing" && all.length > 0 ? "headers" : wished;
  const sends = settings.anonymous ? "nothing" : alone;
  return {
    preset: found === undefined ? undefined : { ...found, sends },
    sends,
    recipes: settings.anonymous ? [] : all,
    stripCookies: found?.strip ?? UNKNOWN_COOKIES,
    // Also with --anonymous: a page would say itself who it is.
    ownHeaders: all.map(({ name }) => name),
  };
};

/** @throws {KnownError} HEADER_UNSENDABLE, also where the cluster does not say who the person is */
export const recipeHeaders = ({ recipes }: Pick<UiPlan, "recipes">, who: Person | undefined): RawHeaders =>
  renderRecipes(recipes, who ?? { username: "", uid: "", groups: [] });
