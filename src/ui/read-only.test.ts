import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AskedRequest } from "../proxy/index.ts";
import { onlyReads } from "./read-only.ts";

const asked = (words: string, more: Partial<AskedRequest> = {}): AskedRequest => {
  const [method = "", target = ""] = words.split(" ");
  return { method, target, headers: [], upgrade: false, ...more };
};
const socket = (target: string): AskedRequest => asked(`GET ${target}`, { upgrade: true });

const NS = "/api/v1/namespaces/apps";
const PREFIXES = ["", "/clusters/main", "/k8s/clusters/c-m-1", "/api/kubernetes", "/clusters/a%3Ab"];
const REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

describe("D.5: with --read-only, what reads passes", () => {
  test.each([
    "GET /",
    "HEAD /",
    "OPTIONS /",
    "GET /config",
    "GET /c/main/pods/exec",
    "GET /api/v1/csrftoken/appdeployment",
    "GET /api/v1/login/status",
    "GET /api/v1/me",
    "GET /api/v1/pod/apps/web-0",
    "GET /api/v1/pod/shell/pod",
    `GET ${NS}/pods?watch=1`,
    `GET ${NS}/pods/exec`,
    `GET ${NS}/pods/web-0/log?follow=true`,
    `GET ${NS}/services/ui/proxy/a`,
    `HEAD ${NS}/services/ui/proxy/a`,
    "GET /clusters/main/portforward/list",
    "GET /clusters/main/helm/releases/list",
    "GET /a//b;c/%2e%2e/d?x=%zz;y",
  ])("%s", (words) => expect(onlyReads(asked(words))).toBe(true));

  test.each(PREFIXES)("reviews of oneself, and dry runs, below %j", (prefix) => {
    const dry = "?dryRun=All";
    for (const words of [
      `POST ${prefix}${REVIEW}`,
      `POST ${prefix}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?timeout=10s`,
      `POST ${prefix}/apis/authentication.k8s.io/v1beta1/selfsubjectreviews`,
      `POST ${prefix}${NS}/pods${dry}`,
      `POST ${prefix}/api/v1/namespaces${dry}`,
      `PUT ${prefix}${NS}/pods/web-0${dry}&fieldManager=x`,
      `PATCH ${prefix}/apis/apps/v1/namespaces/apps/deployments/ui?force=true&dryRun=All`,
      `PATCH ${prefix}/apis/apps/v1/namespaces/apps/deployments/ui/scale${dry}`,
      `PATCH ${prefix}/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node${dry}`,
      `DELETE ${prefix}${NS}/pods/web-0${dry}`,
    ])
      expect(onlyReads(asked(words)), words).toBe(true);
    for (const target of [
      `${NS}/pods?watch=1`,
      "/api/v1/pods?resourceVersion=1&watch=true",
      "/apis/example.com/v1/things?watch=1",
      "/api/v1/watch/pods",
      "/api/v1/watch/namespaces/apps/pods/web-0",
      `${NS}/pods/web-0/log?follow=true`,
    ])
      expect(onlyReads(socket(prefix + target)), target).toBe(true);
  });
});

