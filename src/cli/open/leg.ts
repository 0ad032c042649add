import type { ServiceAccountName } from "../../api/index.ts";
import type { Leg } from "../../proxy/index.ts";
import type { Preset } from "../../ui/index.ts";

/** What `--leg` says. */
export type LegWish = "auto" | Leg;

/** Headlamp's pages ask for the API by paths that kauth can answer itself; what others do in their pods is not known. */
export const legFor = (
  settings: {
    readonly leg: LegWish;
    readonly anonymous: boolean;
    readonly serviceAccount?: ServiceAccountName | undefined;
  },
  preset: Pick<Preset, "leg"> | undefined,
): Leg => {
  const { leg, anonymous, serviceAccount } = settings;
  // Whoever says what goes into the pod means that way.
  if (anonymous || serviceAccount !== undefined) return "pod";
  if (leg !== "auto") return leg;
  return preset?.leg ?? "pod";
};
