import type { System } from "../../base/system.ts";
import { cleanLine } from "../output.ts";
import { MARKS, type Finding } from "./finding.ts";

/** Prints findings as they come; those that were not tried are told at the end. */
export const findingPrinter = ({ log }: Pick<System, "log">): ((finding: Finding) => void) => {
  let previous: Finding | undefined;
  return (finding) => {
    if (finding.state === "untried") return;
    for (const line of linesOf(finding, previous?.next)) log.out(line);
    previous = finding;
  };
};

/** What is to be done is said once for findings that follow each other. */
const linesOf = ({ state, subject, found, next }: Finding, said: string | undefined): readonly string[] => [
  `${MARKS[state]} ${subject.padEnd(15)}${cleanLine(found)}`,
  ...(next === undefined || next === said || state === "ok" || state === "none"
    ? []
    : [`${" ".repeat(17)}→ ${cleanLine(next)}`]),
];

/** In one line at the end. */
export const untriedLines = (findings: readonly Finding[]): readonly string[] => {
  const subjects = findings.filter(({ state }) => state === "untried").map(({ subject }) => subject);
  if (subjects.length === 0) return [];
  return [
    `${MARKS.untried} ${"not tried".padEnd(15)}${subjects.join(", ")}: something above has to work first`,
  ];
};
