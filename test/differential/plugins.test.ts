import { PLUGIN_ROWS } from "./rows/plugins.ts";
import { tryRows } from "./table.ts";

tryRows("plugins", PLUGIN_ROWS);
