import { expect, test } from "vitest";
import { recorded } from "../../../test/recorded.ts";
import { KnownError } from "../../base/errors.ts";
import { millis } from "../../base/units.ts";
import { incidentReports } from "./incidents.ts";
import { reportTo } from "./report.ts";

const REFUSED = new KnownError("PORT_REFUSED", "nothing listens there");

test("once for each code, then once in 30 s with the number of the others", async () => {
  await using under = await recorded();
  let now = 0;
  const system = { ...under.system(), monotonic: () => millis(now) };
  const tell = incidentReports(system, reportTo(system, { output: "text", printLink: false }));
  tell({ id: "1", error: REFUSED });
  tell({ id: "2", error: REFUSED });
  tell({ id: "3", error: new KnownError("UPSTREAM_CUT", "cut") });
  now = 30_000;
  tell({ id: "4", error: REFUSED });
  expect(under.err).toEqual([
    "Incident 1: nothing listens there [PORT_REFUSED]",
    REFUSED.hint,
    "Incident 3: cut [UPSTREAM_CUT]",
    new KnownError("UPSTREAM_CUT", "").hint,
    "Incident 4: nothing listens there [PORT_REFUSED], and 1 more for the same reason",
    REFUSED.hint,
  ]);
});

test("level 1 has all, and what a browser gave up is nothing to read", async () => {
  await using under = await recorded();
  const tell = incidentReports(
    under.system(1),
    reportTo(under.system(1), { output: "text", printLink: false }),
  );
  tell({ id: "1", error: REFUSED });
  under.err.length = 0;
  tell({ id: "2", error: REFUSED });
  tell({ id: "3", error: new KnownError("CLIENT_GONE", "gone") });
  expect(under.err).toEqual([
    "Incident 2: nothing listens there [PORT_REFUSED]",
    "Incident 3: gone [CLIENT_GONE]",
  ]);
});

test("remote text is one line without controls, and holds no secret in JSON either", async () => {
  await using under = await recorded();
  const system = under.system();
  const error = new KnownError("PORT_FAILED", "gone\u001B]0;x\u0007\nIncident 1: Bearer canary");
  for (const output of ["text", "json"] as const)
    incidentReports(system, reportTo(system, { output, printLink: false }))({ id: "1", error });
  expect(under.err).toHaveLength(2);
  expect(under.err.join("")).not.toMatch(/[\u001b\u0007]|canary/);
  expect(JSON.parse(under.out.join(""))).toMatchObject({
    event: "incident",
    incident: "1",
    code: "PORT_FAILED",
  });
  expect(under.out.join("")).not.toContain("canary");
});

test("level 1 has the causes under the id that is on the page, however they hang together", async () => {
  const root = new Error("read ECONNRESET\n\u001B[2J Bearer canary");
  const error = new KnownError("TUNNEL_LOST", "lost", {
    cause: new Error("the stream ended", { cause: root }),
  });
  for (const level of [0, 1]) {
    await using under = await recorded();
    const system = under.system(level);
    incidentReports(system, reportTo(system, { output: "text", printLink: false }))({ id: "7", error });
    const causes = under.err.slice(2);
    expect(causes).toHaveLength(level * 2);
    expect(causes.every((line) => line.startsWith("Incident 7, because: "))).toBe(true);
    expect(under.err.join("")).not.toMatch(/\u001b|canary/);
    if (level === 1) expect(causes[1]).toContain("read ECONNRESET");
  }
  root.cause = root;
  await using under = await recorded();
  incidentReports(under.system(1), { emit: () => undefined })({ id: "8", error });
  expect(under.err.length).toBeLessThan(20);
});
