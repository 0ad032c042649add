import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CODES } from "../../base/codes.ts";
import { problemJson, problemPage } from "./problem.ts";
import { document } from "./document.ts";
import { signedOutPage } from "./fixed.ts";
import { escapeHtml, markup } from "./markup.ts";
import { scriptLiteral } from "./script.ts";
import { sheetOf } from "./style.ts";

describe("markup", () => {
  test("escapes every value and leaves markup alone", () => {
    expect(
      markup`<a href="${`"'<>&\``}">${markup`<b>${"<i>"}</b>`}${[markup`<u>`, markup`</u>`]}${3}</a>`.text,
    ).toBe('<a href="&quot;&#39;&lt;&gt;&amp;&#96;"><b>&lt;i&gt;</b><u></u>3</a>');
  });

  test("no text can leave an attribute or an element", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"'`]/);
      }),
    );
  });

  test("no value can leave an inline script, and it keeps its meaning", () => {
    const nasty = fc.oneof(fc.string(), fc.constantFrom("</script>", "<!--", "\u2028", "]]>"));
    fc.assert(
      fc.property(nasty, (text) => {
        const literal = scriptLiteral(text);
        expect(literal).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(literal)).toBe(text);
      }),
    );
  });
});

describe("pages", () => {
  const problem = { status: 503, title: "Waiting", detail: "No pod is ready", incident: "0123abcd" };

  test("a document without a script allows none", () => {
    const page = document({ status: 200, title: "t", content: markup`c` });
    const policy = page.headers[page.headers.indexOf("Content-Security-Policy") + 1];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("script-src");
    expect(policy).not.toContain("unsafe");
  });

  test("the style sheets are those that the policy allows", () => {
    const page = document({ status: 200, title: "t", content: markup`c`, sheet: sheetOf("p{margin:0}") });
    const sheets = [...page.body.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, text = ""]) => text);
    const policy = page.headers[page.headers.indexOf("Content-Security-Policy") + 1];
    expect(sheets).toHaveLength(2);
    for (const sheet of sheets)
      expect(policy).toContain(`'sha256-${createHash("sha256").update(sheet).digest("base64")}'`);
  });

  test("a problem that passes reloads itself, another does not", () => {
    expect(problemPage({ ...problem, refresh: true }).body).toContain(
      '<meta http-equiv="refresh" content="2">',
    );
    expect(problemPage(problem).body).not.toContain("refresh");
  });

  test("Retry-After is whole seconds", () => {
    const { headers } = problemJson({ ...problem, retryAfter: 1.2 });
    expect(headers[headers.indexOf("Retry-After") + 1]).toBe("2");
    expect(problemJson(problem).headers).not.toContain("Retry-After");
  });

  test("the page without a session has one name", () => {
    const { body } = signedOutPage("svc/ui in apps");
    const name = "This browser is not signed in to svc/ui in apps";
    expect(body).toContain(`<title>${name}</title>`);
    expect(body).toContain(`<h1>${name}</h1>`);
  });

  test("a page says the code's own sentences", () => {
    const { body } = problemPage({ ...problem, code: "PORT_REFUSED" });
    expect(body).toContain(CODES.PORT_REFUSED.means);
    expect(body).toContain(escapeHtml(CODES.PORT_REFUSED.next));
    expect(body).toContain("<code>PORT_REFUSED</code>");
  });

  test("scripts get the code and the next step", () => {
    expect(JSON.parse(problemJson({ ...problem, code: "PORT_REFUSED" }).body)).toEqual({
      ...problem,
      code: "PORT_REFUSED",
      next: CODES.PORT_REFUSED.next,
    });
  });

  test("scripts get RFC 9457", () => {
    const page = problemJson(problem);
    expect(page.headers.slice(0, 2)).toEqual(["Content-Type", "application/problem+json"]);
    expect(JSON.parse(page.body)).toEqual({ ...problem });
  });
});
