import { presetOfService, PRESETS, type Preset } from "../../ui/index.ts";
import type { UiTable } from "./search.ts";

/** What can be found by a Service. Default: the presets that are built in. */
export const uiTable = (presets: readonly Preset[] = PRESETS): UiTable => ({
  // What is known by its image alone would have to be looked for in every pod.
  all: presets.filter(({ find }) => find.services.length + find.serviceLabels.length > 0),
  of: (service) => presetOfService(service, presets),
});
