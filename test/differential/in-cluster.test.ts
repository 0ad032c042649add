import { IN_CLUSTER_ROWS } from "./rows/in-cluster.ts";
import { tryRows } from "./table.ts";

tryRows("in-cluster", IN_CLUSTER_ROWS);
