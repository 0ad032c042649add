import { describe, expect, test } from "vitest";
import type { UserPreset } from "../../ui/index.ts";
import { pagePath, recipeHeaders, uiPlan, wantsToken, type UiPlan } from "./ui-plan.ts";

const FLAGS = { anonymous: false, sendBroadToken: false, headers: [] } as const;
const FORWARDED = { name: "X-Forwarded-User", value: "{{username}}" };

const planOf = (
  image: string,
  flags: Partial<Parameters<typeof uiPlan>[1]> = {},
  presets: readonly UserPreset[] = [],
): UiPlan => uiPlan({ image, labels: new Map(), service: "x" }, { ...FLAGS, ...flags }, presets);

describe("R-N11: what a UI gets", () => {
  test.each<[string, string, Partial<Parameters<typeof uiPlan>[1]>, UiPlan["sends"], readonly string[]]>([
    ["an unknown one", "example/app:1", {}, "bearer", []],
    [
      "an unknown one, with a header",
      "example/app:1",
      { headers: [FORWARDED] },
      "bearer",
      ["X-Forwarded-User"],
    ],
    ["Kiali", "quay.io/kiali/kiali:v2", {}, "bearer", []],
    ["Grafana", "grafana/grafana:12", {}, "headers", ["X-WEBAUTH-USER"]],
    ["Prometheus", "prom/prometheus:v3", {}, "nothing", []],
    [
      "Prometheus, with a header",
      "prom/prometheus:v3",
      { headers: [FORWARDED] },
      "headers",
      ["X-Forwarded-User"],
    ],
    ["Prometheus, by a flag", "prom/prometheus:v3", { sendBroadToken: true }, "bearer", []],
    ["Kiali as nobody", "quay.io/kiali/kiali:v2", { anonymous: true }, "nothing", []],
  ])("%s", (_what, image, flags, sends, names) => {
    const plan = planOf(image, flags);
    expect([plan.sends, plan.recipes.map(({ name }) => name)]).toEqual([sends, names]);
    expect(plan.ownHeaders).toEqual(names);
    if (plan.preset !== undefined) expect(plan.preset.sends).toBe(sends);
  });

  test("a flag takes the place of a preset's header of that name", () => {
    const { recipes } = planOf("grafana/grafana:12", {
      headers: [{ name: "x-webauth-user", value: "viewer" }],
    });
    expect(recipes).toEqual([{ name: "x-webauth-user", value: "viewer" }]);
  });

  test("as nobody, nobody says who they are", () => {
    const plan = planOf("grafana/grafana:12", { anonymous: true });
    expect([plan.recipes, plan.ownHeaders]).toEqual([[], ["X-WEBAUTH-USER"]]);
  });

  test("nothing is nothing, and a page does not say it either", () => {
    const plan = planOf("grafana/grafana:12", {}, [{ id: "grafana", sends: "nothing" }]);
    expect([plan.sends, plan.recipes, plan.ownHeaders]).toEqual(["nothing", [], ["X-WEBAUTH-USER"]]);
  });

  test("a preset of config.yaml counts before what is built in", () => {
    const plan = planOf("grafana/grafana:12", {}, [{ id: "grafana", sends: "bearer" }]);
    expect([plan.sends, plan.preset?.name]).toEqual(["bearer", "Grafana"]);
  });
});

describe("cookies that do not reach it", () => {
  const TOKENS = ["headlamp-auth-*", "token", "jweToken"];

  test.each([
    ["example/app:1", TOKENS],
    ["ghcr.io/headlamp-k8s/headlamp:v0.45.0", TOKENS],
    ["grafana/grafana:12", TOKENS],
    ["quay.io/argoproj/argocli:v3.6.2", [...TOKENS, "authorization"]],
  ])("%s: whatever holds a token, of this UI or another", (image, wanted) => {
    expect(planOf(image).stripCookies).toEqual(wanted);
  });

  test("a preset of the person's own says it alone", () => {
    const own = { id: "mine", find: { images: ["example/app"] } };
    expect(planOf("example/app:1", {}, [{ ...own, strip: ["sid"] }]).stripCookies).toEqual(["sid"]);
    expect(planOf("example/app:1", {}, [{ ...own, strip: [] }]).stripCookies).toEqual([]);
    expect(planOf("example/app:1", {}, [own]).stripCookies).toEqual(TOKENS);
  });
});

test("where the cluster does not say who the person is, no header says it either", () => {
  const plan = planOf("grafana/grafana:12");
  expect(() => recipeHeaders(plan, undefined)).toThrow(
    expect.objectContaining({ code: "HEADER_UNSENDABLE" }),
  );
  expect(recipeHeaders(plan, { username: "amy", uid: "", groups: [] })).toEqual([["X-WEBAUTH-USER", "amy"]]);
  expect(recipeHeaders(planOf("example/app:1"), undefined)).toEqual([]);
});

test.each<[string, "service" | "pod", string, "pod" | "direct", boolean]>([
  ["an unknown one", "service", "ui", "pod", true],
  ["Grafana", "service", "grafana", "pod", false],
  ["a pod called like it", "pod", "grafana", "pod", true],
  ["Headlamp", "service", "headlamp", "pod", true],
  ["the direct leg", "service", "ui", "direct", false],
])("whether a token will be wanted: %s", (_what, kind, name, leg, wanted) => {
  expect(wantsToken({ kind, name }, { ...FLAGS, leg })).toBe(wanted);
});

describe("the page that is opened", () => {
  const OWN: readonly UserPreset[] = [
    { id: "boards", path: "/boards?all=1", find: { services: ["boards"] } },
    { id: "by-label", path: "/start", find: { serviceLabels: [{ app: "x" }] } },
  ];
  const service = (name: string, path = "/"): Parameters<typeof pagePath>[0] => ({
    kind: "service",
    name,
    path,
  });

  test.each<[string, Parameters<typeof pagePath>[0], string | undefined, string]>([
    ["config.yaml says which", service("boards"), undefined, "/boards?all=1"],
    ["a path of the target's own counts more", service("boards", "/mine"), undefined, "/mine"],
    ["what it was found as says which", service("y"), "by-label", "/start"],
    ["a pod of that name is another thing", { kind: "pod", name: "boards", path: "/" }, undefined, "/"],
    ["nobody knows it", service("y"), undefined, "/"],
    ["a built-in one has none", service("headlamp"), "headlamp", "/"],
  ])("%s", (_what, reference, wanted, path) => {
    expect(pagePath(reference, OWN, wanted)).toBe(path);
  });
});
