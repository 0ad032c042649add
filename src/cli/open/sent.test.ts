import { expect, test } from "vitest";
import type { ServiceAccountName } from "../../api/index.ts";
import { sentText, type Sent } from "./sent.ts";

const USER = { name: "X-User" };
const ACCOUNT: ServiceAccountName = { namespace: "apps", name: "viewer" };
const sent = (
  sends: Sent["plan"]["sends"],
  leg: Sent["leg"],
  more: {
    readonly recipes?: Sent["plan"]["recipes"];
    readonly keptBack?: string;
    readonly serviceAccount?: ServiceAccountName;
  } = {},
): string =>
  sentText(
    { plan: { sends, recipes: more.recipes ?? [] }, leg, keptBack: more.keptBack },
    { serviceAccount: more.serviceAccount },
  );

test.each([
  ["a token", sent("bearer", "pod"), "your token"],
  ["headers beside it", sent("bearer", "pod", { recipes: [USER] }), "your token, and X-User"],
  ["headers alone", sent("headers", "pod", { recipes: [USER] }), "no token, but X-User"],
  ["a UI that asks for nobody", sent("nothing", "pod"), "nothing"],
  ["the direct leg", sent("bearer", "direct", { keptBack: "it is not wanted" }), "nothing"],
  [
    "another's token",
    sent("bearer", "pod", { serviceAccount: ACCOUNT }),
    "tokens of ServiceAccount apps/viewer",
  ],
  ["a token for the back end", sent("bearer", "direct"), "your token, for what needs its back end"],
])("%s", (_name, text, wanted) => {
  expect(text).toBe(wanted);
});
