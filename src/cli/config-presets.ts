import { isKnownError } from "../base/errors.ts";
import { checkRecipes, presetsWith, type Preset, type UserPreset } from "../ui/index.ts";
import {
  choice,
  either,
  FieldError,
  fieldsOf,
  listOf,
  mapOf,
  text,
  whole,
  type Field,
} from "./config-field.ts";

/** RFC 6335 §5.1, as Kubernetes has it for ports. */
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/;
const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const COOKIE_NAME = /^[!#$%&'+.^_`|~0-9A-Za-z-]+\*?$/;

const names = listOf(text('a name, in which "*" stands for any text', /^[a-z0-9*]([a-z0-9.*-]*[a-z0-9*])?$/));
const labelKey = { pattern: /^[A-Za-z0-9]([A-Za-z0-9./_-]*[A-Za-z0-9])?$/, wanted: "the name of a label" };
const labels = listOf(
  mapOf(labelKey, text('the value of a label, in which "*" stands for any text', /^[A-Za-z0-9._*-]*$/)),
);
const page = text('a path that starts with "/"', /^\/[!-~]*$/);
const pathPattern = text(
  'a path that starts with "/", with "*" for one segment or "**" at its end',
  /^\/[!-~]*$/,
);
const status = whole(100, 599);
const cookies = listOf(text('the name of a cookie, or a prefix that ends in "*"', COOKIE_NAME));

const preset = fieldsOf(
  {
    name: text("text of at most 100 characters", /^[^\0-\x1f\x7f-\x9f]{1,100}$/),
    services: names,
    "service-labels": labels,
    "pod-labels": labels,
    images: listOf(
      text("a repository without tag, e.g. kiali/kiali", /^[a-z0-9][a-z0-9._/-]*(?::\d+\/[a-z0-9._/-]+)?$/),
    ),
    except: names,
    namespaces: listOf(text("the name of a namespace", /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
    port: either(whole(1, 65_535), text("", PORT_NAME), "a number from 1 to 65535, or the name of a port"),
    scheme: choice(["http", "https"]),
    path: page,
    ready: fieldsOf(
      {
        path: page,
        status,
        contains: text(),
        keys: listOf(text()),
      },
      {
        path: "Asked by GET",
        status: "Status of the answer. Default: 200",
        contains: "Text in its body",
        keys: "Keys of the JSON object that its body is",
      },
    ),
    "strip-cookies": cookies,
    "expire-cookies": listOf(text("the name of a cookie", /^[!#$%&'+.^_`|~0-9A-Za-z-]+$/)),
    headers: mapOf(
      { pattern: /^[^]+$/, wanted: "the name of a header" },
      text("text", undefined, { empty: true }),
    ),
    "never-refusals": listOf(pathPattern),
    "perhaps-refusals": listOf(
      fieldsOf({ status, path: pathPattern }, { status: "Of the answer", path: 'Default: "/**"' }),
    ),
    sends: choice(["bearer", "headers", "nothing"]),
    leg: choice(["pod", "direct"]),
    impersonation: choice(["accepts", "ignores"]),
  },
  {
    name: "What it is called. Default: its key",
    services: 'Names of its Service, one of which is enough; "*" stands for any text',
    "service-labels": "Sets of labels of its Service, one of which is enough",
    "pod-labels": "Sets of labels of its pod, one of which is enough",
    images: "Repositories of its image, from the right and without tag, one of which is enough",
    except: "Services that are something else, whatever their labels say",
    namespaces: "Where it is looked for, beside the namespace of the context",
    port: "Port of its Service, by number or name. Default, and where it has no such port: found out",
    scheme: "What it speaks, whatever its port says of itself. Default: found out",
    path: "Path and query of the page to open, where its Service tells that it is this UI. Default: /",
    ready: "A GET whose answer shows that it is this UI",
    "strip-cookies":
      'Cookies that are not sent to it: names, or prefixes that end in "*". Default: headlamp-auth-*, token, jweToken',
    "expire-cookies": "Cookies that are taken out of the browser, and not sent to it",
    headers: "Headers that kauth adds; {{username}}, {{groups}} and {{uid}} say who the person is",
    "never-refusals":
      'Paths whose 401 says nothing about the credential; "*" is one segment, "**" at the end the rest',
    "perhaps-refusals": "Answers after which the API server is asked whether the credential is still good",
    sends:
      "What its pod gets: bearer, the person's token and the headers; headers, these alone; nothing. Default: headers where there are any, else bearer",
    leg: "direct: /clusters/main/… goes from here straight to the API server. Default: pod",
    impersonation: "Whether it acts as whom Impersonate-* headers name. Default: ignores",
  },
);

type Written = ReturnType<(typeof preset)["read"]>;

const entries = mapOf({ pattern: ID, wanted: "a name of small letters, digits and -" }, preset);

const readyOf = (ready: Written["ready"], path: string): Preset["ready"] => {
  if (ready === undefined) return undefined;
  const { path: asked, status: answered = 200, contains, keys } = ready;
  if (asked === undefined) throw new FieldError(`"${path}.path" is missing`, `Add "${path}.path"`);
  return {
    path: asked,
    answers: [
      {
        status: answered,
        ...(contains === undefined ? {} : { contains }),
        ...(keys === undefined ? {} : { keys }),
      },
    ],
  };
};

const defined = <T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };

const labelSets = (sets: Written["pod-labels"]): readonly Readonly<Record<string, string>>[] | undefined =>
  sets?.map((set) => Object.fromEntries(set));

const presetOf = (id: string, written: Written, path: string): UserPreset => {
  const { port, headers } = written;
  const refusals = defined({
    never: written["never-refusals"],
    perhaps: written["perhaps-refusals"]?.map(({ status: of, path: at = "/**" }, index) => {
      if (of === undefined) throw new FieldError(`"${path}.perhaps-refusals[${index}].status" is missing`);
      return { status: of, path: at };
    }),
  });
  return {
    id,
    find: defined({
      services: written.services,
      serviceLabels: labelSets(written["service-labels"]),
      podLabels: labelSets(written["pod-labels"]),
      images: written.images,
      except: written.except,
      namespaces: written.namespaces,
    }),
    ...defined({
      name: written.name,
      ports: port === undefined ? undefined : [port],
      scheme: written.scheme,
      path: written.path,
      ready: readyOf(written.ready, `${path}.ready`),
      strip: written["strip-cookies"],
      expire: written["expire-cookies"],
      headers: headers?.map(([name, value]) => ({ name, value })),
      refusals: Object.keys(refusals).length === 0 ? undefined : refusals,
      sends: written.sends,
      leg: written.leg,
      impersonation: written.impersonation,
    }),
  };
};

/** What cannot be meant, in one preset. @throws {FieldError} */
const refuseContradiction = (own: UserPreset, whole: Preset, path: string): void => {
  const { find, scheme, ports, headers, sends } = whole;
  const at = (key: string): string => `"${path}.${key}"`;
  if ([find.services, find.serviceLabels, find.podLabels, find.images].every((list) => list.length === 0))
    throw new FieldError(
      `"${path}" does not say how it is found`,
      `Add ${at("services")}, ${at("service-labels")}, ${at("pod-labels")} or ${at("images")}`,
    );
  const [port] = own.ports ?? [];
  const secured = typeof port === "string" ? /^https(?:-|$)|-https$/.test(port) : port === 443;
  const plain = typeof port === "string" ? /^http(?:-|$)/.test(port) : port === 80;
  if (ports.length > 0 && ((secured && scheme === "http") || (plain && scheme === "https")))
    throw new FieldError(
      `${at("port")} is ${JSON.stringify(port)}, and ${at("scheme")} is ${scheme}: these contradict each other`,
      `Set ${at("scheme")} to ${secured ? "https" : "http"}, or correct the port`,
    );
  if (sends === "headers" && headers.length === 0)
    throw new FieldError(`${at("sends")} is headers, and there are none`, `Add ${at("headers")}`);
  if (sends === "nothing" && own.headers !== undefined && own.headers.length > 0)
    throw new FieldError(`${at("sends")} is nothing, and there are headers`, `Leave one of the two out`);
  try {
    checkRecipes(headers, "CONFIG_INVALID");
  } catch (error) {
    throw isKnownError(error) ? new FieldError(`${at("headers")}: ${error.message}`) : error;
  }
};

/** Two of a person's own that mean the same thing. @throws {FieldError} */
const refuseRivals = (all: readonly UserPreset[], path: string): void => {
  const owners = new Map<string, string>();
  const claim = (id: string, what: string, value: string): void => {
    const key = `${what} ${JSON.stringify(value)}`;
    const owner = owners.get(key);
    if (owner !== undefined && owner !== id)
      throw new FieldError(
        `"${path}.${owner}" and "${path}.${id}" are both for the ${key}`,
        "Leave it out of one of the two",
      );
    owners.set(key, id);
  };
  for (const { id, find = {} } of all) {
    for (const name of find.services ?? []) claim(id, "Service", name);
    for (const image of find.images ?? []) claim(id, "image", image);
  }
};

/** The block `presets` of config.yaml: UIs of a person's own, and what they say of others, by id. */
export const presetsField: Field<readonly UserPreset[]> = {
  read: (value, path) => {
    const all = entries.read(value, path).map(([id, written]) => presetOf(id, written, `${path}.${id}`));
    refuseRivals(all, path);
    const table = presetsWith(all);
    for (const [index, own] of all.entries()) {
      const whole = table[index];
      if (whole !== undefined) refuseContradiction(own, whole, `${path}.${own.id}`);
    }
    return all;
  },
  schema: entries.schema,
};
