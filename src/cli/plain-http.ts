import type { System } from "../base/system.ts";
import type { ClientConfig } from "../kubeconfig/index.ts";
import { serverText } from "./identity.ts";

/** As client-go has it: what identifies a person never leaves this machine in the clear. */
export const isPlainHttp = ({ server }: ClientConfig): boolean => server.protocol === "http:";

/** Without it, whatever such a server answers looks like a missing right. */
export const warnOfPlainHttp = (system: System, config: ClientConfig): void => {
  if (isPlainHttp(config))
    system.log.warn(
      `Nothing that identifies you is sent to ${serverText(config)}: credentials go over https only. Whoever is seen there is not you`,
    );
};
