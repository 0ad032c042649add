import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inClusterName, possibleBases } from "./direct-leg-cluster.ts";

/** As Headlamp 0.45 says it (ui-traffic, headlamp-open-and-use). */
const cluster = (
  name: unknown,
  source: unknown = "kubeconfig",
  server: unknown = "https://10.0.0.1",
): unknown => ({
  name,
  server,
  auth_type: "",
  meta_data: {
    clusterID: "",
    extensions: null,
    namespace: "",
    origin: { kubeconfig: "" },
    originalName: name,
    source,
  },
});
const configOf = (...clusters: readonly unknown[]): string =>
  JSON.stringify({ clusters, isDynamicClusterEnabled: false, allowKubeconfigChanges: false });

describe("D.2: which of Headlamp's clusters is the one that it runs in", () => {
  test.each<readonly [string, string, string | undefined]>([
    ["the only one", configOf(cluster("main", "incluster")), "main"],
    ["the only one, whatever its source", configOf(cluster("prod")), "prod"],
    ["the one that says so", configOf(cluster("a"), cluster("b", "incluster"), cluster("c")), "b"],
    ["the first of two that say so", configOf(cluster("a", "incluster"), cluster("b", "incluster")), "a"],
    [
      "the one at the address that pods know",
      configOf(cluster("a"), cluster("b", "kubeconfig", "https://kubernetes.default.svc:443")),
      "b",
    ],
    ["none of several", configOf(cluster("a"), cluster("b")), "main"],
    ["none at all", configOf(), "main"],
    ["a name with spaces and colons", configOf(cluster("arn:aws:eks x", "incluster")), "arn:aws:eks x"],
    ["a name in another script", configOf(cluster("кластер", "incluster")), "кластер"],
    [
      "bad names beside a good one",
      configOf(cluster(7, "incluster"), cluster("", "incluster"), cluster("ok", "incluster")),
      "ok",
    ],
    ["only a name that is too long", configOf(cluster("x".repeat(513), "incluster")), "main"],
    ["only a name with a slash", configOf(cluster("a/b", "incluster")), "main"],
    ["only a name that would be decoded twice", configOf(cluster("a%2fb", "incluster")), "main"],
    ["only dots", configOf(cluster("..", "incluster")), "main"],
    [
      "only control characters",
      configOf(cluster("a\r\nb", "incluster"), cluster("\u0085", "incluster")),
      "main",
    ],
    ["half of a character", configOf(cluster("a\ud800", "incluster")), "main"],
    [
      "entries of other types",
      configOf(null, "x", [], 1, {}, cluster("ok", { a: 1 }), cluster("in", "incluster")),
      "in",
    ],
    ["meta data that is null", configOf({ name: "solo", server: null, meta_data: null }), "solo"],
    ["a list of another type", JSON.stringify({ clusters: "main" }), undefined],
    ["no list", JSON.stringify({}), undefined],
    ["a page", "<!doctype html><p>hello", undefined],
    ["nothing", "", undefined],
    ["null", "null", undefined],
  ])("%s", (_what, text, wanted) => expect(inClusterName(text)).toBe(wanted));

  test("one of 10,000", () => {
    const many = Array.from({ length: 10_000 }, (_none, index) => cluster(`c-${index}`));
    expect(inClusterName(configOf(...many))).toBe("main");
    expect(inClusterName(configOf(...many, cluster("here", "incluster")))).toBe("here");
  });

  test("4 MiB of what is no cluster hold nobody up", () => {
    const text = JSON.stringify({ clusters: Array.from({ length: 1_000_000 }, () => ({})) });
    const start = performance.now();
    expect(inClusterName(text)).toBe("main");
    // Where each were looked at, some 15 s.
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  test("whatever is said, a name is one segment of a path", () =>
    fc.assert(
      fc.property(fc.json(), fc.string({ unit: "binary" }), (json, name) => {
        for (const text of [json, `{"clusters":${json}}`, configOf(cluster(name, "incluster"))]) {
          const found = inClusterName(text);
          if (found === undefined) continue;
          const written = encodeURIComponent(found);
          expect(decodeURIComponent(written)).toBe(found);
          expect(written).not.toMatch(/^\.{0,2}$|[/\\]/);
        }
      }),
      { numRuns: 1_000 },
    ));
});

describe("D.2: what may stand before Headlamp's paths", () => {
  test.each([
    ["/", [""]],
    ["/headlamp/", ["", "/headlamp"]],
    ["/headlamp", ["", "/headlamp"]],
    ["/a/b/c/d/e", ["", "/a", "/a/b", "/a/b/c"]],
    ["/a/?x=/y", ["", "/a"]],
    ["/a/%2e%2e/b", ["", "/a"]],
    ["/../a", [""]],
    ["//evil.example/", [""]],
  ])("%s: %j", (page, bases) => expect(possibleBases(page)).toEqual(bases));
});
