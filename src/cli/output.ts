import { redact } from "../base/redact.ts";
import { escapeLine } from "../base/terminal.ts";

/**
 * Text of remote origin on standard output. Results are not cleaned on their way out, since one may be the very token
 * that was asked for; whatever else is printed is cleaned here (security.md R-H2, R-H6).
 */
export const cleanLine = (text: string): string => escapeLine(redact(text));

/** A value with everything in it that looks like a secret taken out. */
const clean = (_key: string, value: unknown): unknown => (typeof value === "string" ? redact(value) : value);

/** A result for programs. Fields that are undefined are left out. */
export const structured = async (value: unknown, format: "json" | "yaml"): Promise<string> => {
  const text = JSON.stringify(value, clean, 2);
  if (format === "json") return text;
  return await yamlDocuments([JSON.parse(text)]);
};

/** As they are: for what is applied, not read. */
export const yamlDocuments = async (values: readonly unknown[]): Promise<string> => {
  const { stringify } = await import("yaml");
  return values.map((value) => stringify(value, { lineWidth: 0 }).trimEnd()).join("\n---\n");
};
