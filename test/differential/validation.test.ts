import { VALIDATION_ROWS } from "./rows/validation.ts";
import { tryRows } from "./table.ts";

tryRows("validation", VALIDATION_ROWS);
