import { STATUS_CODES, type ServerResponse } from "node:http";
import type { Admitted } from "../types.ts";
import type { ResponseHead } from "./response-parser.ts";
import { askedOf } from "./waiting.ts";
import type { Wire } from "./wire.ts";

/** Begins the answer to the client with what the upstream said, as far as the client is told of it. */
export function returnHead(
  head: ResponseHead,
  response: ServerResponse,
  admitted: Admitted,
  wire: Wire,
): void {
  const { headers, dated } = wire.returned(head, admitted);
  if (dated) response.sendDate = false;
  const added = wire.hooks?.added?.(askedOf(response.req, false), head, admitted.session);
  response.writeHead(
    head.status,
    STATUS_CODES[head.status] ?? "Unknown",
    added === undefined ? headers : [...headers, ...added.flat()],
  );
}
