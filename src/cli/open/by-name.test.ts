import { describe, expect, test } from "vitest";
import { clock } from "../../tunnel/far-end.test-d.ts";
import { labelled, servicesOnly, TABLE, type Services } from "../../../test/find-scene.ts";
import { ambiguous, meantBy, targetByName, type Named } from "./by-name.ts";
import { foundText } from "./search.ts";

const named = async (
  text: string,
  world: Services,
  options: { readonly given?: boolean } = {},
): Promise<{ readonly named: Named; readonly calls: readonly string[] }> => {
  const { connection, calls } = servicesOnly(world);
  const found = await targetByName(text, {
    connection,
    system: clock().system,
    namespace: "apps",
    namespaceGiven: options.given ?? false,
    table: TABLE,
    signal: new AbortController().signal,
  });
  return { named: found, calls };
};

const opened = ({ named: found }: { readonly named: Named }): string | readonly string[] =>
  found.kind === "several"
    ? found.found.map((each) => `${each.namespace} ${foundText(each)}`)
    : `${found.reference.namespace ?? "(own)"} ${found.reference.kind}/${found.reference.name}:${found.reference.port ?? ""}`;

const HEADLAMP = { labels: labelled("headlamp") };

describe("what a name on the command line means", () => {
  test("a Service of the person's own namespace comes first, whatever else has the name", async () => {
    const found = await named("headlamp", { apps: { headlamp: {} }, headlamp: { headlamp: HEADLAMP } });
    expect(opened(found)).toBe("(own) service/headlamp:");
    expect(found.calls).toEqual(["get apps/headlamp"]);
  });

  test("then the UI of that name, wherever it is seen", async () => {
    const found = await named("headlamp", { apps: {}, headlamp: { "my-ui": HEADLAMP, other: {} } });
    expect(opened(found)).toBe("headlamp service/my-ui:");
    expect(found.calls.toSorted()).toEqual([
      "get apps/headlamp",
      "list *",
      "list apps",
      "list headlamp",
      "list kube-system",
    ]);
  });

  test("somebody who may read nothing of their own namespace still finds it", async () => {
    expect(opened(await named("headlamp", { headlamp: { headlamp: {} } }))).toBe(
      "headlamp service/headlamp:",
    );
  });

  test.each([
    ["svc/headlamp", "(own) service/headlamp:"],
    ["svc/headlamp:81", "(own) service/headlamp:81"],
    ["http://headlamp.x.svc", "x service/headlamp:"],
    ["pod/headlamp", "(own) pod/headlamp:"],
    ["unheard-of:80", "(own) service/unheard-of:80"],
  ])("%s is certain, and nothing is asked", async (text, wanted) => {
    const found = await named(text, { headlamp: { headlamp: HEADLAMP } });
    expect(opened(found)).toBe(wanted);
    expect(found.calls).toEqual([]);
  });

  test("its port can be named, and is the UI's own where the Service has several", async () => {
    const ports = [
      { name: "metrics", port: 9090 },
      { name: "http", port: 8080 },
    ];
    const world = { apps: {}, headlamp: { ui: { ...HEADLAMP, ports } } };
    expect(opened(await named("headlamp", world))).toBe("headlamp service/ui:8080");
    expect(opened(await named("headlamp:metrics", world))).toBe("headlamp service/ui:metrics");
  });

  test("R-G3: one that is where nobody installs it is looked at by a person", async () => {
    const lone = await named("headlamp", { apps: {}, tenant: { headlamp: HEADLAMP }, "*": {} });
    expect(opened(lone)).toEqual(["tenant svc/headlamp"]);
    if (lone.named.kind !== "several") throw new Error("it is one");
    expect(ambiguous("headlamp", lone.named.found, () => "kauth open svc/headlamp -n tenant")).toMatchObject({
      message: expect.stringContaining('in namespace "tenant", where it is not usually installed') as string,
      hint: "Whoever made it may get your token. If you know it:\n  kauth open svc/headlamp -n tenant",
    });
  });

  test("what was found is opened as that, and what was named as it is", async () => {
    expect((await named("headlamp", { apps: {}, headlamp: { ui: HEADLAMP } })).named).toMatchObject({
      ui: "headlamp",
    });
    expect((await named("headlamp", { apps: { headlamp: HEADLAMP } })).named).not.toHaveProperty("ui");
  });

  test("a number behind the name of a UI belongs to it", () => {
    const ids = (name: string): readonly string[] => meantBy(name, TABLE.all).map(({ id }) => id);
    expect(ids("dashboard")).toEqual(["dashboard-2"]);
    expect(ids("dash")).toEqual([]);
    expect(ids("prometheus")).toEqual(["prometheus"]);
  });
});

describe("two of one name", () => {
  const TWO = { apps: { mine: HEADLAMP }, headlamp: { headlamp: HEADLAMP } };

  test("are a choice, also where one of them is in the namespace of the context", async () => {
    expect(opened(await named("headlamp", TWO))).toEqual(["apps svc/mine", "headlamp svc/headlamp"]);
  });

  test("are none where the person has named the namespace of one", async () => {
    expect(opened(await named("headlamp", TWO, { given: true }))).toBe("apps service/mine:");
    const elsewhere = { apps: {}, headlamp: { headlamp: HEADLAMP } };
    expect(opened(await named("headlamp", elsewhere, { given: true }))).toBe("headlamp service/headlamp:");
  });

  test("whoever cannot be asked gets the command of each", async () => {
    const { named: several } = await named("headlamp", TWO);
    if (several.kind !== "several") throw new Error("it is one");
    const error = ambiguous("headlamp", several.found, ({ service }) => `kauth open svc/${service}`);
    expect(error).toMatchObject({
      code: "TARGET_AMBIGUOUS",
      exit: 2,
      hint: "Choose one:\n  kauth open svc/mine\n  kauth open svc/headlamp",
    });
  });

  test("of a hundred, twenty are listed", async () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_each, at) => [`ui-${at}`, HEADLAMP]));
    const { named: several } = await named("headlamp", { apps: many });
    if (several.kind !== "several") throw new Error("it is one");
    const { hint } = ambiguous("headlamp", several.found, foundText);
    expect(hint.split("\n").length).toBe(22);
    expect(hint).toContain("and 80 more");
  });
});

test("nothing of that name: what was looked for, where not, and how to go on", async () => {
  await expect(named("headlamp", { apps: { x: { ...HEADLAMP, selector: {} } } })).rejects.toMatchObject({
    code: "UI_NOT_FOUND",
    message: expect.stringContaining("looks like Headlamp"),
    hint: expect.stringMatching(
      /^You may not list Services in headlamp, kube-system, nor in all namespaces at once\. svc\/x .* nothing says which pods .*kauth open svc\/NAME/,
    ),
  });
});
