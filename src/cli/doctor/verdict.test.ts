import { describe, expect, test } from "vitest";
import type { UiAnswer } from "./ask-ui.ts";
import { answerText, personNote, strangerNote } from "./verdict.ts";

const answer = (status: number, location?: string): UiAnswer => ({ status, location });

test.each([
  { it: answer(200), text: "200 OK" },
  { it: answer(302, "/login"), text: "302 Found to /login" },
  { it: answer(302, "https://idp/auth?state=canary#canary"), text: "302 Found to https://idp/auth" },
  { it: answer(599), text: "599" },
])("$text", ({ it, text }) => expect(answerText(it)).toBe(text));

describe("what it says to a stranger", () => {
  test.each([
    { it: answer(200), state: "ok", says: "open to everybody" },
    { it: answer(401), state: "ok", says: "asks who you are" },
    { it: answer(403), state: "ok", says: "asks who you are" },
    { it: answer(302, "/login"), state: "ok", says: "elsewhere" },
    { it: answer(404), state: "warning", says: "no such page" },
    { it: answer(400), state: "warning", says: "does not take" },
    { it: answer(502), state: "bad", says: "failing" },
  ])("$it.status", ({ it, state, says }) => {
    const note = strangerNote(it);
    expect(note.state).toBe(state);
    expect(note.found).toContain(says);
  });
});

describe("what it says to the person", () => {
  test.each([
    { name: "in", stranger: answer(401), person: answer(200), state: "ok", says: "you are signed in" },
    {
      name: "in, where a login was",
      stranger: answer(302, "/login"),
      person: answer(200),
      state: "ok",
      says: "signed in",
    },
    {
      name: "open anyway",
      stranger: answer(200),
      person: answer(200),
      state: "ok",
      says: "as without the token",
    },
    {
      name: "refused",
      stranger: answer(401),
      person: answer(401),
      state: "bad",
      says: "does not take your token",
    },
    {
      name: "refused only then",
      stranger: answer(200),
      person: answer(401),
      state: "bad",
      says: "does not take your token",
    },
    {
      name: "known, without rights",
      stranger: answer(401),
      person: answer(403),
      state: "warning",
      says: "may not see",
    },
    {
      name: "the same login",
      stranger: answer(302, "/login"),
      person: answer(302, "/login"),
      state: "warning",
      says: "as without",
    },
    {
      name: "another place",
      stranger: answer(302, "/login"),
      person: answer(302, "/home"),
      state: "ok",
      says: "otherwise",
    },
    { name: "no page", stranger: answer(401), person: answer(404), state: "warning", says: "no such page" },
    { name: "failing", stranger: answer(401), person: answer(500), state: "bad", says: "failing" },
    {
      name: "not taken",
      stranger: answer(401),
      person: answer(431),
      state: "warning",
      says: "does not take the request",
    },
  ])("$name", ({ stranger, person, state, says }) => {
    const note = personNote(person, stranger);
    expect(note.state).toBe(state);
    expect(note.found).toContain(says);
    expect(note.state === "ok" || note.next !== undefined).toBe(true);
  });
});
