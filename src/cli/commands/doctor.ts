import type { Command } from "../command.ts";
import { OUTPUT } from "../output-option.ts";
import { KUBECTL_OPTIONS, PLUGIN_OPTIONS } from "../globals.ts";

export const doctorCommand: Command = {
  path: ["doctor"],
  summary: "Say what is wrong between kubeconfig and UI, and what to do",
  operands: "[TARGET]",
  description: [
    "Walks the whole way that kauth open goes, and prints a line for each step: the files, the context, the credential",
    "and its plugin, proxy, certificate and clock, the API server, who you are there, each right, and port-forwards by",
    "both carriers. With TARGET, written as for kauth open, it also asks the UI for a page, without your token and with",
    "it. ✓ is well, ✗ is wrong, ! may matter, – does not apply or could not be tried. No secret is printed.",
  ].join("\n"),
  examples: [
    { command: "kauth doctor", does: "Look at the current context" },
    { command: "kauth doctor svc/headlamp -n headlamp", does: "Look at the way to a UI, and at its answers" },
    {
      command: "kauth doctor -n apps --print-role | kubectl apply -f - --context admin",
      does: "Give yourself, as an administrator, what is missing",
    },
  ],
  options: {
    "print-role": {
      type: "boolean",
      summary: "Only print the Role and RoleBinding that kauth open needs in the namespace",
      env: false,
    },
    "send-token-to-pod": {
      type: "boolean",
      summary: "With TARGET: send the token even though it is good beyond this cluster",
    },
    output: OUTPUT,
    ...PLUGIN_OPTIONS,
    ...KUBECTL_OPTIONS,
  },
  survivesConfig: true,
  exit: {
    done: "Nothing is wrong.",
    failed: "Something is, whatever kauth open would end with.",
    refused: "A mistake in the command line or config.yaml.",
  },
  load: async () => (await import("../doctor/run.ts")).runDoctor,
};
