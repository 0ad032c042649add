import { appendFileSync, readFileSync } from "node:fs";
import { request as ask, type IncomingHttpHeaders } from "node:http";
import { request as askSecurely } from "node:https";

/**
 * A browser as a program, for `--browser-command`: it follows redirects with a cookie jar and fills in oidc-provider's
 * forms. Arguments: the settings' file, then what the command under test gave.
 */

export interface BrowserSettings {
  /** One JSON line for each page that was got. */
  readonly log: string;
  /** Who signs in. */
  readonly login: string;
  /** PEM files that are trusted. */
  readonly ca: readonly string[];
  /** `cancel`: declines. `nothing`: looks at no page. `hang`: neither, and does not end. Default: signs in. */
  readonly mode?: "sign-in" | "cancel" | "nothing" | "hang";
  /** Requests with forged answers to where the provider would send the browser, before the true one. */
  readonly forged?: string[];
  /** Pages that begin so are not got: what would be asked is noted, and that is all. */
  readonly stop?: string;
  /** Exit status. Default 0. */
  readonly status?: number;
}

export interface PageSeen {
  readonly event: "opened" | "page" | "stopped" | "error";
  readonly url: string;
  /** Of the browser's process. */
  readonly pid?: number;
  readonly status?: number;
  readonly headers?: IncomingHttpHeaders;
  readonly body?: string;
}

interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** More pages than any sign-in has. */
const MOST = 24;

const get = async (url: URL, form: URLSearchParams | undefined, cookie: string, ca: string): Promise<Page> =>
  await new Promise((resolve, reject) => {
    const body = form?.toString();
    const options = {
      method: form === undefined ? "GET" : "POST",
      agent: false,
      headers: {
        Accept: "text/html",
        ...(cookie === "" ? {} : { Cookie: cookie }),
        ...(body === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
      },
    } as const;
    const onward = (url.protocol === "https:" ? askSecurely : ask)(
      url,
      { ...options, ...(ca === "" ? {} : { ca }) },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.once("error", reject);
        answer.once("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(parts).toString(),
          }),
        );
      },
    );
    onward.once("error", reject);
    onward.end(body);
  });

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll("&amp;", "&");

/** The page's form, filled in; undefined: it has none. */
const fill = (page: string, base: URL, login: string): { url: URL; form: URLSearchParams } | undefined => {
  const found = /<form\b[^>]*>/.exec(page);
  if (found === null) return undefined;
  const form = new URLSearchParams();
  const inside = page.slice(found.index).split("</form>")[0] ?? "";
  for (const [tag] of inside.matchAll(/<input\b[^>]*>/g)) {
    const name = attribute(tag, "name");
    if (name === undefined) continue;
    const typed = name === "login" ? login : name === "password" ? "any" : undefined;
    form.set(name, typed ?? attribute(tag, "value") ?? "");
  }
  return { url: new URL(attribute(found[0], "action") ?? "", base), form };
};

export async function browse(first: string, settings: BrowserSettings): Promise<void> {
  const note = (seen: PageSeen): void => appendFileSync(settings.log, `${JSON.stringify(seen)}\n`);
  const ca = settings.ca.map((path) => readFileSync(path, "utf8")).join("\n");
  const jars = new Map<string, Map<string, string>>();
  const visit = async (url: URL, form?: URLSearchParams): Promise<Page> => {
    const jar = jars.get(url.host) ?? new Map<string, string>();
    jars.set(url.host, jar);
    const page = await get(url, form, [...jar].map((pair) => pair.join("=")).join("; "), ca);
    for (const line of page.headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    note({
      event: "page",
      url: url.href,
      status: page.status,
      headers: page.headers,
      body: page.body.slice(0, 20_000),
    });
    return page;
  };
  let url = new URL(first);
  const home = url.host;
  let redirect = url.searchParams.get("redirect_uri") ?? undefined;
  let form: URLSearchParams | undefined;
  for (let turn = 0; turn < MOST; turn++) {
    redirect = url.searchParams.get("redirect_uri") ?? redirect;
    // Forged answers come first: from here on the next page is the program's own.
    if (
      redirect !== undefined &&
      settings.forged !== undefined &&
      url.host === new URL(redirect).host &&
      url.search !== ""
    )
      for (const query of settings.forged.splice(0)) await visit(new URL(`${redirect}${query}`));
    if (settings.stop !== undefined && url.href.startsWith(settings.stop)) {
      note({ event: "stopped", url: url.href });
      return;
    }
    const page = await visit(url, form);
    form = undefined;
    const { location } = page.headers;
    if (page.status >= 300 && page.status < 400 && location !== undefined) {
      url = new URL(location, url);
      continue;
    }
    const abort = /href="([^"]*\/abort)"/.exec(page.body)?.[1];
    if (settings.mode === "cancel" && abort !== undefined) {
      url = new URL(abort, url);
      continue;
    }
    const next = page.status < 400 ? fill(page.body, url, settings.login) : undefined;
    if (next === undefined) return;
    if (settings.mode === "cancel" && next.form.has("confirm")) {
      next.form.delete("confirm");
      next.form.set("abort", "yes");
    }
    ({ url, form } = next);
  }
  note({ event: "error", url: home, body: "too many pages" });
}

const main = async (): Promise<void> => {
  const [, , file = "", ...given] = process.argv;
  const settings = JSON.parse(readFileSync(file, "utf8")) as BrowserSettings;
  appendFileSync(
    settings.log,
    `${JSON.stringify({ event: "opened", url: given.join(" "), pid: process.pid })}\n`,
  );
  // What a browser says must never get into the command's own output.
  process.stdout.write("a browser says hello\n");
  process.exitCode = settings.status ?? 0;
  if (settings.mode === "nothing") return;
  if (settings.mode === "hang") {
    setInterval(() => undefined, 60_000);
    return;
  }
  try {
    await browse(given[0] ?? "", { ...settings, forged: [...(settings.forged ?? [])] });
  } catch (error) {
    appendFileSync(settings.log, `${JSON.stringify({ event: "error", url: "", body: String(error) })}\n`);
  }
};

if (process.argv[1] === import.meta.filename) await main();
