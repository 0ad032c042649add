import { hash } from "node:crypto";

/** The names of the colours that a context can have; each is a class of the start page's style sheet. */
const COLORS = ["red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "gray"] as const;

export type ContextColor = (typeof COLORS)[number];

/** Red is a person's word for danger, and gray says nothing: neither is given by chance. */
const DERIVED = COLORS.filter((color) => color !== "red" && color !== "gray");

/** The colour asked for, if it is one of ours; else one that the context's name always gets. */
export const contextColor = (context: string, wanted: string | undefined): ContextColor =>
  COLORS.find((color) => color === wanted) ??
  DERIVED[(hash("sha256", context, "buffer")[0] ?? 0) % DERIVED.length] ??
  "gray";
