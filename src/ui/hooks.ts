import type { AnsweredHead, AskedRequest, SiteHooks } from "../proxy/index.ts";
import { dashboard2Hooks, dashboardHooks } from "./dashboard.ts";
import { expiredCookies } from "./expired.ts";
import { headlampHooks } from "./headlamp.ts";
import { pathLike } from "./pattern.ts";
import type { Preset } from "./preset.ts";
import { kubernetesWatch } from "./watch.ts";

/**
 * What the proxy has to know of a UI. Watches are the same in all of them, known or not.
 * @param now monotonic milliseconds
 */
export function hooksFor(ui: Preset | undefined, now: () => number): SiteHooks {
  const common: SiteHooks = { resumable: kubernetesWatch };
  if (ui === undefined) return common;
  const own = ownHooks(ui, now);
  const hooks: SiteHooks = { ...common, refused: refusedBy(ui), ...own };
  // Each answer is asked about.
  if (ui.expire.length === 0) return hooks;
  return {
    ...hooks,
    added: (asked, head, session) => [
      ...expiredCookies(ui.expire, asked),
      ...(own.added?.(asked, head, session) ?? []),
    ],
  };
}

/** What no table says. */
const ownHooks = ({ id }: Preset, now: () => number): SiteHooks => {
  switch (id) {
    case "headlamp":
      return headlampHooks(now);
    case "dashboard":
      return dashboardHooks;
    case "dashboard-2":
      return dashboard2Hooks;
    default:
      return {};
  }
};

const refusedBy = ({ sends, refusals }: Preset): NonNullable<SiteHooks["refused"]> => {
  // It has got none that it could refuse.
  if (sends !== "bearer") return () => "no";
  const { never = [], perhaps = [] } = refusals;
  const silent = never.map(pathLike);
  const doubtful = perhaps.map(({ status, path }) => ({ status, fits: pathLike(path) }));
  return ({ target }: AskedRequest, { status }: AnsweredHead) => {
    const path = target.split("?", 1)[0] ?? "";
    if (silent.some((fits) => fits(path))) return "no";
    if (doubtful.some((each) => each.status === status && each.fits(path))) return "perhaps";
    return status === 401 ? "yes" : "no";
  };
};
