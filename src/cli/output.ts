import { redact } from "../base/redact.ts";
import { escapeLine, escapeQuoted, hasControls } from "../base/terminal.ts";

/**
 * Text of remote origin on standard output. Results are not cleaned on their way out, since one may be the very token
 * that was asked for; whatever else is printed is cleaned here (security.md R-H2, R-H6).
 */
export const cleanLine = (text: string): string => escapeLine(redact(text));

/** Several lines, as errors of plugins have them, in one. */
export const oneLine = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .reduce(
      (before, line) => (before === "" ? line : `${before}${/[.:;,!?]$/.test(before) ? " " : "; "}${line}`),
      "",
    );

/** A value with everything in it that looks like a secret taken out. */
const clean = (_key: string, value: unknown): unknown => (typeof value === "string" ? redact(value) : value);

/**
 * JSON that moves no cursor and turns no text around, and means the same: JSON itself escapes the oldest controls only.
 * Also for values that are secret and asked for.
 */
export const jsonText = (value: unknown, indent?: number): string =>
  escapeQuoted(JSON.stringify(value, undefined, indent));

/** A result for programs. Fields that are undefined are left out. */
export const structured = async (value: unknown, format: "json" | "yaml"): Promise<string> => {
  const cleaned: unknown = JSON.parse(JSON.stringify(value, clean));
  return format === "json" ? jsonText(cleaned, 2) : await yamlDocuments([cleaned]);
};

/** As they are: for what is applied, not read. Controls are escaped, which is another way to write the same. */
export const yamlDocuments = async (values: readonly unknown[]): Promise<string> => {
  const { Document, Scalar, visit } = await import("yaml");
  const write = (value: unknown): string => {
    const document = new Document(value);
    visit(document, {
      Scalar: (_key, node) => {
        if (typeof node.value === "string" && hasControls(node.value)) node.type = Scalar.QUOTE_DOUBLE;
      },
    });
    return escapeQuoted(document.toString({ lineWidth: 0 }).trimEnd());
  };
  return values.map(write).join("\n---\n");
};
