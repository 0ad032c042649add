import { VERSION } from "../../base/version.ts";
import type { Invocation } from "../command.ts";
import { refuseOperands } from "../options.ts";

/** `kauth iam version`, in the form of iam.md §1.10. */
export function runIamVersion(invocation: Invocation): Promise<number> {
  const { system, options } = invocation;
  refuseOperands(invocation, "print the version");
  const { log } = system;
  if (options.boolean("short")) log.out(VERSION);
  else if (options.string("output") === "yaml") log.out(`version: ${VERSION}\ncommit: ""`);
  else log.out(JSON.stringify({ Version: VERSION, Commit: "" }));
  return Promise.resolve(0);
}
