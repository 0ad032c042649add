import { describe, expect, test } from "vitest";
import { dataPlane, request, stillSystem } from "../../../test/proxy/data-plane.ts";
import { CODES } from "../../base/codes.ts";
import { KnownError, type ErrorCode } from "../../base/errors.ts";
import { escapeHtml } from "../pages/markup.ts";
import { problemPage } from "../pages/problem.ts";
import type { Incident } from "../types.ts";
import { problemOf, type Fate } from "./outage.ts";

const CANARY = "canary http://ui.apps.svc:8080/ Bearer eyJ";

const problem = (error: unknown, navigation = false, fate: Fate = "harmless"): ReturnType<typeof problemOf> =>
  problemOf(error, { navigation, fate }, { system: stillSystem().system, onIncident: () => undefined });

describe("what is said of a failure", () => {
  test.each([
    // It answered wrongly, or said no: waiting does not help.
    ["UPSTREAM_INVALID", 502, 502],
    ["UPSTREAM_CUT", 502, 502],
    ["UPSTREAM_TLS", 502, 502],
    ["UPSTREAM_CERTIFICATE", 502, 502],
    ["PORT_REFUSED", 502, 502],
    ["PORT_RESET", 502, 502],
    ["PORT_FAILED", 502, 502],
    ["TOKEN_INVALID", 502, 502],
    ["REQUEST_INVALID", 400, 400],
    // It is not there: U7 never 503 to a script, and a page that loads again by itself.
    ["UPSTREAM_LATE", 504, 503],
    ["POD_GONE", 504, 503],
    ["NO_READY_POD", 504, 503],
    ["TUNNEL_LOST", 504, 503],
    ["TUNNEL_SILENT", 504, 503],
    ["TUNNEL_FORBIDDEN", 504, 503],
    ["EXEC_FAILED", 504, 503],
    ["EXEC_TIMEOUT", 504, 503],
    ["NO_BEARER_TOKEN", 504, 503],
  ] as const)("%s: %i to a script, %i to a page", (code, script, page) => {
    const error = new KnownError(code, CANARY);
    const [told, shown] = [problem(error), problem(error, true)];
    expect([told.status, shown.status]).toEqual([script, page]);
    expect([told.retryAfter, told.refresh ?? false]).toEqual([script === 504 ? 1 : undefined, false]);
    // Where nobody listens yet the page goes on by itself too.
    expect(shown.refresh ?? false).toBe(page === 503 || code === "PORT_REFUSED");
    // R-F6: fixed text, a code and an incident, nothing of what happened.
    expect(JSON.stringify([told, shown])).not.toMatch(/canary|http:|eyJ/);
    expect([told.code, shown.code]).toEqual([code, code]);
    expect(told.incident).toBe("abababab");
  });

  test.each([new Error(CANARY), CANARY, undefined, null, { message: CANARY }])(
    "anything else that is thrown: %s",
    (error) => {
      expect(problem(error)).toMatchObject({ status: 504 });
      expect(JSON.stringify(problem(error))).not.toContain("canary");
    },
  );

  test.each([
    ["unsent", "was not sent", 1],
    ["unknown", "may have done what was asked", undefined],
  ] as const)("a change that is %s: 504 for all, and no page that loads again", (fate, text, retryAfter) => {
    for (const navigation of [false, true]) {
      const told = problem(new KnownError("TUNNEL_LOST", CANARY), navigation, fate);
      expect(told.status).toBe(504);
      expect(told.detail).toContain(text);
      expect(told.refresh ?? false).toBe(false);
      expect(told.retryAfter).toBe(retryAfter);
    }
  });
});

test("who has no token is not sent to sign in, which gives none", () => {
  const [none, failed] = (["NO_BEARER_TOKEN", "EXEC_FAILED"] as const).map(
    (code) => problemPage(problem(new KnownError(code, CANARY), true)).body,
  );
  expect(none).toContain("<h1>This UI wants a token</h1>");
  expect(none).toContain("--service-account");
  expect(none).not.toMatch(/Sign in again|Enter/);
  expect(failed).toMatch(/Sign in again[^]*Enter/);
});

test("whoever runs kauth gets the error, under the id that the client sees", () => {
  const incidents: Incident[] = [];
  const error = new KnownError("TUNNEL_LOST", CANARY);
  const to = { system: stillSystem().system, onIncident: (incident: Incident) => incidents.push(incident) };
  const { incident } = problemOf(error, { navigation: false, fate: "harmless" }, to);
  expect(incidents).toEqual([{ id: incident, error }]);
});

describe("the page and the answer for scripts", () => {
  const refused = (): never => {
    throw new KnownError("PORT_RESET", CANARY, { hint: CANARY });
  };
  test.each([
    ["a page", ["Sec-Fetch-Mode: navigate"]],
    ["a script", []],
  ] as const)(
    "%s says the code and its fixed sentences, and nothing else of the error",
    async (_name, headers) => {
      await using plane = dataPlane({ dial: refused });
      const { text } = await plane.ask(request("GET /", headers));
      expect(text).toContain("PORT_RESET");
      expect(text).toContain(escapeHtml(CODES.PORT_RESET.next).slice(0, 15));
      expect(text).not.toMatch(/canary|eyJ/);
    },
  );
});

describe("who gets a page and who a text", () => {
  const away = (): never => {
    throw new KnownError("POD_GONE", CANARY);
  };
  test.each([
    ["a navigation", ["Sec-Fetch-Mode: navigate"], 503],
    ["a frame's navigation", ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"], 503],
    ["a browser that says nothing but wants HTML", ["Accept: text/html,*/*"], 503],
    ["a script", ["Sec-Fetch-Mode: cors", "Accept: text/html"], 504],
    ["a program", ["Accept: */*"], 504],
    ["a program without Accept", [], 504],
  ] as const)("%s", async (_name, headers, status) => {
    await using plane = dataPlane({ dial: away });
    const client = await plane.ask(request("GET /", headers));
    expect(client.statuses).toEqual([status]);
    expect(client.text).toMatch(/\r\nRetry-After: 1\r\n/);
    expect(client.text).toMatch(/\r\nCache-Control: no-store\r\n/);
    if (status === 503) expect(client.text).toMatch(/<meta http-equiv="refresh"|\r\nRefresh:/i);
    else expect(client.text).toMatch(/\r\nContent-Type: application\/problem\+json\r\n/);
    expect(client.text).toContain("abababab");
    expect(client.text).not.toContain("canary");
  });

  test("nobody waits for a repetition that the dial has made already", async () => {
    const codes: ErrorCode[] = ["POD_GONE", "TUNNEL_LOST", "PORT_FAILED"];
    for (const code of codes) {
      let dials = 0;
      await using plane = dataPlane({
        dial: () => {
          dials += 1;
          throw new KnownError(code, CANARY);
        },
      });
      await plane.ask(request("GET /"));
      expect(dials).toBe(1);
    }
  });
});
