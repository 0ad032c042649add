import { decode, dictionary, fallback, object, record, string, unknown } from "../../base/decode.ts";
import { KnownError, messageOf } from "../../base/errors.ts";
import { readAwsAuth } from "../../iam/index.ts";
import type { Connection } from "../../api/index.ts";
import type { Invocation, ParsedOptions } from "../command.ts";
import { isTrue, refuseOperands } from "../options.ts";
import { connectApiServer } from "./api-server.ts";
import { appendEntry, type WrittenEntry } from "./append-entry.ts";

const PATH = "/api/v1/namespaces/kube-system/configmaps";
const NAME = "aws-auth";
/** Somebody else may change it between; as often as client-go. */
const TRIES = 5;

interface Addition {
  readonly section: "mapRoles" | "mapUsers";
  readonly entry: WrittenEntry;
  /** Whom it is for, as a person reads it. */
  readonly whom: string;
}

/** `kauth iam add user`, which is `aws-iam-authenticator add user`. */
export async function runAddUser(invocation: Invocation): Promise<number> {
  refuseOperands(invocation, "add a user");
  const { options } = invocation;
  const userarn = given(options, "userarn");
  return await add(invocation, {
    section: "mapUsers",
    entry: { userarn, ...common(options) },
    whom: `user ARN ${JSON.stringify(userarn)}`,
  });
}

/** `kauth iam add role`, which is `aws-iam-authenticator add role`, without its panic at `--sso` (D1). */
export async function runAddRole(invocation: Invocation): Promise<number> {
  refuseOperands(invocation, "add a role");
  const { options } = invocation;
  const sso = options.string("sso") ?? "";
  if (sso === "") {
    const rolearn = given(options, "rolearn");
    return await add(invocation, {
      section: "mapRoles",
      entry: { rolearn, ...common(options) },
      whom: `role ARN ${JSON.stringify(rolearn)}`,
    });
  }
  if ((options.string("rolearn") ?? "") !== "")
    throw new KnownError("USAGE", "only one of rolearn or SSO must be supplied");
  return await add(invocation, {
    section: "mapRoles",
    entry: { sso: permissionSet(sso), ...common(options) },
    whom: `permission set ${JSON.stringify(sso)}`,
  });
}

const given = (options: ParsedOptions, name: string): string => {
  const value = options.string(name) ?? "";
  if (value === "")
    throw new KnownError("USAGE", `invalid empty value in ${name}`, { hint: `Give --${name}` });
  return value;
};

const common = (
  options: ParsedOptions,
): { readonly username: string; readonly groups: readonly string[] } => {
  const groups = options
    .list("groups")
    .flatMap((text) => text.split(","))
    .map((group) => group.trim())
    .filter((group) => group !== "");
  if (groups.length === 0)
    throw new KnownError("USAGE", "invalid empty value in groups", { hint: "Give --groups" });
  return { username: given(options, "username"), groups };
};

const SET_KEYS = ["permissionSetName", "accountID", "partition"];

const permissionSet = (text: string): Readonly<Record<string, string>> => {
  const pairs = text.split(",").map((pair) => {
    const at = pair.indexOf("=");
    const key = SET_KEYS.find((each) => each.toLowerCase() === pair.slice(0, at).trim().toLowerCase());
    if (at < 1 || key === undefined)
      throw new KnownError(
        "USAGE",
        `Cannot use --sso=${JSON.stringify(text)}: it must be permissionSetName=NAME,accountID=ID[,partition=NAME]`,
      );
    return [key, pair.slice(at + 1).trim()] as const;
  });
  return Object.fromEntries(pairs);
};

