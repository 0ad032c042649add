import type { Backend, Scheme, TargetReference } from "../../route/index.ts";
import { schemeOf, type Preset, type UserPreset } from "../../ui/index.ts";

/**
 * What a UI speaks. A URL of the person's own says it, then their own preset, then the port of the Service or the pod,
 * and last what is known about that UI.
 */
export const spokenBy = (
  backend: Pick<Backend, "scheme" | "schemeKnown" | "labels">,
  reference: Pick<TargetReference, "scheme">,
  preset: Preset | undefined,
  presets: readonly UserPreset[],
): Scheme => {
  const own = presets.find(({ id }) => id === preset?.id)?.scheme;
  if (reference.scheme !== undefined) return reference.scheme;
  if (own !== undefined) return own;
  return backend.schemeKnown || preset === undefined ? backend.scheme : schemeOf(preset, backend.labels);
};
