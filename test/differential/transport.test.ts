import { TRANSPORT_ROWS } from "./rows/transport.ts";
import { tryRows } from "./table.ts";

tryRows("transport", TRANSPORT_ROWS);
