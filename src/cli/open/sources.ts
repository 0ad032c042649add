import type { System } from "../../base/system.ts";
import { credentialSource, type CredentialSource, type ExecOptions } from "../../credentials/index.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";

/** One source for each configuration: what finds a UI and what opens it run a plugin once. */
export interface Sources {
  /** @throws {KnownError} CLIENT_CONFIG_INVALID */
  of(config: ClientConfig): CredentialSource;
  /** Pages are served from now on: nobody watches this terminal for a question (security.md R-N18). */
  serve(): void;
}

export function credentialSources(system: System, { plugins }: { readonly plugins: ExecOptions }): Sources {
  const known = new Map<ClientConfig, CredentialSource>();
  let serving = false;
  const options: ExecOptions = {
    ...plugins,
    interactive: () => !serving && system.stdinIsTerminal,
    unavailable: "pages are served, and nobody watches this terminal",
  };
  return {
    of: (config) => {
      const source = known.get(config) ?? credentialSource(config, system, options);
      known.set(config, source);
      return source;
    },
    serve: () => {
      serving = true;
    },
  };
}
