import { KUBERC_ROWS } from "./rows/kuberc.ts";
import { tryRows } from "./table.ts";

tryRows("kuberc", KUBERC_ROWS);
