import { FILE_ROWS } from "./rows/files.ts";
import { tryRows } from "./table.ts";

tryRows("files", FILE_ROWS);
