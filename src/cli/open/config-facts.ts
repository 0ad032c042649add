import { hash } from "node:crypto";
import { Secret } from "../../base/secret.ts";
import type { User } from "../../kubeconfig/index.ts";

/** What auth providers write back into the kubeconfig at each renewal; that is no change of whom it names. */
const RENEWED: ReadonlySet<string> = new Set([
  "access-token",
  "refresh-token",
  "id-token",
  "expiry",
  "expires-in",
  "expires-on",
]);

const isMap = (value: unknown): value is ReadonlyMap<string, unknown> => value instanceof Map;

/** What JSON can say, the same for what is the same. */
const plain = (value: unknown): unknown => {
  if (value instanceof Secret) return hash("sha256", value.reveal(), "hex");
  if (value instanceof URL) return value.href;
  if (value instanceof RegExp) return String(value);
  if (isMap(value)) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, each]) => [key, plain(each)]);
};

/** Of values that are the same it is the same. One way, so that nothing secret is kept or sent. */
export const digestOf = (value: unknown): string => hash("sha256", JSON.stringify(plain(value)) ?? "", "hex");

/** A user entry without what is renewed by itself. */
export const lasting = (user: User): User => {
  const { authProvider } = user;
  if (authProvider === undefined) return user;
  const config = new Map([...authProvider.config].filter(([key]) => !RENEWED.has(key)));
  return { ...user, authProvider: { ...authProvider, config } };
};

/** Fields that are written otherwise in the file than all the others. */
const WRITTEN: ReadonlyMap<string, string> = new Map([
  ["tokenFile", "tokenFile"],
  ["impersonate", "as"],
  ["execConfig", "extensions"],
]);

const writtenName = (field: string): string =>
  WRITTEN.get(field) ?? field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Names, as the file has them, of the fields in which two entries differ. Never what is in them. */
export const changedFields = (before: object, after: object): readonly string[] => {
  const [one, other] = [before, after].map(
    (entry) => new Map(Object.entries(entry).map(([field, value]) => [field, digestOf(value)])),
  );
  const fields = new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])]);
  return [...fields].filter((field) => one?.get(field) !== other?.get(field)).map(writtenName);
};
