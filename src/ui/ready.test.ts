import { expect, test } from "vitest";
import { presetOf } from "../../test/preset.ts";
import { DEFAULTS, PRESETS } from "./presets.ts";
import { checkReady, isReady } from "./ready.ts";

const HTML = "<!doctype html><title>App</title>";

test.each([
  ["headlamp", 200, '{"clusters":[]}', true],
  ["U23: headlamp", 200, HTML, false],
  ["U22: headlamp", 200, "", false],
  ["headlamp", 200, "[]", false],
  ["headlamp", 502, '{"clusters":[]}', false],
  ["dashboard", 200, '{"authenticated":true}', true],
  ["dashboard", 401, '{"ErrStatus":{"message":"MSG_LOGIN_UNAUTHORIZED_ERROR"}}', true],
  ["dashboard", 401, "Unauthorized", false],
  ["dashboard-2", 200, '{"tokenPresent":false,"headerPresent":true}', true],
  ["kiali", 200, '{"strategy":"header","sessionInfo":{}}', true],
  ["grafana", 200, '{"database":"ok","version":"12.0.0"}', true],
  ["grafana", 200, HTML, false],
  ["prometheus", 200, "Prometheus Server is Ready.\n", true],
  ["prometheus", 503, "Service Unavailable", false],
  ["alertmanager", 200, "OK", true],
  ["argo-workflows", 200, "<html><title>Argo</title>", true],
  ["kubetail", 200, '{"status":"ok"}', true],
  ["kube-rbac-proxy", 401, "Unauthorized\n", true],
])("%s with %i %j: %s", (id, status, body, wanted) => {
  expect(isReady(presetOf(id.replace(/^.*: /, "")), status, body)).toBe(wanted);
});

test("a UI that is not what its label says is told by name, with what was wanted", () => {
  expect(() => checkReady(presetOf("headlamp"), 200, HTML)).toThrow(
    expect.objectContaining({
      code: "UI_MISMATCH",
      message:
        'Cannot take this for Headlamp: GET /config gave 200, and Headlamp answers 200 with JSON that has "clusters"',
    }),
  );
  expect(() => checkReady(presetOf("dashboard"), 200, HTML)).toThrow(
    /200 with JSON that has "authenticated" or 401 with "MSG_LOGIN_UNAUTHORIZED_ERROR"$/,
  );
  for (const preset of PRESETS)
    if (preset.ready !== undefined) expect(() => checkReady(preset, 418, "")).toThrow(preset.name);
});

test("where a status is all that is known, it is all that counts", () => {
  const preset = {
    ...DEFAULTS,
    id: "x",
    name: "X",
    ready: { path: "/up", answers: [{ status: 204 }] },
  } as const;
  expect(() => checkReady(preset, 204, "")).not.toThrow();
  expect(() => checkReady(preset, 200, "")).toThrow(/X answers 204$/);
});
