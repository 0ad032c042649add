import { sessionRows, siteRows, upgradeRows } from "./gate/callers.ts";
import { framingRows } from "./gate/framing.ts";
import { headerRows, hostRows, startLineRows } from "./gate/names.ts";
import { latin, requestsFor, type GateRow, type GateTarget, type Parts } from "./gate/row.ts";

export type { GateRow, GateTarget };

/** Every raw request that the gate is tried with. */
export const gateCorpus = (to: GateTarget): readonly GateRow[] => {
  const request = requestsFor(to);
  const row = (name: string, statuses: GateRow["statuses"], parts: Parts): GateRow => ({
    name,
    bytes: latin(request(parts)),
    statuses,
  });
  return [
    ...hostRows(to, row),
    ...startLineRows(to, row),
    ...headerRows(to, row),
    ...siteRows(to, row),
    ...sessionRows(to, row),
    ...upgradeRows(to, row),
    ...framingRows(to, row, request),
  ];
};

/** Rows that wait for a time-out of the server; run them apart. */
export const isSlow = (row: GateRow): boolean => row.statuses?.length === 0;