const add = async (invocation: Invocation, addition: Addition): Promise<number> => {
  const { system, options, signal } = invocation;
  await using connection = await connectApiServer(
    {
      kubeconfig: options.string("kubeconfig"),
      context: options.string("kubeconfig-context"),
      server: options.string("master-url"),
    },
    system,
    signal,
  );
  // What cannot be added is told before anybody is asked.
  let next = await changed(await read(connection), addition);
  if (isTrue(options.list("prompt").at(-1) ?? "true")) {
    const { askYes } = await import("../open/ask.ts");
    if (!(await askYes(`Ready to add ${addition.whom}, should we continue? [y/N]: `, signal))) {
      system.log.say("cancelled");
      if (!system.stdinIsTerminal) system.log.say("Nothing was changed. --prompt=false does not ask.");
      return 0;
    }
  }
  for (let tries = 1; ; tries++) {
    if (await write(connection, next)) break;
    if (tries === TRIES)
      throw new KnownError(
        "API_CONFLICT",
        `Cannot change kube-system/${NAME}: others change it all the time`,
      );
    next = await changed(await read(connection), addition);
  }
  system.log.out(`updated configmap:\n${next.data.get(addition.section) ?? ""}`);
  return 0;
};

interface AwsAuth {
  /** Undefined: it is not there yet. */
  readonly object: Readonly<Record<string, unknown>> | undefined;
  readonly data: ReadonlyMap<string, string>;
}

const shape = object({ data: fallback(dictionary(string), new Map<string, string>()), metadata: unknown });

const read = async (connection: Connection): Promise<AwsAuth> => {
  const { status, body } = await connection.request({ method: "GET", path: `${PATH}/${NAME}` });
  if (status === 404) return { object: undefined, data: new Map() };
  if (status !== 200) throw refused("read", status, body);
  const what = { what: `kube-system/${NAME}`, code: "API_FAILED" } as const;
  return { object: decode(record, body, what), data: decode(shape, body, what).data };
};

const changed = async (
  { object: old, data }: AwsAuth,
  { section, entry, whom }: Addition,
): Promise<AwsAuth> => {
  const text = data.get(section) ?? "";
  const { faults } = await readAwsAuth(new Map([[section, text]]));
  if (faults.length > 0)
    throw new KnownError(
      "IAM_MAPPING",
      `Cannot add to ${section} of kube-system/${NAME}: ${faults.join("; ")}`,
    );
  let next: string;
  try {
    next = appendEntry(text, entry);
  } catch (error) {
    throw new KnownError(
      "IAM_MAPPING",
      `Cannot add to ${section} of kube-system/${NAME}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const { table, faults: wrong } = await readAwsAuth(new Map([[section, next]]));
  if (wrong.length > 0) throw new KnownError("USAGE", `Cannot add ${whom}: ${wrong.join("; ")}`);
  const subjects = table.entries.map(({ subject }) => JSON.stringify(subject).toLowerCase());
  if (subjects.indexOf(subjects.at(-1) ?? "") < subjects.length - 1)
    throw new KnownError("USAGE", `cannot add duplicate ${whom}`);
  return { object: old, data: new Map([...data, [section, next]]) };
};

/** False: somebody else was faster. */
const write = async (connection: Connection, { object: old, data }: AwsAuth): Promise<boolean> => {
  const body = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: NAME, namespace: "kube-system" },
    ...old,
    data: Object.fromEntries(data),
  };
  const answer = await connection.request(
    old === undefined
      ? { method: "POST", path: PATH, body }
      : { method: "PUT", path: `${PATH}/${NAME}`, body },
  );
  if (answer.status === 409) return false;
  if (answer.status >= 300) throw refused("change", answer.status, answer.body);
  return true;
};

const refused = (verb: string, status: number, body: unknown): KnownError => {
  const { message } = decode(object({ message: fallback(string, "") }), body ?? {}, {
    what: "an answer",
    code: "API_FAILED",
  });
  return new KnownError(
    status === 403 ? "FORBIDDEN" : "API_FAILED",
    `Cannot ${verb} kube-system/${NAME}: the API server says ${status} ${message}`,
  );
};
