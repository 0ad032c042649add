import { describe, expect, test } from "vitest";
import type { Preset } from "./preset.ts";
import { PRESETS } from "./presets.ts";

describe("the table", () => {
  test("has one row for an id, and an id can be typed", () => {
    const ids = PRESETS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
  });

  test("R-N11: a token goes where it signs somebody in, and nowhere else", () => {
    const sends = (wanted: Preset["sends"]): readonly string[] =>
      PRESETS.filter((each) => each.sends === wanted).map(({ id }) => id);
    expect(sends("bearer")).toEqual([
      "headlamp",
      "dashboard",
      "dashboard-2",
      "kiali",
      "argo-workflows",
      "kubetail",
      "kube-rbac-proxy",
    ]);
    expect(sends("headers")).toEqual(["grafana"]);
    expect(sends("nothing")).toEqual(["prometheus", "alertmanager"]);
  });

  test("D.2: only Headlamp's API is asked from here without being told to", () => {
    expect(PRESETS.filter(({ leg }) => leg === "direct").map(({ id }) => id)).toEqual(["headlamp"]);
  });

  test.each(PRESETS)("$id: what it says of itself goes together", (preset) => {
    expect(preset.headers.length > 0).toBe(preset.sends === "headers");
    for (const name of preset.expire) expect(preset.strip).toContain(name);
    expect(preset.path).toMatch(/^\//);
    expect(preset.ports.length).toBeGreaterThan(0);
  });
});
