import { describe, expect, test } from "vitest";
import { decode } from "../base/decode.ts";
import { endpointSlice, pod, service } from "./objects.ts";

const read = <T>(decoder: (value: unknown, path: string) => T, value: unknown): T =>
  decode(decoder, { metadata: {}, ...(value as object) }, { what: "an object", code: "API_FAILED" });

describe("names and numbers that the API server never makes", () => {
  test.each([
    ["a line feed in a namespace", { metadata: { name: "ui", namespace: "apps\r\nX-Evil: 1" } }],
    ["an escape in a name", { metadata: { name: "ui\u001b[2J" } }],
    ["a slash in a name", { metadata: { name: "../secrets" } }],
    ["a space in a UID", { metadata: { uid: "a b" } }],
    ["a control in the UID of an owner", { metadata: { ownerReferences: [{ name: "x", uid: "\u0007" }] } }],
    ["a name that is a number", { metadata: { name: 7 } }],
    ["a port that is none", { spec: { containers: [{ ports: [{ containerPort: 70_000 }] }] } }],
    ["port 0", { spec: { containers: [{ ports: [{ containerPort: 0 }] }] } }],
  ])("%s: a pod", (_, value) => {
    expect(() => read(pod, value)).toThrow(expect.objectContaining({ code: "API_FAILED" }));
  });

  test.each([
    ["a port below 1", { spec: { ports: [{ port: -1 }] } }],
    ["a target above 65535", { spec: { ports: [{ port: 80, targetPort: 1e9 }] } }],
    ["half a port", { spec: { ports: [{ port: 80.5 }] } }],
  ])("%s: a Service", (_, value) => {
    expect(() => read(service, value)).toThrow(/port/i);
  });

  test.each([
    ["a port above 65535", { ports: [{ port: 1e9 }] }],
    ["a name with a line feed", { endpoints: [{ targetRef: { kind: "Pod", name: "a\nb" } }] }],
  ])("%s: a slice", (_, value) => {
    expect(() => read(endpointSlice, value)).toThrow(expect.objectContaining({ code: "API_FAILED" }));
  });

  test("what it does make is read", () => {
    const found = read(pod, {
      metadata: { name: "ui-7d9c.x", namespace: "apps", uid: "0b1c-2", ownerReferences: [{ uid: "u" }] },
      spec: { containers: [{ name: "app", ports: [{ containerPort: 8080 }] }] },
    });
    expect(found.metadata).toMatchObject({ name: "ui-7d9c.x", namespace: "apps", uid: "0b1c-2" });
    expect(read(service, { spec: { ports: [{ port: 80, targetPort: "http" }] } }).spec.ports).toMatchObject([
      { port: 80, targetPort: "http" },
    ]);
  });
});
