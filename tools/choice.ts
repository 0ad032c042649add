import { testDemo } from "../test/demo.ts";
import { onTerminal } from "../test/terminal.ts";

/** What a terminal shows of `kauth open`, for the documentation. */

const COLUMNS = 112;

const SHOWN = [
  ["headlamp", "headlamp", "headlamp", 80],
  ["kubernetes-dashboard", "kubernetes-dashboard-kong-proxy", "", 443],
  ["monitoring", "prometheus-grafana", "grafana", 80],
  ["istio-system", "kiali", "kiali", 20_001],
] as const;

/** The screen of a terminal, as a page. */
export async function choicePage(): Promise<string> {
  await using demo = await testDemo();
  for (const [namespace, name, ui, port] of SHOWN)
    demo.cluster.store.put("services", {
      apiVersion: "v1",
      kind: "Service",
      name,
      namespace,
      ...(ui === "" ? {} : { labels: { "app.kubernetes.io/name": ui } }),
      fields: { spec: { selector: { app: name }, ports: [{ port, protocol: "TCP" }] } },
    });
  await using terminal = await onTerminal(["open", "--kubeconfig", demo.kubeconfig], { columns: COLUMNS });
  await terminal.shows("Esc leaves");
  terminal.type("\u001b[B");
  await terminal.shows("Esc leaves");
  const screen = terminal.screen();
  terminal.type("\u0003");
  await terminal.ended;
  // Each drawing begins where the one before it was erased.
  const [, last = ""] = /.*\u001b\[J([^]*)$/s.exec(screen) ?? [];
  const text = last
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("\u001b[7m", "<b>")
    .replaceAll("\u001b[0m", "</b>")
    .replaceAll("\r", "");
  return `<!doctype html><title>kauth open</title><style>
  body { margin: 0; padding: 16px 20px; width: max-content; background: light-dark(#fff, #16181d); color: light-dark(#1d2026, #e4e6eb); color-scheme: light dark }
  pre { margin: 0; font: 14px/1.45 "DejaVu Sans Mono", monospace }
  b { font-weight: normal; background: light-dark(#1d2026, #e4e6eb); color: light-dark(#fff, #16181d) }
  </style><pre>$ kauth open\n${text}</pre>`;
}
