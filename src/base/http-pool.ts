import { Agent, type AgentOptions } from "node:http";
import { openWay, type HttpPool, type KeptTls } from "./http.ts";
import type { System } from "./system.ts";
import { millis, type Millis } from "./units.ts";

export interface HttpPoolOptions {
  /** Connections to one server at once; who comes later waits for one of them. */
  readonly most: number;
  /** A connection that nothing was sent over for so long is closed. */
  readonly idle: Millis;
}

type Address = AgentOptions & { readonly host?: string; readonly port?: number | string };

/** To open a connection, whatever waits for it. */
const OPENING = millis(10_000);

/**
 * Connections for `sendHttp` that outlive a request, with one reading of the authorities, and one TLS session a server.
 * The most recently used one is taken first, so that those that are too many become idle and end.
 */
export function createHttpPool({ most, idle }: HttpPoolOptions, system: System): HttpPool {
  const servers = new Map<string, KeptTls>();
  const trust = {};
  const end = new AbortController();
  const agent = new Agent({
    keepAlive: true,
    maxSockets: most,
    maxFreeSockets: most,
    scheduling: "lifo",
    timeout: idle,
  });
  const createConnection: Agent["createConnection"] = ({ host, port }: Address, ready) => {
    const name = `${host}:${port}`;
    const kept = servers.get(name) ?? { trust, memory: {} };
    servers.set(name, kept);
    const signal = AbortSignal.any([end.signal, AbortSignal.timeout(OPENING)]);
    openWay({ method: "GET", url: new URL(`https://${name}/`), headers: [] }, system, signal, kept).then(
      ({ stream }) => ready?.(null, stream),
      (error: Error) => ready?.(error, undefined as never),
    );
    return undefined;
  };
  return {
    agent: Object.assign(agent, { createConnection }),
    [Symbol.dispose]: () => {
      end.abort(new Error("the pool is closed"));
      agent.destroy();
    },
  };
}
