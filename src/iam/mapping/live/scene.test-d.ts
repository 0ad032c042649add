import type { System } from "../../../base/system.ts";
import type { Connection } from "../../../api/index.ts";
import { epochMillis } from "../../../base/units.ts";
import { clock, settle, type Clock } from "../../../tunnel/far-end.test-d.ts";
import { readServerConfig } from "../../server-config.ts";
import { createMapper } from "../mapper.ts";
import type { BackendName } from "../reserved.ts";
import { followMappings, type LiveMappings } from "./backends.ts";
import type { MappingEvent } from "./source.ts";

/** Sources of mappings in memory, and a clock that stands still until it is told. */

export const CONFIG = "/config.yaml";
export const DYNAMIC = "/dynamic.json";
export const MODES = "/modes.json";
const ACCOUNT = "111122223333";
export const arn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const configOf = (roles: Readonly<Record<string, string>>): string =>
  `server:\n  dynamicfilepath: ${DYNAMIC}\n  dynamicBackendModePath: ${MODES}\n  mapRoles:\n${Object.entries(
    roles,
  )
    .map(([name, user]) => `  - {rolearn: "${arn(name)}", username: ${user}}\n`)
    .join("")}`;
export const dynamicOf = (roles: Readonly<Record<string, string>>, updated = ""): string =>
  JSON.stringify({
    LastUpdatedDateTime: updated,
    mapRoles: Object.entries(roles).map(([name, username]) => ({ rolearn: arn(name), username })),
  });

export interface Scene extends AsyncDisposable {
  readonly live: LiveMappings;
  readonly time: Clock;
  readonly files: Map<string, string>;
  readonly events: MappingEvent[];
  /** The user that a role is; `-`: none. */
  readonly who: (name: string) => Promise<string>;
}

export async function scene(
  modes: readonly BackendName[],
  {
    files: written = {},
    connection,
    writeStatus,
  }: {
    readonly files?: Readonly<Record<string, string>>;
    readonly connection?: Connection;
    readonly writeStatus?: boolean;
  } = {},
): Promise<Scene> {
  const files = new Map(Object.entries({ [CONFIG]: configOf({ A: "a" }), ...written }));
  const time = clock();
  let reads = 0;
  const system: System = {
    ...time.system,
    files: {
      ...time.system.files,
      facts: (path) =>
        Promise.resolve(
          files.has(path)
            ? {
                kind: "file",
                mode: 0o600,
                uid: 0,
                size: files.get(path)?.length ?? 0,
                modified: epochMillis(reads),
              }
            : undefined,
        ),
      read: (path) => {
        reads += 1;
        const text = files.get(path);
        return text === undefined
          ? Promise.reject(Object.assign(new Error("gone"), { code: "ENOENT" }))
          : Promise.resolve(Buffer.from(text));
      },
    },
  };
  const events: MappingEvent[] = [];
  const live = followMappings({
    modes,
    config: await readServerConfig(files.get(CONFIG) ?? "", CONFIG),
    configPath: CONFIG,
    connection,
    ...(writeStatus === undefined ? {} : { writeStatus }),
    system,
    tell: (event) => events.push(event),
  });
  const map = createMapper({
    backends: live.backends,
    reserved: new Map(),
    privateDnsName: () => Promise.reject(new Error("not expected")),
  });
  const who = async (name: string): Promise<string> => {
    const sts = { arn: "", account: ACCOUNT, userId: "AROA", sessionName: "s", accessKeyId: "ASIA" };
    return await map({ ...sts, canonicalArn: arn(name) }).then(
      ({ username }) => username,
      () => "-",
    );
  };
  await settle();
  return {
    live,
    time,
    files,
    events,
    who,
    [Symbol.asyncDispose]: async () => await live[Symbol.asyncDispose](),
  };
}
