import { describe, expect, test } from "vitest";
import { appendEntry } from "./append-entry.ts";

const ENTRY = {
  rolearn: "arn:aws:iam::012345678912:role/Dev",
  username: "dev:{{SessionName}}",
  groups: ["devs"],
};
const LINES = `- rolearn: arn:aws:iam::012345678912:role/Dev
  username: dev:{{SessionName}}
  groups:
    - devs
`;

describe("one entry more", () => {
  test.each([
    { name: "nothing", text: "", end: LINES },
    { name: "only a comment", text: "# nobody yet", end: `# nobody yet\n${LINES}` },
    {
      name: "a list with comments",
      text: "# admins\n- rolearn: a # ours\n  username: b\n",
      end: `# admins\n- rolearn: a # ours\n  username: b\n${LINES}`,
    },
    {
      name: "a list that is moved in, and its odd blanks",
      text: "  - rolearn:   a\n    username: 'b'\n\n",
      end: `  - rolearn:   a\n    username: 'b'\n${LINES.replace(/^(?=.)/gm, "  ")}`,
    },
  ])("behind $name: what was there stays byte for byte", ({ text, end }) => {
    expect(appendEntry(text, ENTRY)).toBe(end);
  });

  test("behind a list in brackets: its comments stay", () => {
    const after = appendEntry("# all\n[{rolearn: a, username: b}]\n", ENTRY);
    expect(after).toContain("# all");
    expect(after).toContain("rolearn: a");
    expect(after).toContain("rolearn: arn:aws:iam::012345678912:role/Dev");
  });

  test.each(["a: b", "just words", "- a: [", "- &x a\n- *x\n"])("%j is left alone", (text) => {
    expect(() => appendEntry(text, ENTRY)).toThrow(Error);
  });
});
