import type { ApiRequest, Connection } from "../src/api/index.ts";

/** What an API server in memory does; the rest of a connection fails the test. */
export const memoryConnection = (parts: Partial<Connection>): Connection => ({
  server: "https://in-memory",
  request: (request: ApiRequest) => Promise.reject(new Error(`not expected: ${request.path}`)),
  stream: () => {
    throw new Error("no watch is expected");
  },
  upgrade: () => Promise.reject(new Error("no upgrade is expected")),
  [Symbol.asyncDispose]: () => Promise.resolve(),
  ...parts,
});
