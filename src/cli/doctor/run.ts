import { KnownError } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import { parseTarget, type TargetReference } from "../../route/index.ts";
import type { Invocation } from "../command.ts";
import { structured, yamlDocuments } from "../output.ts";
import { wantsJson } from "../output-option.ts";
import { runChecks, type Check, type Report, type Scene } from "./check.ts";
import { CHECKS } from "./checks.ts";
import type { Finding } from "./finding.ts";
import { identityCheck } from "./identity.ts";
import { findingPrinter, untriedLines } from "./print.ts";
import { rightsFor } from "./rights.ts";
import { roleFor } from "./role.ts";

/** `kauth doctor`: 0 when all is well, 1 when something is not. */
export async function runDoctor(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  const target = targetOf(invocation);
  const asJson = wantsJson(options);
  const onlyRole = options.boolean("print-role");
  const printed = !asJson && !onlyRole;
  const tell = printed ? findingPrinter(system) : (): void => undefined;
  const report = await examine(invocation, onlyRole ? UP_TO_IDENTITY : CHECKS, { target, tell });
  if (printed) for (const line of untriedLines(report.findings)) system.log.out(line);
  const role = roleOf(report, target);
  if (onlyRole) return await printRole(system, report, role);
  const ok = report.findings.every(({ state }) => state !== "bad");
  const lacking = (report.learned.missing?.size ?? 0) > 0;
  if (asJson)
    system.log.out(await structured({ ok, findings: report.findings, ...(lacking ? { role } : {}) }, "json"));
  else if (role !== undefined && report.findings.some(isNeeded))
    system.log.out(
      ["", "# The Role that kauth open needs here, for an administrator:", await yamlDocuments(role)].join(
        "\n",
      ),
    );
  return ok ? 0 : 1;
}

const targetOf = ({ positionals }: Invocation): TargetReference | undefined => {
  const [target, ...more] = positionals;
  if (more.length > 0)
    throw new KnownError(
      "USAGE",
      `Cannot look at ${positionals.length} targets at once: "${positionals.join(" ")}"`,
      { hint: "Name one target, e.g. kauth doctor svc/headlamp -n headlamp" },
    );
  return target === undefined ? undefined : parseTarget(target);
};

/** A Role is for somebody; nothing else has to be known for it. */
const UP_TO_IDENTITY = CHECKS.slice(0, CHECKS.indexOf(identityCheck) + 1);

const examine = async (
  invocation: Invocation,
  checks: readonly Check[],
  { target, tell }: Pick<Scene, "target"> & { readonly tell: (finding: Finding) => void },
): Promise<Report> => {
  const owned: AsyncDisposable[] = [];
  const scene: Scene = {
    invocation,
    system: invocation.system,
    signal: invocation.signal,
    target,
    own: (resource) => {
      owned.push(resource);
      return resource;
    },
  };
  try {
    return await runChecks(checks, scene, tell);
  } finally {
    for (const each of owned.toReversed()) await each[Symbol.asyncDispose]();
  }
};

/** A right that is missing, without which nothing works. */
const isNeeded = ({ id, state }: Finding): boolean => id.startsWith("rights/") && state === "bad";

type Role = ReturnType<typeof roleFor>;

/** Undefined where nobody knows for whom. */
const roleOf = ({ learned }: Report, target: TargetReference | undefined): Role | undefined => {
  const { person, namespace } = learned;
  if (person === undefined || namespace === undefined) return undefined;
  return roleFor(person.username, namespace, rightsFor(target?.kind));
};

/** @throws {KnownError} IDENTITY_UNKNOWN */
const printRole = async (system: System, report: Report, role: Role | undefined): Promise<number> => {
  if (role === undefined) {
    const first = report.findings.find(({ state }) => state === "bad");
    throw new KnownError(
      "IDENTITY_UNKNOWN",
      `Cannot print a Role: the cluster does not say who it is for${first === undefined ? "" : `: ${first.found}`}`,
      first?.next === undefined ? {} : { hint: first.next },
    );
  }
  system.log.out(await yamlDocuments(role));
  return 0;
};
