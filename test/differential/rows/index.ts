import type { Row } from "../row.ts";
import { FILE_ROWS } from "./files.ts";
import { IN_CLUSTER_ROWS } from "./in-cluster.ts";
import { KUBERC_ROWS } from "./kuberc.ts";
import { OVERRIDE_ROWS } from "./overrides.ts";
import { PLUGIN_ROWS } from "./plugins.ts";
import { PRECEDENCE_ROWS } from "./precedence.ts";
import { PROVIDER_ROWS } from "./providers.ts";
import { TRANSPORT_ROWS } from "./transport.ts";
import { VALIDATION_ROWS } from "./validation.ts";

/** Every table, by its name. */
export const TABLES: Readonly<Record<string, readonly Row[]>> = {
  files: FILE_ROWS,
  overrides: OVERRIDE_ROWS,
  precedence: PRECEDENCE_ROWS,
  validation: VALIDATION_ROWS,
  plugins: PLUGIN_ROWS,
  "in-cluster": IN_CLUSTER_ROWS,
  kuberc: KUBERC_ROWS,
  providers: PROVIDER_ROWS,
  transport: TRANSPORT_ROWS,
};
