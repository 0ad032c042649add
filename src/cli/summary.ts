import { messageOf } from "../base/errors.ts";
import type { System } from "../base/system.ts";
import { escapeLine } from "../base/terminal.ts";
import { loadKubeconfig } from "../kubeconfig/index.ts";
import { VERSION } from "../base/version.ts";

/** Bare `kauth`: what it is, in a dozen lines, and what it finds here. Nothing is dialled. */
export async function printSummary(system: System): Promise<number> {
  const found: string[] = [];
  try {
    const kubeconfig = await loadKubeconfig(system);
    const current = kubeconfig.currentContext;
    const files = await Promise.all(
      kubeconfig.sources.map(async (path) => {
        const there = (await system.files.facts(path)) !== undefined;
        return `${escapeLine(path)}${there ? "" : " (not there)"}`;
      }),
    );
    found.push(`  kubeconfig  ${files.join(", ")}`);
    found.push(
      kubeconfig.contexts.size === 0
        ? "  context     none: set KUBECONFIG, or see it work with kauth demo"
        : `  context     ${current === undefined ? "none chosen" : escapeLine(current)} (of ${kubeconfig.contexts.size})`,
    );
  } catch (error) {
    found.push(`  kubeconfig  cannot be read: ${escapeLine(messageOf(error))}`);
  }
  system.log.out(
    [
      `kauth ${VERSION}: web UIs in Kubernetes, signed in as you`,
      "",
      "  kauth open headlamp                   open a UI in the browser, wherever it is",
      "  kauth open                            choose among the UIs that are found",
      "  kauth demo                            see it work with no cluster",
      "  kauth oidc --help                     sign kubectl in with OpenID Connect",
      "  kauth iam --help                      sign kubectl in with AWS IAM",
      "  kauth --help                          every command",
      "",
      "Here:",
      ...found,
    ].join("\n"),
  );
  return 0;
}
