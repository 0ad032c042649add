import { VERSION } from "../../base/version.ts";
import type { Command } from "../command.ts";
import { dropInOf } from "../drop-ins.ts";
import { refuseOperands } from "../options.ts";

export const versionCommand: Command = {
  path: ["version"],
  summary: "Print the version",
  operands: "",
  description: "Prints the version of kauth and of what runs it.",
  examples: [{ command: "kauth version", does: "Print it" }],
  options: {},
  exit: {
    done: "It was printed.",
    failed: "It could not be.",
    refused: "A mistake in the command line.",
  },
  load: () =>
    Promise.resolve((invocation) => {
      const { system, program } = invocation;
      refuseOperands(invocation, "print the version");
      const dropIn = dropInOf(program);
      const line = `${dropIn?.version ?? "kauth"} ${VERSION} (${system.platform}, ${system.runtime})`;
      // kubelogin's goes through its logger (oidc.md §1.1).
      if (dropIn?.under[0] === "oidc") system.log.say(line);
      else system.log.out(line);
      return Promise.resolve(0);
    }),
};
