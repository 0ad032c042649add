import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../base/codes.ts";
import { KnownError } from "../../base/errors.ts";
import { troubleOf } from "../../proxy/index.ts";
import type { OpenEvent } from "./report.ts";
import { targetStates, type TargetStates } from "./states.ts";

const CODES: readonly ErrorCode[] = [
  "NO_READY_POD",
  "SERVICE_WITHOUT_PODS",
  "FORBIDDEN",
  "TUNNEL_FORBIDDEN",
  "CONNECTION_REFUSED",
  "CONNECTION_TIMEOUT",
  "POD_GONE",
  "EXEC_FAILED",
  "PORT_REFUSED",
];

type Step =
  | { readonly kind: "up" | "switched" | "down" | "well" | "running" | "failed" }
  | { readonly kind: "trouble"; readonly code: ErrorCode };

type StateEvent = OpenEvent & { readonly event: "state" };

const listen = (): { readonly states: TargetStates; readonly told: StateEvent[] } => {
  const told: StateEvent[] = [];
  const states = targetStates({ emit: (event) => void (event.event === "state" && told.push(event)) });
  return { states, told };
};

const take = (states: TargetStates, step: Step): void => {
  if (step.kind === "trouble") states.trouble(new KnownError(step.code, "No way"));
  else if (step.kind === "well" || step.kind === "running") states.signIn({ kind: step.kind });
  else if (step.kind === "failed")
    states.signIn({ kind: "failed", error: new KnownError("EXEC_FAILED", "x"), retryAt: undefined });
  else states.change({ kind: step.kind, backend: undefined, reason: undefined });
};

const after = (...steps: readonly Step[]): readonly string[] => {
  const { states, told } = listen();
  for (const step of steps) take(states, step);
  return told.map(({ state }) => state);
};

const trouble = (code: ErrorCode): Step => ({ kind: "trouble", code });

describe("the states of a target", () => {
  test.each([
    { name: "a start", steps: [{ kind: "up" }], told: [] },
    {
      name: "a pod that is replaced",
      steps: [{ kind: "up" }, { kind: "down" }, trouble("POD_GONE"), { kind: "switched" }],
      told: ["restarting", "up"],
    },
    {
      name: "a Service without a ready pod, whoever asks",
      steps: [{ kind: "up" }, { kind: "down" }, ...Array.from({ length: 9 }, () => trouble("NO_READY_POD"))],
      told: ["restarting", "no-ready-pod"],
    },
    {
      name: "an API server that goes, and comes back without a role",
      steps: [
        { kind: "up" },
        { kind: "down" },
        trouble("CONNECTION_REFUSED"),
        trouble("CONNECTION_TIMEOUT"),
        trouble("FORBIDDEN"),
        { kind: "up" },
      ],
      told: ["restarting", "unreachable", "denied", "up"],
    },
    {
      name: "a sign-in that ends while the pod goes",
      steps: [
        { kind: "up" },
        { kind: "failed" },
        { kind: "down" },
        trouble("NO_READY_POD"),
        { kind: "running" },
        { kind: "well" },
        { kind: "up" },
      ],
      told: ["sign-in", "no-ready-pod", "up"],
    },
    {
      name: "a sign-in that fails twice and then works",
      steps: [{ kind: "up" }, { kind: "failed" }, { kind: "running" }, { kind: "failed" }, { kind: "well" }],
      told: ["sign-in", "up"],
    },
  ] as const)("$name", ({ steps, told }) => {
    const [first, second, ...rest] = after(...(steps as readonly Step[]));
    expect([first, second]).toEqual(["starting", "up"]);
    expect(rest).toEqual(told);
  });

  test("what ends the command before anything was up is told by the command alone", () => {
    expect(after(trouble("FORBIDDEN"))).toEqual(["starting"]);
  });

  test("have the code, the next step and the missing right, and no secret", () => {
    const { states, told } = listen();
    take(states, { kind: "up" });
    const right = { verb: "create", resource: "pods/portforward", namespace: "apps" };
    states.trouble(
      new KnownError("TUNNEL_FORBIDDEN", "Refused with Bearer canary-canary-canary", {
        right,
        hint: "Ask for the right.",
      }),
    );
    expect(told.at(-1)).toMatchObject({
      state: "denied",
      code: "TUNNEL_FORBIDDEN",
      next: "Ask for the right.",
      right,
    });
    expect(JSON.stringify(told)).not.toContain("canary");
  });

  test("are told once for each change, and the last one told is the one that holds", () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.constantFrom("up", "switched", "down", "well", "running", "failed").map((kind) => ({ kind })),
      fc.constantFrom(...CODES).map((code): Step => ({ kind: "trouble", code })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const told = after({ kind: "up" }, ...steps);
        for (const [index, state] of told.entries()) expect(state).not.toBe(told[index - 1]);
        const login = steps.findLast(({ kind }) => ["well", "running", "failed"].includes(kind));
        const way = steps.findLast(({ kind }) => ["up", "switched", "down", "trouble"].includes(kind));
        const ofWay =
          way?.kind === "trouble" ? troubleOf(way.code) : way?.kind === "down" ? "restarting" : "up";
        expect(told.at(-1)).toBe(login === undefined || login.kind === "well" ? ofWay : "sign-in");
      }),
    );
  });
});
