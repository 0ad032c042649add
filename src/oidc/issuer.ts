import { httpUrl } from "../base/http-url.ts";
import { quoted } from "../base/quote.ts";

/** What differs between the issuer that was asked for and the one that answers, and what to do; undefined where nothing does. */
export const issuerDifference = (wanted: string, said: string): string | undefined => {
  if (wanted === said) return undefined;
  // Kubernetes compares bytes too, so the provider's spelling is the one that works everywhere.
  const use = `Write the issuer as the provider does, here and at the API server: ${quoted(said)}`;
  if (withoutSlash(wanted) === withoutSlash(said)) return `They differ in the slash at the end. ${use}`;
  const [left, right] = [httpUrl(wanted), httpUrl(said)];
  if (left === undefined || right === undefined)
    return "The provider names an issuer that is no URL; ask whoever runs it";
  if (left.protocol !== right.protocol && samePlace(left, right))
    return right.protocol === "https:"
      ? `They differ in the scheme. ${use}`
      : "They differ in the scheme: the provider thinks that it is reached over http. Whoever runs it has to tell it its https address";
  if (left.href === right.href) return `They differ in how they are written only. ${use}`;
  if (left.host === right.host) return `They differ in the path. ${use}`;
  return `Check that the address is the right one. If the provider is meant, ${use.charAt(0).toLowerCase()}${use.slice(1)}`;
};

const withoutSlash = (text: string): string => text.replace(/\/$/, "");

const samePlace = (left: URL, right: URL): boolean =>
  left.host === right.host && withoutSlash(left.pathname) === withoutSlash(right.pathname);
