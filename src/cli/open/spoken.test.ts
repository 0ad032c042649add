import { expect, test } from "vitest";
import type { Scheme } from "../../route/index.ts";
import { PRESETS, presetsWith, type UserPreset } from "../../ui/index.ts";
import { spokenBy } from "./spoken.ts";

const argo = PRESETS.find(({ id }) => id === "argo-workflows");
const CHART = new Map([["app.kubernetes.io/name", "argo-workflows-server"]]);
const own = (scheme?: Scheme): UserPreset => ({
  id: "argo-workflows",
  find: {},
  ...(scheme === undefined ? {} : { scheme }),
});

test.each([
  { what: "nothing is known", wanted: "http" },
  { what: "only the UI is known", preset: argo, wanted: "https" },
  { what: "its labels say that it is the other one", preset: argo, labels: CHART, wanted: "http" },
  { what: "the port says http", preset: argo, said: "http", wanted: "http" },
  { what: "the port says https", said: "https", wanted: "https" },
  {
    what: "a preset of one's own says https",
    preset: argo,
    said: "http",
    own: own("https"),
    wanted: "https",
  },
  { what: "a preset of one's own says nothing", preset: argo, said: "http", own: own(), wanted: "http" },
  { what: "a URL says http", preset: argo, url: "http", own: own("https"), said: "https", wanted: "http" },
] as const)("where $what: $wanted", ({ wanted, ...of }) => {
  const {
    preset,
    labels = new Map(),
    said,
    own: mine,
    url,
  } = { labels: undefined, ...of } as {
    readonly preset?: typeof argo;
    readonly labels?: ReadonlyMap<string, string>;
    readonly said?: Scheme;
    readonly own?: UserPreset;
    readonly url?: Scheme;
  };
  const presets = mine === undefined ? [] : [mine];
  const known = presetsWith(presets).find(({ id }) => id === preset?.id);
  const backend = { scheme: said ?? "http", schemeKnown: said !== undefined, labels } as const;
  expect(spokenBy(backend, { scheme: url }, known, presets)).toBe(wanted);
});
