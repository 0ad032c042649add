import type { RawHeaders } from "../../base/headers.ts";
import type { Method } from "../../credentials/index.ts";
import type { TargetReference } from "../../route/index.ts";
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
import { legFor } from "./leg.ts";
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

/** Cookies of UIs that hold a token. Whoever gets one has it, so they reach no UI but by a preset of the person's own. */
const TOKEN_COOKIES: readonly string[] = ["headlamp-auth-*", "token", "jweToken"];

type PlanSettings = Pick<OpenSettings, "anonymous" | "sendBroadToken" | "headers"> &
  Partial<Pick<OpenSettings, "serviceAccount">>;

/**
 * @param presets of config.yaml
 * @param wanted id of the UI that it was found as: it counts where nothing of the pod tells
 */
export const uiPlan = (
  signs: UiSigns,
  settings: PlanSettings,
  presets: readonly UserPreset[] = [],
  wanted?: string,
): UiPlan => {
  const all = presetsWith(presets);
  const found = knownUi(signs, all) ?? all.find(({ id }) => id === wanted);
  const own = presets.find(({ id }) => id === found?.id);
  const known = found?.headers ?? [];
  // A flag counts more than a preset (decisions.md "Precedence").
  const wantsOne = settings.sendBroadToken || settings.serviceAccount !== undefined;
  const wished = wantsOne ? "bearer" : (found?.sends ?? "bearer");
  const recipes = mergedRecipes(wished === "nothing" ? [] : known, settings.headers);
  const alone = wished === "nothing" && recipes.length > 0 ? "headers" : wished;
  const sends = settings.anonymous ? "nothing" : alone;
  return {
    preset: found === undefined ? undefined : { ...found, sends },
    sends,
    recipes: settings.anonymous ? [] : recipes,
    stripCookies:
      own?.strip === undefined
        ? [...new Set([...TOKEN_COOKIES, ...(found?.strip ?? [])])]
        : (found?.strip ?? []),
    // Also where none is sent: a page would say itself who it is.
    ownHeaders: mergedRecipes(known, settings.headers).map(({ name }) => name),
  };
};

/**
 * What the name alone says, before anybody is asked: whether what answers will want a token. A Service that only its
 * labels tell is taken for one that does, since a person without a token hears of it before anything is dialled
 * (decisions.md "Exit codes").
 */
export const wantsToken = (
  { kind, name }: Pick<TargetReference, "kind" | "name">,
  settings: PlanSettings & Pick<OpenSettings, "leg">,
  presets: readonly UserPreset[] = [],
  method: Method = "token",
): boolean => {
  const signs = { image: undefined, labels: new Map(), service: kind === "service" ? name : undefined };
  // With a ServiceAccount it is not the person's.
  if (settings.serviceAccount !== undefined) return false;
  const { preset, sends } = uiPlan(signs, settings, presets);
  // Its image may yet tell that it is one whose pages can do without; nobody's they cannot show either.
  if (settings.leg === "auto" && preset === undefined) return method === "none" && sends === "bearer";
  return legFor(settings, preset) === "pod" && sends === "bearer";
};

/**
 * Path and query of the page to open: the target's own, else that of the UI that its Service's name tells, or that it
 * was found as. What only the pod tells is known too late.
 */
export const pagePath = (
  { kind, name, path }: Pick<TargetReference, "kind" | "name" | "path">,
  presets: readonly UserPreset[],
  wanted?: string,
): string => {
  if (path !== "/") return path;
  const all = presetsWith(presets);
  const signs = { image: undefined, labels: new Map(), service: kind === "service" ? name : undefined };
  return (knownUi(signs, all) ?? all.find(({ id }) => id === wanted))?.path ?? path;
};

/** @throws {KnownError} HEADER_UNSENDABLE, also where the cluster does not say who the person is */
export const recipeHeaders = ({ recipes }: Pick<UiPlan, "recipes">, who: Person | undefined): RawHeaders =>
  renderRecipes(recipes, who ?? { username: "", uid: "", groups: [] });
