import { expect, test } from "vitest";
import { sentText, type Sent } from "./sent.ts";

const USER = { name: "X-User" };
const sent = (
  sends: Sent["plan"]["sends"],
  leg: Sent["leg"],
  more: { readonly recipes?: Sent["plan"]["recipes"]; readonly keptBack?: string } = {},
): string =>
  sentText({
    plan: { sends, recipes: more.recipes ?? [] },
    leg,
    keptBack: more.keptBack,
  });

test.each([
  ["a token", sent("bearer", "pod"), "your token"],
  ["headers beside it", sent("bearer", "pod", { recipes: [USER] }), "your token, and X-User"],
  ["headers alone", sent("headers", "pod", { recipes: [USER] }), "no token, but X-User"],
  ["a UI that asks for nobody", sent("nothing", "pod"), "nothing"],
  ["the direct leg", sent("bearer", "direct", { keptBack: "it is not wanted" }), "nothing"],
  ["a token for the back end", sent("bearer", "direct"), "your token, for what needs its back end"],
])("%s", (_name, text, wanted) => {
  expect(text).toBe(wanted);
});
