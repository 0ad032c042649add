import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "../base/decode.ts";
import { KnownError } from "../base/errors.ts";
import { endpointSlice, listOf, pod, selfSubjectReview, service } from "./objects.ts";

const read = <T>(decoder: (value: unknown, path: string) => T, value: unknown): T =>
  decode(decoder, value, { what: "it", code: "API_FAILED" });
/** An object has metadata always. */
const withMetadata = (value: object): unknown => ({ metadata: {}, ...value });

describe("what is left out has the value that Kubernetes gives it", () => {
  test("of a Service", () => {
    expect(read(service, withMetadata({ spec: { ports: [{ port: 80 }] } })).spec).toEqual({
      type: "",
      externalName: "",
      selector: new Map(),
      ports: [{ name: "", port: 80, targetPort: undefined, protocol: "TCP", appProtocol: undefined }],
    });
    expect(read(service, withMetadata({})).spec.ports).toEqual([]);
  });

  test("of an EndpointSlice: an unknown condition is neither true nor false", () => {
    const slice = read(endpointSlice, withMetadata({ ports: [{}], endpoints: [{}, { conditions: {} }] }));
    expect(slice.ports).toEqual([{ name: "", port: undefined, protocol: "TCP", appProtocol: undefined }]);
    for (const { conditions, targetRef } of slice.endpoints) {
      expect(conditions).toEqual({ ready: undefined, serving: undefined, terminating: undefined });
      expect(targetRef).toBeUndefined();
    }
  });

  test("of a pod", () => {
    const found = read(
      pod,
      withMetadata({ spec: { containers: [{ name: "a", ports: [{ containerPort: 1 }] }] } }),
    );
    expect(found.spec.containers[0]?.ports).toEqual([{ name: "", containerPort: 1, protocol: "TCP" }]);
    expect(found.status.conditions).toEqual([]);
    expect(found.metadata.deletionTimestamp).toBeUndefined();
    expect(read(pod, withMetadata({ spec: null, status: null })).status.phase).toBe("");
  });

  test("of a list, whose items Go may write as null", () => {
    expect(read(listOf(pod), { items: null })).toEqual({
      metadata: { resourceVersion: "", continue: "" },
      items: [],
    });
  });
});

test("a targetPort is a number or a name", () => {
  const portOf = (targetPort: unknown): unknown =>
    read(service, withMetadata({ spec: { ports: [{ port: 80, targetPort }] } })).spec.ports[0]?.targetPort;
  expect(portOf(8080)).toBe(8080);
  expect(portOf("http")).toBe("http");
  expect(() => portOf(80.5)).toThrow(KnownError);
  expect(() => portOf({ type: 0, intVal: 80 })).toThrow(KnownError);
});

describe("what has another type is named with its place", () => {
  test.each([
    ["a Service", service, withMetadata({ spec: { ports: [{ port: "80" }] } }), "spec.ports[0].port"],
    ["a selector", service, withMetadata({ spec: { selector: { app: 1 } } }), "spec.selector.app"],
    ["a selector that is a list", service, withMetadata({ spec: { selector: [] } }), "spec.selector"],
    [
      "a slice",
      endpointSlice,
      withMetadata({ endpoints: [{ conditions: { ready: "true" } }] }),
      "endpoints[0].conditions.ready",
    ],
    [
      "a reference",
      endpointSlice,
      withMetadata({ endpoints: [{ targetRef: { uid: 1 } }] }),
      "endpoints[0].targetRef.uid",
    ],
    ["a pod", pod, withMetadata({ status: { conditions: {} } }), "status.conditions"],
    ["a uid", pod, { metadata: { uid: ["a"] } }, "metadata.uid"],
    ["a review", selfSubjectReview, { status: {} }, "status.userInfo"],
    ["text", pod, "pod", "value"],
    ["nothing", pod, null, "value"],
    ["no metadata", service, {}, "metadata"],
  ])("%s", (_name, decoder, value, path) => {
    expect(() => read<unknown>(decoder, value)).toThrow(`Cannot read it: ${path} must be`);
  });
});

test("names of prototypes are only names", () => {
  const hostile: unknown = JSON.parse(
    '{"__proto__":{"metadata":{"uid":"x"}},"metadata":{"labels":{"__proto__":"l","constructor":"c"}}}',
  );
  const found = read(pod, hostile);
  expect(found.metadata.uid).toBe("");
  expect([...found.metadata.labels]).toEqual([
    ["__proto__", "l"],
    ["constructor", "c"],
  ]);
});

test.each([
  ["service", service],
  ["endpointSlice", endpointSlice],
  ["pod", pod],
  ["list", listOf(pod)],
])("any JSON is a %s or a known error", (_name, decoder) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        read<unknown>(decoder, value);
      } catch (error) {
        expect(error).toBeInstanceOf(KnownError);
      }
    }),
  );
});
