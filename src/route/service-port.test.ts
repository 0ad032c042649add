import { describe, expect, test } from "vitest";
import { isKnownError, type KnownError } from "../base/errors.ts";
import { chooseServicePort, type ServicePort } from "./service-port.ts";
import { parseTarget } from "./parse.ts";
import { serviceOf } from "../../test/kubernetes.ts";

interface Wishes {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

const choose = (target: string, ...ports: readonly Wishes[]): ServicePort =>
  chooseServicePort(serviceOf("ui", { ports }), parseTarget(target));
const failure = (...args: Parameters<typeof choose>): KnownError => {
  try {
    choose(...args);
  } catch (error) {
    if (isKnownError(error)) return error;
    throw error;
  }
  throw new Error("a port was chosen");
};

const HTTP = { name: "http", port: 80 };
const HTTPS = { name: "https", port: 443 };
const METRICS = { name: "metrics", port: 9090 };
const GRPC = { name: "grpc", port: 8443 };
const DNS = { name: "dns", port: 53, protocol: "UDP" };

describe("chosen", () => {
  test.each([
    ["the only port", "svc/ui", [METRICS], 9090],
    ["the only port without a name", "svc/ui", [{ port: 4466 }], 4466],
    ["the only TCP port", "svc/ui", [DNS, METRICS], 9090],
    ["by number", "svc/ui:443", [HTTP, HTTPS], 443],
    ["by name", "svc/ui:metrics", [HTTP, METRICS], 9090],
    ["by the URL's port", "http://ui.svc:9090", [HTTP, METRICS], 9090],
    ["http of http and https", "svc/ui", [HTTPS, HTTP], 80],
    ["https by the URL's scheme", "https://ui.svc", [HTTP, HTTPS], 443],
    ["http by the URL's scheme", "http://ui.svc", [HTTPS, HTTP], 80],
    [
      "80 of 80 and 443 without names",
      "svc/ui",
      [
        { name: "a", port: 443 },
        { name: "b", port: 80 },
      ],
      80,
    ],
    [
      "http beside https by the end of a name",
      "svc/ui",
      [
        { name: "web-https", port: 9000 },
        { name: "http", port: 8000 },
      ],
      8000,
    ],
    [
      "http beside https, as appProtocol says it of WebSockets",
      "svc/ui",
      [
        { name: "a", port: 1, appProtocol: "kubernetes.io/wss" },
        { name: "b", port: 2, appProtocol: "HTTP" },
      ],
      2,
    ],
    ["80 beside metrics", "svc/ui", [METRICS, HTTP], 80],
    ["443 beside metrics, for https", "https://ui.svc", [METRICS, HTTPS], 443],
    [
      "by appProtocol",
      "svc/ui",
      [
        { name: "a", port: 1, appProtocol: "https" },
        { name: "b", port: 2, appProtocol: "http" },
      ],
      2,
    ],
  ])("%s", (_name, target, ports, wanted) => {
    expect(choose(target, ...ports).port).toBe(wanted);
  });
});

describe("refused, with all ports named", () => {
  test.each([
    ["two ports of unknown meaning", "svc/ui", [METRICS, { name: "admin", port: 9000 }], "PORT_AMBIGUOUS"],
    [
      "two web ports of the same scheme",
      "svc/ui",
      [
        { name: "http-a", port: 81 },
        { name: "http-b", port: 82 },
      ],
      "PORT_AMBIGUOUS",
    ],
    [
      "a web port that is not 80 beside metrics",
      "svc/ui",
      [{ name: "http", port: 8080 }, METRICS],
      "PORT_AMBIGUOUS",
    ],
    ["https where none is", "https://ui.svc", [HTTP, METRICS], "PORT_AMBIGUOUS"],
    ["a number that is not there", "svc/ui:8080", [HTTP, HTTPS], "PORT_UNKNOWN"],
    ["a name that is not there", "svc/ui:web", [HTTP, HTTPS], "PORT_UNKNOWN"],
    ["part of a number", "svc/ui:44", [HTTP, HTTPS], "PORT_UNKNOWN"],
    ["a UDP port by number", "svc/ui:53", [DNS, METRICS], "PORT_UNKNOWN"],
    ["a UDP port by name", "svc/ui:dns", [DNS, METRICS], "PORT_UNKNOWN"],
  ])("%s", (_name, target, ports, code) => {
    const error = failure(target, ...ports);
    expect(error).toMatchObject({ code, exit: 2 });
    for (const port of ports)
      if (port !== DNS) expect(error.message).toContain(`${port.port} (${port.name})`);
    expect(error.message).not.toContain("53 (dns)");
    expect(error.hint).toMatch(/^Name one of them, e\.g\. svc\/ui:\d+$/);
  });

  test.each([
    ["no port", []],
    ["only UDP", [DNS]],
  ])("%s", (_name, ports) => {
    expect(failure("svc/ui", ...ports)).toMatchObject({
      code: "PORT_UNKNOWN",
      message: 'Cannot open Service "ui": it has no TCP port',
    });
  });

  test("grpc on 8443 is no second UI: the message names both", () => {
    expect(failure("https://ui.svc", GRPC, { name: "https", port: 8444 }).message).toBe(
      'Cannot choose a port of Service "ui": it has 8443 (grpc), 8444 (https)',
    );
  });
});
