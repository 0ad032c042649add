import type { Command } from "../command.ts";

export const demoCommand: Command = {
  path: ["demo"],
  summary: "See it work, with no cluster",
  operands: "",
  description: [
    "Starts a small cluster inside this process, with an API server, pods, a web UI and a credential plugin for a",
    "made-up person, and opens the UI exactly as kauth open does. Nothing outside this machine is touched.",
  ].join("\n"),
  examples: [
    { command: "kauth demo", does: "Open the demo until Ctrl-C" },
    { command: "kauth demo --once", does: "Fetch the page once and say who the UI thinks you are" },
  ],
  options: {
    once: {
      type: "boolean",
      summary: "Fetch the page through gate and proxy, print the name that the UI saw, end",
    },
    plugin: { type: "string", value: "COMMAND", summary: "Use another credential plugin, to see it fail" },
    "skip-open-browser": { type: "boolean", summary: "Print the link instead of opening a browser" },
    address: {
      type: "list",
      value: "IP:PORT",
      summary: "Loopback address to listen on. Default: any free port of 127.0.0.1",
    },
    tunnel: {
      type: "string",
      value: "CARRIER",
      choices: ["auto", "spdy", "websocket"],
      default: "auto",
      summary: "How the port-forward reaches the API server",
    },
  },
  exit: {
    done: "Ended by Ctrl-C or SIGTERM.",
    failed: "The world failed, as by a taken port.",
    refused: "Refused: bad input, or an unsafe set-up.",
  },
  lasting: true,
  load: async () => (await import("../demo/run.ts")).runDemo,
};
