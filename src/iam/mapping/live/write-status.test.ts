import { describe, expect, test } from "vitest";
import { memoryConnection } from "../../../../test/memory-connection.ts";
import { decode } from "../../../base/decode.ts";
import { KnownError } from "../../../base/errors.ts";
import type { ApiRequest } from "../../../api/index.ts";
import { identityMapping } from "../../../api/objects.ts";
import { clock, settle, type Clock } from "../../../tunnel/far-end.test-d.ts";
import type { MappingEvent } from "./source.ts";
import { createStatusWriter, type IdentityMapping, type StatusWriter } from "./write-status.ts";

const arn = (name: string): string => `arn:aws:iam::111122223333:role/${name}`;

/** An object as the API server gives it. */
const mapping = (
  name: string,
  more: { readonly status?: object; readonly version?: string } = {},
): IdentityMapping =>
  decode(
    identityMapping,
    {
      metadata: { name, resourceVersion: more.version ?? "1" },
      spec: { arn: arn(name.toUpperCase()), username: name, groups: [] },
      status: more.status,
    },
    { what: name, code: "API_FAILED" },
  );

interface Scene extends AsyncDisposable {
  readonly writer: StatusWriter;
  readonly time: Clock;
  /** Names of the objects whose status was written, refused or not. */
  readonly asked: string[];
  readonly requests: ApiRequest[];
  readonly events: MappingEvent[];
  /** Statuses that come instead of 200, by the object's name; `*` is all others. */
  readonly answers: Map<string, number | KnownError>;
  /** Runs before a request is answered. */
  before: () => void;
}

const opening = (): Scene => {
  const time = clock();
  const stop = new AbortController();
  const scene = {
    time,
    asked: [] as string[],
    requests: [] as ApiRequest[],
    events: [] as MappingEvent[],
    answers: new Map<string, number | KnownError>(),
    before: () => undefined,
  };
  const connection = memoryConnection({
    request: async (request) => {
      const name = /\/iamidentitymappings\/([^/]+)\/status$/.exec(request.path)?.[1] ?? request.path;
      scene.requests.push(request);
      scene.asked.push(name);
      await new Promise((done) => setImmediate(done));
      scene.before();
      const answer = scene.answers.get(name) ?? scene.answers.get("*") ?? 200;
      if (answer instanceof KnownError) throw answer;
      return { status: answer, headers: [], body: answer === 200 ? request.body : { message: "no" } };
    },
  });
  const writer = createStatusWriter({
    connection,
    system: time.system,
    signal: stop.signal,
    tell: (event) => scene.events.push(event),
  });
  return Object.assign(scene, {
    writer,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await writer.ended();
    },
  });
};

const told = ({ events }: Scene): readonly boolean[] =>
  events.map((event) => event.kind === "unwritten" && event.again);

describe("statuses of IAMIdentityMapping", () => {
  test("are written by the sub-resource, for the version that was seen, and nothing else of the object", async () => {
    await using scene = opening();
    scene.writer.see(mapping("dev", { status: { userID: "AROA" }, version: "7" }));
    await settle();
    expect(scene.requests).toMatchObject([
      {
        method: "PUT",
        path: "/apis/iamauthenticator.k8s.aws/v1alpha1/iamidentitymappings/dev/status",
        body: {
          apiVersion: "iamauthenticator.k8s.aws/v1alpha1",
          kind: "IAMIdentityMapping",
          metadata: { name: "dev", resourceVersion: "7" },
          status: { canonicalARN: "arn:aws:iam::111122223333:role/dev", userID: "AROA" },
        },
      },
    ]);
    expect(scene.events).toEqual([]);
  });

  test("that are right are not written again", async () => {
    await using scene = opening();
    scene.writer.see(mapping("dev", { status: { canonicalARN: arn("dev") } }));
    await scene.time.advance(600_000);
    expect(scene.asked).toEqual([]);
  });

  test("of many are written one after the other", async () => {
    await using scene = opening();
    const underWay: number[] = [];
    scene.before = () => void underWay.push(scene.asked.length - underWay.length);
    for (const name of ["a", "b", "c"]) scene.writer.see(mapping(name));
    await settle();
    expect(scene.asked).toEqual(["a", "b", "c"]);
    expect(underWay).toEqual([1, 1, 1]);
  });

  test.each([
    { name: "a right that is missing", answer: 403 },
    { name: "no such sub-resource", answer: 404 },
    { name: "an API server that is broken", answer: 500 },
    { name: "no API server", answer: new KnownError("CONNECTION_REFUSED", "refused") },
  ])("$name: told once, asked ever more seldom, and written when it is over", async ({ answer }) => {
    await using scene = opening();
    scene.answers.set("*", answer);
    for (const name of ["a", "b"]) scene.writer.see(mapping(name));
    await settle();
    // The second one has to wait for the first one's pause, and goes first then.
    expect(scene.asked).toEqual(["a"]);
    await scene.time.advance(1_000);
    expect(scene.asked).toEqual(["a", "b"]);
    await scene.time.advance(3_600_000);
    expect(scene.asked.length).toBeLessThan(25);
    expect(told(scene).filter((again) => !again)).toHaveLength(1);
    scene.answers.clear();
    scene.asked.length = 0;
    await scene.time.advance(600_000);
    expect(scene.asked.toSorted()).toEqual(["a", "b"]);
  });

  test("one that cannot be written holds up no other, also when that comes during the pause", async () => {
    await using scene = opening();
    scene.answers.set("bad", 422);
    for (const name of ["bad", "good"]) scene.writer.see(mapping(name));
    await scene.time.advance(1_000);
    expect(scene.asked.slice(0, 2)).toEqual(["bad", "good"]);
    await scene.time.advance(60_000);
    scene.asked.length = 0;
    scene.writer.see(mapping("new"));
    await settle();
    expect(scene.asked).toEqual(["new"]);
  });

  test("a newer object: a conflict is no failure, and the newer one is written", async () => {
    await using scene = opening();
    scene.answers.set("dev", 409);
    scene.writer.see(mapping("dev", { version: "1" }));
    await settle();
    await scene.time.advance(600_000);
    expect([scene.asked, scene.events]).toEqual([["dev"], []]);
    scene.answers.clear();
    scene.writer.see(mapping("dev", { version: "2" }));
    await settle();
    expect(scene.requests.at(-1)).toMatchObject({ body: { metadata: { resourceVersion: "2" } } });
  });

  test("one that was deleted while it was written is not asked for again", async () => {
    await using scene = opening();
    scene.answers.set("dev", 404);
    scene.before = () => scene.writer.forget("dev");
    scene.writer.see(mapping("dev"));
    await scene.time.advance(600_000);
    expect(scene.asked).toEqual(["dev"]);
  });

  test("one that changed while it was written is written as it is then", async () => {
    await using scene = opening();
    scene.answers.set("dev", 500);
    scene.before = () => {
      scene.before = () => undefined;
      scene.writer.see(mapping("dev", { version: "2" }));
    };
    scene.writer.see(mapping("dev", { version: "1" }));
    await scene.time.advance(1_000);
    const versions = scene.requests.map(
      ({ body }) => (body as { metadata: { resourceVersion: string } }).metadata,
    );
    expect(versions.map(({ resourceVersion }) => resourceVersion)).toEqual(["1", "2"]);
  });
});
