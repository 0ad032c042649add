import { expect, test } from "vitest";
import { saidScheme } from "./scheme.ts";

// appProtocol counts before the name, and the name before the number.
test.each([
  ["nothing but 80", "", 80, undefined, "http"],
  ["nothing but 8080", "", 8080, undefined, undefined],
  ["nothing but 443", "", 443, undefined, "https"],
  ["nothing but 6443", "", 6443, undefined, "https"],
  ["nothing but 8443", "", 8443, undefined, "https"],
  ["nothing but 9443", "", 9443, undefined, "https"],
  ["a number that only contains 443", "", 4430, undefined, undefined],
  ["the name https", "https", 80, undefined, "https"],
  ["the name https-web", "https-web", 80, undefined, "https"],
  ["the name web-https", "web-https", 80, undefined, "https"],
  ["the name http on 443", "http", 443, undefined, "http"],
  ["the name http-web on 8443", "http-web", 8443, undefined, "http"],
  ["the name httpsx", "httpsx", 80, undefined, "http"],
  ["the name web on 443", "web", 443, undefined, "https"],
  ["appProtocol https", "http", 80, "https", "https"],
  ["appProtocol HTTPS", "http", 80, "HTTPS", "https"],
  ["appProtocol http", "https", 443, "http", "http"],
  ["appProtocol wss", "http", 80, "kubernetes.io/wss", "https"],
  ["appProtocol ws", "https", 443, "kubernetes.io/ws", "http"],
  ["another appProtocol", "https", 80, "kubernetes.io/h2c", "https"],
  ["an empty appProtocol", "", 443, "", "https"],
] as const)("%s", (_name, name, port, appProtocol, wanted) => {
  expect(saidScheme({ name, port, appProtocol })).toBe(wanted);
});
