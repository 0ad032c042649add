import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AskedRequest, Resumable } from "../proxy/index.ts";
import { kubernetesWatch } from "./watch.ts";

const asked = (target: string, method = "GET"): AskedRequest => ({
  method,
  target,
  headers: [],
  upgrade: true,
});
const watch = (target: string): Resumable => {
  const found = kubernetesWatch(asked(target));
  if (found === undefined) throw new TypeError(`no watch: ${target}`);
  return found;
};
const event = (type: string, version: string, uid = `uid-${version}`, more: object = {}): string =>
  JSON.stringify({ type, object: { metadata: { uid, resourceVersion: version, ...more } } });
const gone = JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410 } });

describe("what is a watch", () => {
  test.each([
    "/api/v1/pods?watch=1&resourceVersion=5",
    "/api/v1/namespaces/apps/pods?watch=true",
    "/clusters/main/api/v1/pods?watch=1&resourceVersion=5",
    "/clusters/main/apis/apps/v1/deployments?watch=1",
    "/k8s/apis/apiextensions.k8s.io/v1/customresourcedefinitions?a=b&watch=1",
    "/apis/metrics.k8s.io/v1beta1/pods?watch=1",
  ])("%s", (target) => expect(kubernetesWatch(asked(target))).toBeDefined());

  test.each([
    ["/api/v1/pods"],
    ["/api/v1/pods?watch=0"],
    ["/api/v1/pods?watch=false"],
    ["/api/v1/pods?unwatch=1"],
    ["/api/v1?watch=1"],
    ["/api/v1/namespaces/apps/pods/ui/exec?command=touch&watch=1"],
    ["/clusters/main/api/v1/namespaces/apps/pods/ui/attach?watch=1"],
    ["/api/v1/namespaces/apps/pods/ui/portforward?watch=1"],
    ["/api/v1/namespaces/apps/services/ui:80/proxy/api/v1/pods?watch=1"],
    ["/api/v1/nodes/one/proxy/run/apps/ui/main?watch=1"],
    ["/api/v1/?watch=1"],
    ["/api/v2/pods?watch=1"],
    ["/video?watch=1"],
    ["/apis/apps?watch=1"],
    ["/?x=/api/v1/pods&watch=1"],
    ["/api/v1/pods?watch=1", "POST"],
  ])("%s %s is none", (target, method = "GET") =>
    expect(kubernetesWatch(asked(target, method))).toBeUndefined(),
  );
});

