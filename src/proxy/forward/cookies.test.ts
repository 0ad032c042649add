import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { siteAt } from "../../../test/proxy/fake-site.ts";
import { forwardCookies, returnCookie } from "./cookies.ts";

const SITE = siteAt("ui.localhost");
const STRIPPING = siteAt("ui.localhost", { stripCookies: ["token", "headlamp-auth-*"] });
const PREFIXED = siteAt("127.0.0.1", { cookiePrefix: "k01234567-", stripCookies: ["token"] });

describe("what the app gets", () => {
  test.each([
    ["R-C3: our session is taken out", SITE, "a=1; __Host-kauth-0a1b2c3d=secret; b=2", "a=1; b=2"],
    ["R-C3: alone, nothing is left", SITE, "__Host-kauth-0a1b2c3d=secret", ""],
    ["R-C3: the name without a prefix, for browsers that refuse it", SITE, "kauth-0a1b2c3d=s; a=1", "a=1"],
    ["R-C3: in any case", SITE, "__host-KAUTH-x=s; a=1", "a=1"],
    ["R-C3: every prefix that browsers know", SITE, "__Secure-kauth-x=s;__Http-kauth-x=s;a=1", "a=1"],
    ["R-C3: __Host-Http-", SITE, "__Host-Http-kauth-x=s; a=1", "a=1"],
    ["R-C3: white space before the equals sign", SITE, "__Host-kauth-x =s; a=1", "a=1"],
    ["R-C3: without a value", SITE, "__Host-kauth-x; a=1", "a=1"],
    ["a name that only holds ours is the app's", SITE, "my-kauth-x=1", "my-kauth-x=1"],
    ["__proto__ is a name", SITE, "__proto__=1; constructor=2", "__proto__=1; constructor=2"],
    ["a value keeps its equals signs and quotes", SITE, 'a="b=c=="; d', 'a="b=c=="; d'],
    ["empty pairs go", SITE, ";; a=1 ;", "a=1"],
    ["U2: what would sign in somebody else goes", STRIPPING, "headlamp-auth-main.0=ben; a=1", "a=1"],
    ["U3: by its exact name", STRIPPING, "token=ben; tokens=1; Token=2", "tokens=1; Token=2"],
    [
      "but only where the preset says so: another app's are its own",
      SITE,
      "token=1; headlamp-auth-x=2",
      "token=1; headlamp-auth-x=2",
    ],
    ["R-D2: --origin ip takes our prefix off", PREFIXED, "k01234567-a=1; k01234567-b=2", "a=1; b=2"],
    ["R-D2: and keeps other ports' cookies away", PREFIXED, "a=1; k01234568-b=2; k01234567-c=3", "c=3"],
    ["R-D2: strips by the app's own name", PREFIXED, "k01234567-token=ben; k01234567-a=1", "a=1"],
  ])("%s", (_name, site, header, wanted) => expect(forwardCookies(header, site)).toBe(wanted));
});

describe("what the browser gets", () => {
  test.each([
    ["R-C3: no cookie of ours", SITE, "__Host-kauth-x=1; Path=/", undefined],
    ["R-C3: in any case", SITE, "__HOST-Kauth-x=1", undefined],
    ["R-C3: without a prefix", SITE, "kauth-0a1b2c3d=1", undefined],
    ["R-C3: behind white space", SITE, " \t__Host-kauth-x =1", undefined],
    ["R-C3: without a value", SITE, "kauth-x", undefined],
    ["R-C3: hidden in the value of a nameless one", SITE, "=__Host-kauth-x=1; Path=/", undefined],
    ["R-C3: nameless, with white space", SITE, " = kauth-x=1", undefined],
    ["R-C3: nameless twice", SITE, "==kauth-x=1", undefined],
    ["R-D2: Domain is dropped", SITE, "a=1; Domain=localhost", "a=1"],
    [
      "R-D2: the rest is kept",
      SITE,
      "a=1; Path=/x; domain=.a; Secure; Expires=now",
      "a=1; Path=/x; Secure; Expires=now",
    ],
    ["R-D2: every Domain, however spelled", SITE, "a=1;DOMAIN = a;Domain;HttpOnly", "a=1;HttpOnly"],
    ["R-D2: an attribute that only begins so stays", SITE, "a=1; Domainx=1", "a=1; Domainx=1"],
    ["a cookie named Domain stays", SITE, "Domain=1; Domain=a", "Domain=1"],
    ["R-D2: --origin ip puts the prefix before the name", PREFIXED, "a=1; Path=/", "k01234567-a=1; Path=/"],
    ["R-C3: also with a prefix no cookie of ours", PREFIXED, "kauth-x=1", undefined],
    ["D.2: none that would sign in somebody", STRIPPING, "headlamp-auth-main.0=ben; Path=/", undefined],
    ["D.2: by its exact name", STRIPPING, "tokens=1", "tokens=1"],
    ["D.2: but one that is taken away", STRIPPING, "token=; Max-Age=0", "token=; Max-Age=0"],
    ["__proto__ is a name", SITE, "__proto__=1", "__proto__=1"],
  ])("%s", (_name, site, line, wanted) => expect(returnCookie(line, site)).toBe(wanted));
});

describe("properties", () => {
  const word = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
  const value = fc.stringMatching(/^[!-:<-~]{0,12}$/);
  const attribute = fc.constantFrom(
    "Path=/",
    "Domain=localhost",
    "domain=a",
    "Secure",
    "HttpOnly",
    "DOMAIN",
    "Max-Age=5",
  );
  const own = fc.constantFrom("__Host-kauth-0a1b2c3d", "__Secure-kauth-x", "kauth-x", "KAUTH-1");
  const pair = fc.tuple(fc.oneof(word, own), value).map(([name, text]) => `${name}=${text}`);
  const header = fc
    .tuple(fc.array(pair, { maxLength: 8 }), fc.constantFrom("; ", ";", " ;  "))
    .map(([all, between]) => all.join(between));

  test("none of ours goes upstream, and each of the app's does, in order", () => {
    fc.assert(
      fc.property(header, (text) => {
        const all = text
          .split(";")
          .map((part) => part.trim())
          .filter((part) => part !== "");
        const theirs = all.filter((part) => !/^(?:__[a-z-]+-)?kauth-/i.test(part));
        expect(forwardCookies(text, SITE)).toBe(theirs.join("; "));
      }),
    );
  });

  test("any text is taken, and what comes out is no longer than it came", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(forwardCookies(text, SITE)).not.toMatch(/(?:^|; )(?:__host-)?kauth-/i);
        expect((returnCookie(text, SITE) ?? "").length).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  test("with a prefix a cookie comes back to the app as it set it, without a Domain between", () => {
    fc.assert(
      fc.property(word, value, fc.array(attribute, { maxLength: 5 }), (name, text, attributes) => {
        const line = returnCookie([`${name}=${text}`, ...attributes].join("; "), PREFIXED);
        if (line === undefined) return name === "token" || /^(?:__[a-z-]+-)?kauth-/i.test(name);
        expect(line).not.toMatch(/;\s*domain/i);
        const back = forwardCookies(line.split(";", 1)[0] ?? "", PREFIXED);
        expect(back).toBe(name === "token" ? "" : `${name}=${text}`);
        return true;
      }),
    );
  });
});
