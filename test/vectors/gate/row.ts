/**
 * Raw requests for the gate, as data, so that the same rows run against the sources and against the compiled
 * binary. Classes: security.md R-B, R-C and §5.2.
 */
export interface GateRow {
  readonly name: string;
  readonly bytes: Buffer;
  /**
   * The statuses that are right, one of them; 0 stands for a connection that is closed without an answer.
   * Undefined: any, but what is answered 200 and what was let through must be equally many.
   */
  readonly statuses: readonly number[] | undefined;
}

export interface GateTarget {
  /** `NAME.localhost:PORT` */
  readonly host: string;
  readonly port: number;
  /** `name=value` of a live session. */
  readonly cookie: string;
  readonly apiToken: string;
}

export interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  /** Header lines. Undefined values take a line away. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Lines as they are, after the others. */
  readonly lines?: readonly string[];
  readonly body?: string;
}

export const latin = (text: string): Buffer => Buffer.from(text, "latin1");

export const requestsFor = (to: GateTarget): ((parts: Parts) => string) => {
  const good: Readonly<Record<string, string>> = {
    Host: to.host,
    Cookie: to.cookie,
    Origin: `http://${to.host}`,
    "Sec-Fetch-Site": "same-origin",
  };
  return (parts) => {
    const lines = Object.entries({ ...good, ...parts.headers })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}`);
    const start = `${parts.method ?? "GET"} ${parts.target ?? "/probe"} ${parts.version ?? "HTTP/1.1"}`;
    return [start, ...lines, ...(parts.lines ?? []), "", parts.body ?? ""].join("\r\n");
  };
};

export const BAD = [400] as const;
export const FORBIDDEN = [403] as const;
export const SIGNED_OUT = [401] as const;
export const PASSED = [200] as const;

export type Row = (name: string, statuses: GateRow["statuses"], parts: Parts) => GateRow;
