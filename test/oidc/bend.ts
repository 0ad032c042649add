import type { JWTPayload } from "jose";

/** A request as the provider's front door sees it. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly form: URLSearchParams;
  /** How many requests to this path came before. */
  readonly turn: number;
  /** When, in milliseconds; only differences mean something. */
  readonly time: number;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | AsyncIterable<Buffer>;
}

/** `silence`: the connection stays open and nothing comes. `cut`: it is reset. */
export type Reply = Answered | "silence" | "cut";

export interface Bending {
  readonly issuer: string;
  /** What the certified provider answers to this request. */
  readonly pass: () => Promise<Answered & { readonly body: string }>;
  readonly sign: (claims: JWTPayload, header?: Readonly<Record<string, unknown>>) => Promise<string>;
}

/** One way of being no good provider. */
export type Bend = (heard: Heard, bending: Bending) => Promise<Reply> | Reply;

export const DISCOVERY = "/.well-known/openid-configuration";

export const honest: Bend = async (_heard, { pass }) => await pass();

export const text = (status: number, body: string, type = "text/html"): Answered => ({
  status,
  headers: { "content-type": type },
  body,
});

export const json = (status: number, body: unknown): Answered =>
  text(status, JSON.stringify(body), "application/json");

/** Bends requests to one path; all others pass. */
export const at =
  (path: string, bend: Bend): Bend =>
  async (heard, bending) =>
    heard.path === path ? await bend(heard, bending) : await bending.pass();

type Fields = Record<string, unknown>;

/** Changes the JSON of a good answer; what is refused passes as it is. */
const changed =
  (change: (fields: Fields, heard: Heard, bending: Bending) => Fields | Promise<Fields>): Bend =>
  async (heard, bending) => {
    const answered = await bending.pass();
    if (answered.status !== 200) return answered;
    return {
      ...answered,
      body: JSON.stringify(await change(JSON.parse(answered.body) as Fields, heard, bending)),
    };
  };

export const metadata = (change: (fields: Fields, issuer: string) => Fields): Bend =>
  at(
    DISCOVERY,
    changed((fields, _heard, { issuer }) => change(fields, issuer)),
  );

export const tokens = (change: (fields: Fields, heard: Heard) => Fields): Bend =>
  at("/token", changed(change));

/** Tokens of refreshes only. */
export const refreshed = (change: (fields: Fields) => Fields): Bend =>
  tokens((fields, { form }) => (form.get("grant_type") === "refresh_token" ? change(fields) : fields));

export const claimsOf = (token: string): JWTPayload =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as JWTPayload;

/** Signs the ID token anew with other claims; undefined takes one out. */
export const claims = (
  change: (claims: JWTPayload, heard: Heard) => Fields,
  header: Readonly<Record<string, unknown>> = {},
): Bend =>
  at(
    "/token",
    changed(async (fields, heard, { sign }) => {
      const old = claimsOf(String(fields["id_token"]));
      return { ...fields, id_token: await sign({ ...old, ...change(old, heard) }, header) };
    }),
  );

/** Another ID token altogether. */
export const idToken = (make: (old: string, bending: Bending) => Promise<string> | string): Bend =>
  at(
    "/token",
    changed(async (fields, _heard, bending) => ({
      ...fields,
      id_token: await make(String(fields["id_token"]), bending),
    })),
  );

/** Changes where the browser is sent with the code. */
export const callback = (change: (location: URL) => URL | string): Bend => {
  return async (_heard, { pass, issuer }) => {
    const answered = await pass();
    const location = answered.headers["location"];
    if (typeof location !== "string" || !location.startsWith("http") || location.startsWith(issuer))
      return answered;
    return { ...answered, headers: { ...answered.headers, location: String(change(new URL(location))) } };
  };
};
