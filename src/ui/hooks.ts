import type { SiteHooks } from "../proxy/index.ts";
import { dashboard2Hooks, dashboardHooks } from "./dashboard.ts";
import { headlampHooks } from "./headlamp.ts";
import type { KnownUi } from "./known-uis.ts";
import { kubernetesWatch } from "./watch.ts";

/**
 * What the proxy has to know of a UI. Watches are the same in all of them, known or not.
 * @param now monotonic milliseconds
 */
export function hooksFor(ui: KnownUi | undefined, now: () => number): SiteHooks {
  const common: SiteHooks = { resumable: kubernetesWatch };
  switch (ui?.kind) {
    case "headlamp":
      return { ...common, ...headlampHooks(now) };
    case "dashboard":
      return { ...common, ...dashboardHooks };
    case "dashboard-2":
      return { ...common, ...dashboard2Hooks };
    case undefined:
      return common;
  }
}