describe("D.5: with --read-only, nothing else passes", () => {
  test.each([
    // Nobody knows what it does.
    "POST /",
    "POST /graphql",
    "POST /api/ds/query",
    "PURGE /",
    "TRACE /",
    "get /",
    "PROPFIND /",
    // Kubernetes.
    `POST ${NS}/pods`,
    `DELETE ${NS}/pods/web-0`,
    `DELETE ${NS}/pods`,
    `POST ${NS}/pods/web-0/eviction`,
    `POST ${NS}/pods/web-0/exec?command=id`,
    `GET ${NS}/pods/web-0/exec?command=id`,
    `HEAD ${NS}/pods/web-0/attach`,
    `OPTIONS ${NS}/pods/web-0/portforward`,
    `GET /clusters/main${NS}/pods/web-0/exec`,
    `POST ${NS}/pods/web-0/log`,
    `POST ${NS}/services/ui/proxy/a`,
    `OPTIONS ${NS}/services/ui/proxy/a`,
    `PUT /api/v1/nodes/n/proxy/configz`,
    `POST /apis/authorization.k8s.io/v1/subjectaccessreviews`,
    `POST /apis/authorization.k8s.io/v1/namespaces/a/selfsubjectrulesreviews`,
    `PUT ${REVIEW}`,
    `POST ${REVIEW}/a`,
    `POST /apis/evil.example/v1/selfsubjectrulesreviews`,
    `POST /apis/authentication.k8s.io/v1/selfsubjectrulesreviews`,
    `POST /apis/authentication.k8s.io/v1/tokenreviews`,
    // Headlamp and Dashboard.
    "POST /clusters/main/portforward",
    "PUT /clusters/main/helm/release/upgrade",
    "DELETE /clusters/main/helm/releases/uninstall",
    "POST /drain-node",
    "GET /api/v1/pod/apps/web-0/shell/main",
    "GET /below/api/v1/pod/apps/web-0/shell/main",
    "GET /api/v1/pod/apps/web-0/shell",
    "GET /api/sockjs/1/2/eventsource",
    "POST /api/sockjs/1/2/xhr_send",
    "GET /api/sockjs/info",
    "PUT /api/v1/_raw/deployment/namespace/apps/name/ui",
    "PUT /api/v1/_raw/deployment/namespace/apps/name/ui?dryRun=All",
    "POST /api/v1/appdeployment?dryRun=All",
    "PUT /api/v1/scale/deployment/apps/ui?dryRun=All",
    "PUT /api/v1/deployment/apps/ui/restart?dryRun=All",
    "POST /api/v1/services?dryRun=All",
    // A dry run that would be none.
    `POST ${NS}/pods?dryRun=all`,
    `POST ${NS}/pods?dryRun=`,
    `POST ${NS}/pods?dryrun=All`,
    `POST ${NS}/pods?dryRun=All&dryRun=`,
    `POST ${NS}/pods?dryRun=All&dryRu%6e=None`,
    `POST ${NS}/pods?dryRun=All&DRYRUN=x`,
    `POST ${NS}/pods?dryRun=All;a=b`,
    `POST ${NS}/pods?a;dryRun=All`,
    `POST ${NS}/pods?a=b;c&dryRun=All`,
    `POST ${NS}/pods?x?dryRun=All`,
    `POST ${NS}/pods?dryRun=All&%zz`,
    `POST ${NS}/pods?dryRun=Al%6c`,
    `POST ${NS}/pods/web-0?dryRun=All`,
    `POST ${NS}/pods/web-0/exec?dryRun=All`,
    `POST ${NS}/pods/web-0/binding?dryRun=All`,
    `POST ${NS}/serviceaccounts/a/token?dryRun=All`,
    `PUT ${NS}/services/ui/proxy/a?dryRun=All`,
    `DELETE ${NS}/pods?dryRun=All`,
    `PUT ${NS}/pods?dryRun=All`,
    `POST /apis/example.com/v1/namespaces/apps/things?dryRun=All`,
    `POST /apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachines?dryRun=All`,
    `POST ${NS}/services/ui/proxy/apis/apps/v1/namespaces/a/deployments?dryRun=All`,
    `POST /proxy/10.0.0.1${NS}/pods?dryRun=All`,
    `POST /%70roxy/10.0.0.1${NS}/pods?dryRun=All`,
    `POST /watch${NS.replace("/api/v1", "/api/v1/watch")}/pods?dryRun=All`,
    // Other spellings of what passes.
    `POST /x/..${REVIEW}`,
    `POST /${REVIEW}`,
    `POST ${REVIEW}/`,
    `POST ${REVIEW};a`,
    `POST ${REVIEW.toUpperCase()}`,
    `POST /apis/authorization.k8s.io/v1/selfsubjectrulesreview%73`,
    `POST /a%2f..${REVIEW}`,
    `POST /a%5c${REVIEW}`,
    `POST /a%252f${REVIEW}`,
    // Other methods than they say.
    "GET /?_method=DELETE",
    "GET /?%5Fmethod=DELETE",
    "GET /?%zz&a=b&_METHOD=DELETE",
  ])("%s", (words) => expect(onlyReads(asked(words))).toBe(false));

  test("a DELETE with a body is no dry run, whatever the query says", () => {
    const words = `DELETE ${NS}/pods/web-0?dryRun=All`;
    expect(onlyReads(asked(words, { headers: ["Content-Length", "0"] }))).toBe(true);
    for (const headers of [
      ["Content-Length", "2"],
      ["content-length", "x"],
      ["Transfer-Encoding", "chunked"],
    ])
      expect(onlyReads(asked(words, { headers })), headers.join(" ")).toBe(false);
  });

  test.each(["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X_HTTP_METHOD_OVERRIDE"])(
    "what says by %s that it is another method",
    (name) => expect(onlyReads(asked("GET /", { headers: ["Accept", "*/*", name, "DELETE"] }))).toBe(false),
  );

  test.each([
    `${NS}/pods/web-0/exec?command=id`,
    `${NS}/pods/web-0/exec?watch=1`,
    `${NS}/pods/web-0/attach`,
    `${NS}/pods/web-0/portforward?ports=80`,
    `${NS}/pods/web-0?watch=1`,
    `${NS}/pods`,
    `${NS}/pods?watch=0`,
    `${NS}/pods?watch=False`,
    `${NS}/services/ui/proxy/ws?watch=1`,
    `${NS}/pods/web-0/log/x`,
    "/api/v1/pods/web-0/log",
    "/apis/example.com/v1/namespaces/a/pods/web-0/log",
    "/api/v1/nodes/n/proxy/exec/a/b/c?watch=1",
    "/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm/console?watch=1",
    "/api/sockjs/1/2/websocket",
    "/api/sockjs/1/2/websocket?watch=1",
    "/apis/api/v1/pods?watch=1",
    "/wsMultiplexer",
    "/terminal?watch=1",
    "/",
  ])("a WebSocket to %s", (target) => expect(onlyReads(socket(target))).toBe(false));
});

