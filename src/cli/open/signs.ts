import type { Backend, TargetReference } from "../../route/index.ts";
import type { UiSigns } from "../../ui/index.ts";

/** By what a UI is told. */
export const signsOf = (
  { image, labels }: Pick<Backend, "image" | "labels">,
  { kind, name }: Pick<TargetReference, "kind" | "name">,
): UiSigns => ({ image, labels, service: kind === "service" ? name : undefined });
