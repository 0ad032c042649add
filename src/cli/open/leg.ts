import type { Leg } from "../../proxy/index.ts";
import type { Preset } from "../../ui/index.ts";

/** What `--leg` says. */
export type LegWish = "auto" | Leg;

/** Headlamp's pages ask for the API by paths that kauth can answer itself; what others do in their pods is not known. */
export const legFor = (
  { leg, anonymous }: { readonly leg: LegWish; readonly anonymous: boolean },
  preset: Pick<Preset, "leg"> | undefined,
): Leg => {
  if (anonymous) return "pod";
  if (leg !== "auto") return leg;
  return preset?.leg ?? "pod";
};
