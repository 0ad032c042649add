import { OVERRIDE_ROWS } from "./rows/overrides.ts";
import { tryRows } from "./table.ts";

tryRows("overrides", OVERRIDE_ROWS);
