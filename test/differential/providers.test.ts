import { PROVIDER_ROWS } from "./rows/providers.ts";
import { tryRows } from "./table.ts";

tryRows("providers", PROVIDER_ROWS);
