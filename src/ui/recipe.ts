import { KnownError, type ErrorCode } from "../base/errors.ts";
import { TOKEN, type RawHeaders } from "../base/headers.ts";
import type { Recipe } from "./preset.ts";

/** Who the API server says that the person is (SelfSubjectReview). */
export interface Person {
  readonly username: string;
  /** Empty where the cluster gives none. */
  readonly uid: string;
  readonly groups: readonly string[];
}

const PLACEHOLDERS = ["username", "groups", "uid"] as const;
type Placeholder = (typeof PLACEHOLDERS)[number];

const PLACEHOLDER = /\{\{ *([A-Za-z_.-]*) *\}\}/g;

/** Decided by kauth itself, by HTTP, or by the API server alone. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "accept-encoding",
  "authorization",
  "connection",
  "cookie",
  "cookie2",
  "date",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "max-forwards",
  "origin",
  "range",
  "referer",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-proto",
  "x-forwarded-server",
  "x-real-ip",
  "x-rewrite-url",
]);
const FORBIDDEN_PREFIXES = [
  "access-control-",
  "content-",
  "if-",
  "impersonate-",
  "proxy-",
  "sec-",
  "x-http-method",
  "x-kauth-",
  "x-original-",
];

/** Names and values are in each request. */
const NAME_MAX = 100;
const VALUE_MAX = 4_096;
const RECIPES_MAX = 32;

const refusal = (code: ErrorCode, name: string, why: string): KnownError =>
  new KnownError(code, `Cannot send the header ${JSON.stringify(name)}: ${why}`);

const checkName = (name: string, code: ErrorCode): void => {
  const plain = name.toLowerCase();
  if (!TOKEN.test(name)) throw refusal(code, name, "that is no name of a header");
  if (name.length > NAME_MAX) throw refusal(code, name, `its name is longer than ${NAME_MAX} characters`);
  // Many servers read it as "-", and then there are two of one name (security.md R-B4).
  if (name.includes("_")) throw refusal(code, name, 'a name with "_" can be read as another');
  if (FORBIDDEN.has(plain) || FORBIDDEN_PREFIXES.some((prefix) => plain.startsWith(prefix)))
    throw refusal(code, name, "kauth, HTTP or the API server decides it");
};

const isPlaceholder = (word: string): word is Placeholder => PLACEHOLDERS.some((each) => each === word);

/** Visible characters of Latin-1 with spaces between them; what else there is, somebody reads as something else. */
const SENDABLE = /^(?:[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa1-\xff])?)?$/;

/** Bytes of Latin-1 that are other characters to whoever reads UTF-8: "Ã©" would sign in whoever is called "é". */
const ALSO_UTF8 = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}/;

const checkTemplate = ({ name, value }: Recipe, code: ErrorCode): void => {
  for (const [written, word = ""] of value.matchAll(PLACEHOLDER))
    if (!isPlaceholder(word))
      throw refusal(code, name, `${JSON.stringify(written)} is none of {{${PLACEHOLDERS.join("}}, {{")}}}`);
  const literal = value.replaceAll(PLACEHOLDER, "x");
  if (literal.includes("{{") || literal.includes("}}"))
    throw refusal(code, name, `the braces of ${JSON.stringify(value)} do not match`);
  if (!SENDABLE.test(literal) || value.length > VALUE_MAX)
    throw refusal(code, name, `${JSON.stringify(value)} cannot be the value of a header`);
};

/**
 * What can be known of recipes before anybody has signed in.
 * @param code of what is wrong with them @throws {KnownError} the code
 */
export const checkRecipes = (recipes: readonly Recipe[], code: ErrorCode): void => {
  if (recipes.length > RECIPES_MAX)
    throw new KnownError(code, `Cannot send ${recipes.length} headers: ${RECIPES_MAX} are the most`);
  const seen = new Set<string>();
  for (const recipe of recipes) {
    checkName(recipe.name, code);
    checkTemplate(recipe, code);
    const plain = recipe.name.toLowerCase();
    if (seen.has(plain)) throw refusal(code, recipe.name, "it is given twice");
    seen.add(plain);
  }
};

/** `Name: value`, as `--header` has it. @throws {KnownError} USAGE */
export const parseRecipe = (text: string): Recipe => {
  const colon = text.indexOf(":");
  if (colon === -1)
    throw new KnownError("USAGE", `Cannot use --header ${JSON.stringify(text)}: it has no ":"`, {
      hint: "Write it as NAME: VALUE, e.g. --header 'X-Forwarded-User: {{username}}'",
    });
  const recipe = { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
  checkRecipes([recipe], "USAGE");
  return recipe;
};

/** Later ones take the place of earlier ones of the same name. */
export const mergedRecipes = (...lists: readonly (readonly Recipe[])[]): readonly Recipe[] => [
  ...new Map(lists.flat().map((recipe) => [recipe.name.toLowerCase(), recipe])).values(),
];

const valueOf = (placeholder: Placeholder, person: Person): string => {
  switch (placeholder) {
    case "username":
      return person.username;
    case "uid":
      return person.uid;
    case "groups":
      return person.groups.join(",");
  }
};

/** What a placeholder stands for must be told apart by whoever reads the header. */
const checkValues = (recipe: Recipe, used: ReadonlySet<Placeholder>, person: Person): void => {
  const refused = (why: string): KnownError => refusal("HEADER_UNSENDABLE", recipe.name, why);
  const literal = recipe.value.replaceAll(PLACEHOLDER, "");
  const isList = used.has("groups") || literal.includes(",");
  const check = (what: string, value: string, list: boolean): void => {
    if (value === "") throw refused(`the cluster gives no ${what}`);
    if (!SENDABLE.test(value))
      throw refused(`${what} ${JSON.stringify(value)} has characters that a header cannot carry`);
    if (ALSO_UTF8.test(value))
      throw refused(`${what} ${JSON.stringify(value)} would be read as another one in UTF-8`);
    if (list && value.includes(","))
      throw refused(`${what} ${JSON.stringify(value)} has a comma, and would be read as several`);
  };
  if (used.has("username")) check("user name", person.username, isList);
  if (used.has("uid")) check("uid", person.uid, isList);
  if (used.has("groups")) for (const group of person.groups) check("group", group, true);
};

/**
 * The headers that say who the person is. Each placeholder is replaced once: what stands for it is never looked into.
 * @throws {KnownError} HEADER_UNSENDABLE: a value that could be read as something else
 */
export const renderRecipes = (recipes: readonly Recipe[], person: Person): RawHeaders =>
  recipes.map((recipe) => {
    const used = new Set<Placeholder>();
    const value = recipe.value.replaceAll(PLACEHOLDER, (_written, word: string) => {
      if (!isPlaceholder(word)) throw new TypeError(`"${word}" is no placeholder`);
      used.add(word);
      return valueOf(word, person);
    });
    checkValues(recipe, used, person);
    if (value.length > VALUE_MAX)
      throw refusal(
        "HEADER_UNSENDABLE",
        recipe.name,
        `its value is longer than ${VALUE_MAX} characters; name fewer groups`,
      );
    return [recipe.name, value];
  });
