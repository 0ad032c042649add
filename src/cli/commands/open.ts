import type { Command, OptionSpec } from "../command.ts";
import { OUTPUT } from "../output-option.ts";
import { KUBECTL_OPTIONS, PLUGIN_OPTIONS } from "../globals.ts";

/** The options of `kauth open` that are its own; kubectl's global ones come beside them. */
const OPEN_OPTIONS = {
  address: {
    type: "list",
    value: "IP:PORT",
    summary:
      "Loopback address to listen on; the first one that is free counts. Port 0 is any free port. " +
      "Default: ports 18000 and 28000 of 127.0.0.1 and ::1",
  },
  "skip-open-browser": { type: "boolean", summary: "Print the link instead of opening a browser" },
  origin: {
    type: "string",
    value: "MODE",
    choices: ["name", "ip"],
    default: "name",
    summary:
      "name: an origin of its own below *.localhost; ip: an IP address, for browsers that lack such names",
  },
  tunnel: {
    type: "string",
    value: "CARRIER",
    choices: ["auto", "spdy", "websocket"],
    default: "auto",
    summary: "How the port-forward reaches the API server",
  },
  anonymous: { type: "boolean", summary: "Open the UI without signing in: no header is added" },
  "send-token-to-pod": {
    type: "boolean",
    summary:
      "Send the token into the pod even though it is good beyond this cluster, or where only some functions of the UI " +
      "need it (with --leg direct: helm, port-forwards and the like)",
  },
  header: {
    type: "list",
    value: "NAME:VALUE",
    summary:
      "Add a header to each request for the UI, e.g. 'X-Forwarded-User: {{username}}'; {{username}}, {{groups}} and {{uid}} are what the API server says of you",
  },
  "service-account": {
    type: "string",
    value: "NAMESPACE/NAME",
    summary:
      "Sign in to the UI as this ServiceAccount, with tokens of ten minutes that you ask the API server for. " +
      "For credentials that hold no token, such as a client certificate",
  },
  leg: {
    type: "string",
    value: "LEG",
    choices: ["auto", "pod", "direct"],
    default: "auto",
    summary:
      "direct: what the UI asks of /clusters/main/… goes from here straight to the API server, whatever your credential " +
      "is, and the pod gets none; pod: the token goes into the pod; auto: direct for Headlamp",
  },
  "read-only": {
    type: "boolean",
    summary:
      "Let through only what reads: lists, watches, logs, reviews of oneself and dry runs. " +
      "No writes, terminals or forwarded ports, and nothing else that may change something",
  },
  confirm: { type: "boolean", summary: "Ask before anything is sent to the pod" },
  "preserve-origin": { type: "boolean", summary: "Keep the browser's Host and Origin towards the UI" },
  "upstream-ca": {
    type: "string",
    value: "FILE",
    summary: "PEM file to verify an HTTPS UI against. Default: accept its certificate and pin it",
  },
  "api-token-file": {
    type: "string",
    value: "FILE",
    summary: "Write a token for programs to a new file; they send it as X-Kauth-Token",
  },
  "no-session": {
    type: "boolean",
    summary: "Let every local program of yours in without a session. For CI only",
  },
  list: {
    type: "boolean",
    env: false,
    summary: "Open nothing: list the UIs that are found, and how each would be opened",
  },
  output: { ...OUTPUT, summary: "json: one event a line on stdout; with --list, one object" },
  "print-link": { type: "boolean", summary: "With --output json: the launch link is an event too" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export const openCommand: Command = {
  path: ["open"],
  summary: "Open a web UI of the cluster in the browser, signed in as you",
  operands: "[TARGET[@CONTEXT] …]",
  description: [
    "Finds a ready pod behind TARGET, forwards to it through the API server and opens it in the browser.",
    "Every request carries the token that your kubeconfig gives to kubectl. Only the browser that followed the",
    "one-time link gets in, and it stays open while pods, nodes and the API server come and go. TARGET is",
    "svc/NAME[:PORT], NAME[:PORT] (a Service), deploy/NAME[:PORT], sts/NAME[:PORT], rs/NAME[:PORT],",
    "pod/NAME[:PORT], or a URL such as https://NAME.NAMESPACE.svc/path or http://PODNAME. Without a Service, PORT",
    "may be left out when the pod declares exactly one TCP port. A NAME that is no Service of the namespace may be a UI",
    "that kauth knows, such as headlamp or dashboard: it is found by names and labels of Services, in your namespace,",
    "in those where people install it, and in all others if you may list them. Without TARGET kauth lists what it finds,",
    "and on a terminal lets you choose.",
    "Several targets, also of several contexts of the kubeconfig, are served by one process, each at an origin of its",
    "own. The browser then opens a page that lists them, and each is connected to when it is first opened.",
  ].join("\n"),
  examples: [
    { command: "kauth open", does: "Choose among the UIs that are found" },
    { command: "kauth open headlamp", does: "Open Headlamp, wherever it is" },
    { command: "kauth open svc/headlamp -n headlamp", does: "Open a Service of a namespace" },
    { command: "kauth open --list --output json", does: "List the UIs for a program" },
    {
      command: "kauth open https://kubernetes-dashboard-kong-proxy.kubernetes-dashboard.svc",
      does: "Open Dashboard",
    },
    {
      command: "kauth open svc/grafana svc/prometheus -n monitoring",
      does: "Open several, with a page to choose from",
    },
    {
      command: "kauth open svc/headlamp@staging svc/headlamp@production",
      does: "Open the same UI of two clusters",
    },
    {
      command: "kauth open kiali --service-account istio-system/viewer",
      does: "Sign in as a ServiceAccount, since a certificate is no token",
    },
    { command: "kauth open pod/web-0:8080 --skip-open-browser", does: "Print the link for a pod's port" },
    { command: "kauth open svc/headlamp -n headlamp --read-only", does: "Look, and change nothing" },
    {
      command: "kauth open svc/ui --output json --print-link --api-token-file token",
      does: "Drive it from a script",
    },
  ],
  options: { ...OPEN_OPTIONS, ...PLUGIN_OPTIONS, ...KUBECTL_OPTIONS },
  exit: {
    done: "Ended by Ctrl-C or SIGTERM, listed, or handed to a kauth that runs already.",
    failed: "The world failed: a missing right, a plugin, the network, a taken port.",
    refused: "Refused: bad input, or an unsafe set-up. Nothing was sent to a pod.",
  },
  lasting: true,
  load: async () => (await import("../open/run.ts")).runOpen,
};
