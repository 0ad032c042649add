import { expect, test } from "vitest";
import type { TargetKind } from "../../route/index.ts";
import { isEssential, rightsFor, rightText } from "./rights.ts";

const essential = (
  missing: readonly string[],
  more: { kind?: TargetKind; version?: string } = {},
): string[] =>
  missing.filter((id) =>
    isEssential(id, {
      missing: new Set(missing),
      kind: more.kind,
      version: more.version ?? "1.35",
    }),
  );

test("the rights are those of the README's Role", () => {
  expect(rightsFor(undefined).map(({ right }) => rightText(right))).toEqual([
    "get services",
    "list endpointslices",
    "get pods",
    "list pods",
    "watch pods",
    "create pods/portforward",
    "get pods/portforward",
  ]);
});

const ALL = rightsFor(undefined).map(({ id }) => id);

test.each([
  { name: "nothing", missing: [], is: [] },
  { name: "all", missing: ALL, is: ALL.filter((id) => id !== "watch-pods" && id !== "get-portforward") },
  { name: "get services", missing: ["get-services"], is: ["get-services"] },
  { name: "get services, for a pod", missing: ["get-services"], more: { kind: "pod" as const }, is: [] },
  { name: "slices, with list pods", missing: ["list-endpointslices"], is: [] },
  {
    name: "slices and list pods",
    missing: ["list-endpointslices", "list-pods"],
    is: ["list-endpointslices", "list-pods"],
  },
  { name: "get pods, with list pods", missing: ["get-pods"], is: [] },
  { name: "list pods, with get pods and slices", missing: ["list-pods"], is: [] },
  { name: "get and list pods", missing: ["get-pods", "list-pods"], is: ["get-pods", "list-pods"] },
  { name: "watch pods", missing: ["watch-pods"], is: [] },
  { name: "create on port-forwards", missing: ["create-portforward"], is: ["create-portforward"] },
  { name: "create, before 1.35", missing: ["create-portforward"], more: { version: "1.34" }, is: [] },
  {
    name: "create and get, before 1.35",
    missing: ["create-portforward", "get-portforward"],
    more: { version: "1.34" },
    is: ["create-portforward"],
  },
  {
    name: "create, of an unknown version",
    missing: ["create-portforward"],
    more: { version: "x" },
    is: ["create-portforward"],
  },
  {
    name: "the Deployment itself, and lists of pods",
    missing: ["get-deployments", "list-pods"],
    more: { kind: "deployment" as const },
    is: ["get-deployments", "list-pods"],
  },
  { name: "get on port-forwards", missing: ["get-portforward"], is: [] },
])("missing $name", ({ missing, more, is }) => expect(essential(missing, more)).toEqual(is));
