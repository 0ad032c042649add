import type { System } from "../../base/system.ts";
import type { ClientConfig } from "../../kubeconfig/index.ts";
import { targetText, type TargetReference } from "../../route/index.ts";
import type { UserPreset } from "../../ui/index.ts";
import { digestOf, lasting } from "./config-facts.ts";
import type { OpenSettings } from "./settings.ts";

/** Whether somebody wants what only a kauth of their own can give: a token file, or to be asked first. */
export const wantsOwn = (settings: OpenSettings): boolean =>
  settings.apiTokenFile !== undefined || settings.confirm;

/** What changes nothing about the pages themselves. All else does, also what is not invented yet. */
type Apart =
  | "targets"
  | "addresses"
  | "openBrowser"
  | "output"
  | "printLink"
  | "plugins"
  | "apiTokenFile"
  | "confirm";

const APART: Readonly<Record<Apart, true>> = {
  targets: true,
  addresses: true,
  openBrowser: true,
  output: true,
  printLink: true,
  plugins: true,
  apiTokenFile: true,
  confirm: true,
};

/**
 * By these the plugins of clouds and gateways tell who somebody is, `AWS_PROFILE` first of all. Another
 * person's pages must not be opened because the kubeconfig is the same.
 */
const OF_PLUGINS =
  /^(?:AWS|AZURE|AAD|ARM|MSI|GOOGLE|CLOUDSDK|OCI|ALIBABA|ALIBABACLOUD|IBMCLOUD|DIGITALOCEAN|OS|TELEPORT|TSH|VAULT|OKTA|SAML2AWS|KUBELOGIN)_/;

/**
 * One hash a target: the same for the same page of the same cluster by the same entry of the same kubeconfig, opened in
 * the same way. Two kubeconfigs may call two people by one name, and `--read-only` must not lead to pages that are not.
 */
export const targetKeys = (
  wishes: readonly { readonly config: ClientConfig; readonly reference: TargetReference }[],
  settings: OpenSettings,
  /** Of the configuration. */
  presets: readonly UserPreset[] = [],
  env: System["env"] = {},
): readonly string[] => {
  const how = Object.entries(settings).filter(([key]) => !Object.hasOwn(APART, key));
  return wishes.map(({ config, reference }) =>
    digestOf([
      Object.fromEntries(how),
      presets,
      // Of its namespace counts what is left for the target, however that was said.
      { ...config, namespace: undefined, user: lasting(config.user), userOriginFacts: undefined },
      targetText(reference),
      reference.namespace ?? config.namespace,
      reference.port ?? "",
      reference.path,
      config.user.exec === undefined
        ? {}
        : Object.fromEntries(Object.entries(env).filter(([name]) => OF_PLUGINS.test(name))),
    ]),
  );
};
