import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secret } from "../../base/secret.ts";
import { contextColor } from "./context-color.ts";
import { goPage } from "./go.ts";
import { startPage, stateAnswer } from "./start.ts";
import type { ClusterView, SignInView, StartView, TargetView } from "./start-view.ts";
import { stopPage } from "./stop.ts";

const CLUSTER: ClusterView = {
  id: "c0",
  context: "dev",
  user: "alice",
  signIn: "well",
  reason: undefined,
  ends: undefined,
  production: false,
  color: undefined,
  notice: undefined,
};
const TARGET: TargetView = {
  id: "t0",
  title: "svc/ui in apps",
  cluster: "c0",
  health: "connected",
  tone: "well",
  readOnly: false,
  sends: "your token",
};
const view = (
  clusters: readonly Partial<ClusterView>[],
  targets: readonly Partial<TargetView>[] = [{}],
): StartView => ({
  clusters: clusters.map((cluster, index) => ({ ...CLUSTER, id: `c${index}`, ...cluster })),
  targets: targets.map((target, index) => ({ ...TARGET, id: `t${index}`, ...target })),
});
const titleOf = (body: string): string | undefined => /<title>(.*)<\/title>/.exec(body)?.[1];

describe("one cluster", () => {
  test.each<{ readonly signIn: SignInView; readonly heading: string }>([
    { signIn: "well", heading: "Signed in as alice" },
    { signIn: "running", heading: "Signing in" },
    { signIn: "failed", heading: "Sign in again" },
  ])("the heading says how signing in stands: $signIn", ({ signIn, heading }) => {
    expect(startPage(view([{ signIn }]), "n").body).toContain(`data-news="dev">${heading}</h1>`);
  });

  test("has no section of its own", () => {
    expect(startPage(view([{}]), "n").body).not.toContain("<section");
  });
});

describe("many clusters", () => {
  const { body } = startPage(
    view(
      [
        { context: "dev" },
        { context: "live", signIn: "failed", reason: "The plugin failed.", production: true },
      ],
      [
        { cluster: "c1", title: "svc/b" },
        { cluster: "c0", title: "svc/a", readOnly: true, tone: "idle" },
      ],
    ),
    "n",
  );
  const [, dev = "", live = ""] = body.split("<section");

  test("each has its own targets, name and button", () => {
    expect(dev).toContain("svc/a");
    expect(dev).not.toContain("svc/b");
    expect(dev).toContain('action="/sign-in/c0"');
    expect(live).toContain("svc/b");
    expect(live).toContain('action="/sign-in/c1"');
  });

  test("only the one whose sign-in failed says so", () => {
    expect(live).toContain("The plugin failed.");
    expect(dev).not.toContain("could not be renewed");
  });

  test("production has a badge, and a mark in the title of the tab", () => {
    expect(live).toContain("production</strong>");
    expect(dev).not.toContain("production</strong>");
    expect(titleOf(body)).toBe("● prod · Sign in again · kauth");
    expect(titleOf(startPage(view([{ production: true }]), "n").body)).toBe("● prod · kauth");
    expect(titleOf(startPage(view([{}, {}]), "n").body)).toBe("kauth");
  });

  test("read-only and idle are said in words", () => {
    expect(dev).toContain('<span class="badge">read-only</span>');
    expect(live).not.toContain("read-only");
  });
});

test("nothing open is a page too", () => {
  expect(startPage(view([], []), "n").body).toContain("<h1>Nothing is open</h1>");
  expect(startPage(view([{}], []), "n").body).toContain("No application of it is open.");
});

test("a button that would start a second login is marked as such, and stays in place", () => {
  expect(startPage(view([{ signIn: "running" }]), "n").body).toContain('aria-disabled="true"');
  expect(startPage(view([{ signIn: "failed" }]), "n").body).toContain('aria-disabled="false"');
});

test("what the script puts in place is what the page had", () => {
  const shown = view([{}, { production: true }]);
  const { title, content } = JSON.parse(stateAnswer(shown).body) as Record<"title" | "content", string>;
  const { body } = startPage(shown, "n");
  expect(body).toContain(`<div id="page">${content}</div>`);
  expect(titleOf(body)).toBe(title);
});

describe("colors", () => {
  test("one of ours is taken, any other is derived and never red", () => {
    expect(contextColor("dev", "red")).toBe("red");
    fc.assert(
      fc.property(fc.string(), fc.string(), (context, wanted) => {
        const color = contextColor(context, `${wanted}x`);
        expect(["orange", "yellow", "green", "teal", "blue", "purple", "pink"]).toContain(color);
        expect(contextColor(context, undefined)).toBe(color);
      }),
    );
  });
});

describe("remote text is text", () => {
  /** What would be markup, if any of it got through. */
  const hostile = fc
    .tuple(
      fc.string(),
      fc.constantFrom(
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onfocus=alert(1) autofocus x='",
        "</title><h1>",
        "</style><b>",
        "</script><i>",
        "<!--",
        "javascript:alert(1)",
      ),
      fc.string(),
    )
    .map((parts) => parts.join(""));
  const views = fc.record({
    clusters: fc.array(
      fc.record({
        id: fc.constantFrom("c0", "c1"),
        context: hostile,
        user: fc.option(hostile, { nil: undefined }),
        signIn: fc.constantFrom<SignInView>("well", "failed", "running"),
        reason: fc.option(hostile, { nil: undefined }),
        ends: fc.option(hostile, { nil: undefined }),
        production: fc.boolean(),
        color: fc.option(hostile, { nil: undefined }),
        notice: fc.option(hostile, { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
    targets: fc.array(
      fc.record({
        id: fc.constantFrom("t0", "t1"),
        title: hostile,
        cluster: fc.constantFrom("c0", "c1"),
        health: hostile,
        tone: fc.constantFrom<TargetView["tone"]>("well", "waiting", "trouble", "idle"),
        readOnly: fc.boolean(),
        sends: fc.option(hostile, { nil: undefined }),
      }),
      { maxLength: 3 },
    ),
  });
  /** Every tag of a text, with the values of its attributes left out. */
  const tags = (text: string): ReadonlySet<string> =>
    new Set([...text.matchAll(/<[^>]*>?/g)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""')));
  const innocent = (shown: StartView): StartView => ({
    clusters: shown.clusters.map((cluster) => ({
      ...cluster,
      context: "c",
      user: cluster.user && "u",
      reason: cluster.reason && "r",
      ends: cluster.ends && "e",
      color: "blue",
      notice: cluster.notice && "n",
    })),
    targets: shown.targets.map((target) => ({
      ...target,
      title: "t",
      health: "h",
      sends: target.sends && "s",
    })),
  });

  test.each<[string, (shown: StartView) => string]>([
    ["the page", (shown) => startPage(shown, "n").body],
    ["the state", (shown) => (JSON.parse(stateAnswer(shown).body) as { content: string }).content],
    ["the question before the end", (shown) => stopPage(shown).body],
  ])("%s has the tags that it has with innocent text, and no other", (_name, render) => {
    fc.assert(
      fc.property(views, (shown) => {
        expect(tags(render(shown))).toEqual(tags(render(innocent(shown))));
      }),
    );
  });

  test("the page that leads on", () => {
    const link = new Secret("http://ui.localhost:1/__kauth/launch#t");
    fc.assert(
      fc.property(hostile, (title) => {
        expect(tags(goPage(title, link, "n").body)).toEqual(tags(goPage("t", link, "n").body));
      }),
    );
  });
});
