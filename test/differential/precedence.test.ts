import { PRECEDENCE_ROWS } from "./rows/precedence.ts";
import { tryRows } from "./table.ts";

tryRows("precedence", PRECEDENCE_ROWS);
