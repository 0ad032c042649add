import { VERSION } from "../../base/version.ts";
import type { Command } from "../command.ts";
import { refuseOperands } from "../options.ts";

export const versionCommand: Command = {
  path: ["version"],
  summary: "Print the version",
  operands: "",
  description: "Prints the version of kauth and of what runs it.",
  examples: [{ command: "kauth version", does: "Print it" }],
  options: {},
  load: () =>
    Promise.resolve((invocation) => {
      const { system } = invocation;
      refuseOperands(invocation, "print the version");
      system.log.out(`kauth ${VERSION} (${system.platform}, ${system.runtime})`);
      return Promise.resolve(0);
    }),
};