describe("D.5: no spelling hides what runs something", () => {
  const runs = fc.constantFrom(
    ["api", "v1", "namespaces", "apps", "pods", "web-0", "exec"],
    ["api", "v1", "namespaces", "apps", "pods", "web-0", "attach"],
    ["api", "v1", "namespaces", "apps", "pods", "web-0", "portforward"],
    ["api", "v1", "pod", "apps", "web-0", "shell", "main"],
    ["api", "sockjs", "1", "2", "xhr_streaming"],
  );
  const encoded = (text: string, which: readonly boolean[], rounds: number): string =>
    text
      .split("")
      .map((letter, index) => {
        if (which[index % which.length] !== true) return letter;
        let code = letter;
        for (let round = 0; round < rounds; round += 1)
          code = code.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`);
        return code;
      })
      .join("");
  const slash = fc.constantFrom(
    "/",
    "//",
    "/./",
    "/x/../",
    "%2f",
    "%2F",
    "\\",
    "%5c",
    "%252f",
    "/;a=b/",
    "/%2e/",
  );
  const disguised = fc
    .record({
      segments: runs,
      slashes: fc.array(slash, { minLength: 8, maxLength: 8 }),
      which: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
      rounds: fc.integer({ min: 1, max: 3 }),
      upper: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
      prefix: fc.constantFrom("", "/clusters/main", "/x", "/%2e%2e", "/a/%2e%2e"),
      suffix: fc.constantFrom("", "/", ";x", "%3fx", "%20", "?command=id", "?watch=1", "//"),
    })
    .map(({ segments, slashes, which, rounds, upper, prefix, suffix }) => {
      const path = segments.map((segment, index) => {
        const cased = segment
          .split("")
          .map((letter, at) => (upper[at % upper.length] === true ? letter.toUpperCase() : letter));
        return `${index === 0 ? "/" : (slashes[index] ?? "/")}${encoded(cased.join(""), which, rounds)}`;
      });
      return `${prefix}${path.join("")}${suffix}`;
    });

  test("by any method, as a request or as a WebSocket", () => {
    fc.assert(
      fc.property(
        disguised,
        fc.constantFrom("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"),
        fc.boolean(),
        (target, method, upgrade) => !onlyReads(asked(`${method} ${target}`, { upgrade })),
      ),
      { numRuns: 5_000 },
    );
  });

  test("whatever is asked, what changes something passes only as a review or a dry run of the API's", () => {
    const pieces = [
      "/",
      "//",
      "api",
      "apis",
      "v1",
      "apps",
      "namespaces",
      "pods",
      "proxy",
      "exec",
      "..",
      "%2e",
      ";",
      "%2f",
      "authorization.k8s.io",
      "selfsubjectrulesreviews",
      "clusters",
      "main",
      "watch",
      "?",
      "&",
      "dryRun=All",
      "%",
    ];
    const piece = fc.constantFrom(...pieces);
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 16 }),
        fc.constantFrom("POST", "PUT", "PATCH", "DELETE"),
        (chosen, method) => {
          const target = `/${chosen.join("")}`;
          if (!onlyReads(asked(`${method} ${target}`))) return;
          expect(target).toMatch(
            /^(?:\/[a-z0-9.]+)*\/apis\/authorization\.k8s\.io\/v1\/selfsubjectrulesreviews(?:\?|$)|^(?:\/[a-z0-9.]+)*\/apis?\/(?:apps\/)?v1\/[^%;]*\?(?:.*&)?dryRun=All(?:&|$)/,
          );
          expect(target.split("?")[0]).not.toMatch(/\/\/|%|;|\.\.(?:\/|$)|exec|proxy/);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test("anything at all gets an answer", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), fc.boolean(), (target, method, upgrade) => {
        expect(typeof onlyReads({ method, target, headers: [], upgrade })).toBe("boolean");
      }),
    );
  });
});