describe("where it goes on", () => {
  test("before any event: where it started", () => {
    expect(watch("/api/v1/pods?watch=1&resourceVersion=5&labelSelector=a%3Db").again()).toBe(
      "/api/v1/pods?watch=1&labelSelector=a%3Db&resourceVersion=5",
    );
  });

  test("with all that was asked for, also behind a second question mark", () => {
    expect(watch("/api/v1/pods?watch=1&x=?&fieldSelector=a%3Db&resourceVersion=5").again()).toBe(
      "/api/v1/pods?watch=1&x=?&fieldSelector=a%3Db&resourceVersion=5",
    );
  });

  test.each(["ADDED", "MODIFIED", "DELETED", "BOOKMARK"])("after %s: behind it", (type) => {
    const one = watch("/c/main/api/v1/pods?watch=1&resourceVersion=5");
    expect(one.see(event(type, "9"))).toBe("pass");
    expect(one.again()).toBe("/c/main/api/v1/pods?watch=1&resourceVersion=9");
  });

  test("versions are opaque: the last one counts, not the largest", () => {
    const one = watch("/api/v1/pods?watch=1&resourceVersion=5");
    for (const version of ["9", "b7", "3"]) one.see(event("MODIFIED", version));
    expect(one.again()).toMatch(/=3$/);
  });

  test("what it was started with does not start it again", () => {
    const one = watch(
      "/api/v1/pods?allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&watch=1",
    );
    one.see(event("ADDED", "3"));
    expect(one.again()).toBeUndefined();
    one.see(event("BOOKMARK", "4"));
    expect(one.again()).toBeUndefined();
    one.see(event("BOOKMARK", "5", "", { annotations: { "k8s.io/initial-events-end": "true" } }));
    expect(one.again()).toBe("/api/v1/pods?allowWatchBookmarks=true&watch=1&resourceVersion=5");
  });

  test.each(["", "&resourceVersion=", "&resourceVersion=0"])(
    "with %j what there is comes first, in no order: only a change ends that",
    (start) => {
      const one = watch(`/api/v1/pods?watch=1${start}`);
      expect(one.again()).toBeUndefined();
      for (const version of ["7", "3"]) one.see(event("ADDED", version));
      expect(one.again()).toBeUndefined();
      one.see(event("MODIFIED", "8"));
      expect(one.again()).toMatch(/resourceVersion=8$/);
      one.see(event("ADDED", "9"));
      expect(one.again()).toMatch(/resourceVersion=9$/);
    },
  );

  test.each(["true", "1", "TRUE", "yes"])(
    "with sendInitialEvents=%s a change before the mark is not enough: nobody would send the mark again",
    (flag) => {
      const one = watch(`/api/v1/pods?watch=1&sendInitialEvents=${flag}&resourceVersion=2`);
      one.see(event("ADDED", "3"));
      one.see(event("MODIFIED", "4"));
      expect(one.again()).toBeUndefined();
    },
  );

  test("a version of an event goes into the query as it is, whatever it looks like", () => {
    const one = watch("/api/v1/pods?watch=1&resourceVersion=a%2Fb");
    expect(one.again()).toMatch(/resourceVersion=a%2Fb$/);
    one.see(event("ADDED", "%41&b"));
    expect(one.again()).toMatch(/resourceVersion=%2541%26b$/);
  });

  test("nowhere after an ERROR, which is handed on", () => {
    const one = watch("/api/v1/pods?watch=1&resourceVersion=5");
    one.see(event("ADDED", "6"));
    expect(one.see(gone)).toBe("over");
    expect(one.again()).toBeUndefined();
    expect(JSON.parse(one.farewell ?? "")).toMatchObject({ type: "ERROR", object: { code: 410 } });
  });

  test.each([
    "no JSON",
    "{}",
    "[]",
    "1",
    '{"type":"ADDED"}',
    '{"type":"ADDED","object":{}}',
    '{"type":"ADDED","object":{"metadata":{"resourceVersion":5}}}',
    '{"type":"SOMETHING","object":{"metadata":{"resourceVersion":"5"}}}',
    "[".repeat(100_000),
    String.raw`{"type":"ADDED","object":{"metadata":{"resourceVersion":"\ud800"}}}`,
    event("ADDED", "9".repeat(2_000)),
    event("ADDED", "9", "u".repeat(2_000)),
  ])("nowhere once something came that no watch sends", (text) => {
    const one = watch("/api/v1/pods?watch=1&resourceVersion=5");
    expect(one.see(text)).toBe("foreign");
    expect(one.see(event("ADDED", "6"))).toBe("foreign");
    expect(one.again()).toBeUndefined();
  });
});

test("the event that was the last one is not handed on again", () => {
  const one = watch("/api/v1/pods?watch=1&resourceVersion=5");
  expect(
    [event("ADDED", "6"), event("ADDED", "6"), event("MODIFIED", "7"), event("MODIFIED", "7")].map((text) =>
      one.see(text),
    ),
  ).toEqual(["pass", "drop", "pass", "drop"]);
});

test("property: anything may come and nothing of it throws; where it goes on is a target that the gate would take", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.json(), fc.constantFrom("1", "a b\r\n", "é")), { maxLength: 8 }),
      (texts) => {
        const one = watch("/api/v1/pods?watch=1&resourceVersion=5");
        for (const text of texts) one.see(/^[\w é\r\n]{1,5}$/.test(text) ? event("ADDED", text) : text);
        const again = one.again();
        if (again !== undefined) expect(again).toMatch(/^\/[!-~]+$/);
      },
    ),
    { numRuns: 500 },
  );
});
