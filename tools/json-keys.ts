import type { Finding } from "../src/cli/doctor/finding.ts";
import type { FoundDocument } from "../src/cli/open/found.ts";
import type { OpenEvent } from "../src/cli/open/report.ts";
import type { ErrorEvent } from "../src/cli/run.ts";
import type { WhoAmI } from "../src/cli/whoami.ts";
import type { Sentences } from "./json-document.ts";

export type Event = OpenEvent | ErrorEvent;

type EventOf<Name extends Event["event"]> = Extract<Event, { readonly event: Name }>;

export const EVENTS: {
  readonly [Name in Event["event"]]: { readonly when: string; readonly keys: Sentences<EventOf<Name>> };
} = {
  ready: {
    when: "A target's page is served and its pod was found: once, or of several targets once for each, when somebody first opens it. Of several, events about one of them say which by `target`, `namespace` and `context`, and those about a cluster by `context`.",
    keys: {
      url: "Address of the page, with the path that was asked for. It needs a session, or `X-Kauth-Token`.",
      target: "What is open: `svc/NAME` or `pod/NAME`.",
      port: "Number of the port in the pod.",
      scheme: "`http` or `https`: what is spoken with the pod.",
      namespace: "Of the pod.",
      context: "Name of the kubeconfig's context. Missing where none is used.",
      kubeconfig: "File that the user entry comes from. Missing where options alone name the user.",
      pod: "Name of the pod in use.",
      image: "Image of its container. Missing where no container declares the port.",
      user: "Whom the cluster takes you for. Missing where it does not tell, and with `--anonymous`.",
      impersonation:
        "Object: whom you act as (`user`, `uid`, `groups`, `extra`), `by` whose credential, and what the `ui` does with it (`name`, `impersonation`: `accepts`, `ignores`, `unknown`). Missing where nobody is impersonated.",
      serviceAccount: "With `--service-account`: whom the UI sees, as `NAMESPACE/NAME`. Missing without it.",
      method:
        "How the kubeconfig signs in: `token`, `token-file`, `exec`, `auth-provider`; `none` with `--anonymous`.",
      credential: "The same in words, for people. The words may change.",
      expiresAt: "When the credential ends, in ISO 8601. Missing where it does not say.",
      readOnly: "Whether only what reads passes (`--read-only`).",
      addresses: "List of the addresses that are listened on, as `127.0.0.1:18000`.",
      apiTokenFile: "What `--api-token-file` named. Missing without it.",
    },
  },
  serving: {
    when: "Once, with several targets: the start page is served.",
    keys: {
      url: "Address of the start page. It needs a session.",
      targets:
        "List of objects: `target`, `namespace`, `context` (missing where none is used), `url` of its page.",
      readOnly: "Whether only what reads passes (`--read-only`).",
      addresses: "List of the addresses that are listened on, as `127.0.0.1:18000`.",
      apiTokenFile: "What `--api-token-file` named. Missing without it.",
    },
  },
  link: {
    when: "A one-time link; only with `--print-link`. Without it the link goes to stderr as text.",
    keys: {
      url: "The link. It is a secret, and good once.",
      goodForSeconds: "How long it is good.",
    },
  },
  browser: {
    when: "A browser was to be started.",
    keys: {
      opened: "Whether it was.",
      reason: "Why not, in words. Missing if it was.",
    },
  },
  session: {
    when: "A browser signed in, or a session was ended.",
    keys: {
      state: "`started` or `ended`.",
      reason: "Why it ended, in words.",
    },
  },
  pod: {
    when: "The pod in use was lost or changed, or is there again.",
    keys: {
      state: "`up`, `down` or `switched`.",
      pod: "Its name.",
      image: "Image of its container.",
      reason: "Why, in words.",
    },
  },
  state: {
    when: "What the pages of the target show ([pages.md](pages.md)) has become something else. `starting` comes first, and the first `up` before `ready`.",
    keys: {
      state:
        "`starting`, `up`, `restarting` (the pod went, and the next is looked for), `no-ready-pod`, `denied`, `sign-in`, `unreachable` (the API server) or `answered` (the pod does not take or understand the connection).",
      code: "As in [errors.md](errors.md). Missing where nothing failed, and where the event `pod` or `sign-in` has the reason.",
      message: "What failed, in words. May hold text of the cluster. Missing with `code`.",
      next: "What to do next, in words. Missing with `code`.",
      right:
        "Object: the right that is missing (`verb`, `resource`, and `namespace` where it is in one). Only with `denied`.",
    },
  },
  incident: {
    when: "A request got an answer of kauth's instead of the UI's: once for each code, then at most once in 30 s.",
    keys: {
      incident: "Its id, which the page shows too.",
      code: "As in [errors.md](errors.md). Missing where the reason has none.",
      message: "What failed, in words. May hold text of the cluster.",
      next: "What to do next, in words.",
      more: "Number of incidents with the same code since the last such event.",
    },
  },
  identity: {
    when: "A new credential is of somebody else: it is used for nothing, and all sessions have ended.",
    keys: { from: "Whose pages they were.", to: "Whose the new credential is." },
  },
  "sign-in": {
    when: "Signing in failed while pages are served, runs again, or is well again.",
    keys: {
      state: "`failed`, `running` or `well`.",
      code: "As in [errors.md](errors.md). Missing unless it failed for a reason that has one.",
      message: "What failed, in words.",
      next: "What to do next, in words.",
      retryInSeconds: "When it is tried again by itself. Missing where it waits for a person.",
    },
  },
  attached: {
    when: "Another kauth of yours serves the targets already. The browser is started on it, and this one ends with 0.",
    keys: {
      pid: "Of the other process.",
      targets: "List of objects: what it serves (`target`, `namespace`, `context`).",
      addresses: "List of the addresses that it listens on, as `127.0.0.1:18000`.",
    },
  },
  kubeconfig: {
    when: "What was selected at the start is no longer what the kubeconfig says. kauth goes on with what it started with. Once for each change.",
    keys: {
      changes:
        "List of sentences for people, with names of entries and fields and no values. Empty: it is as it was at the start again.",
    },
  },
  stopping: {
    when: "A signal asked for the end.",
    keys: { inFlight: "Number of requests and WebSockets that are waited for, for at most 10 s." },
  },
  error: {
    when: "The command failed; it is the last line. Every command with `--output json` writes it.",
    keys: {
      code: "As in [errors.md](errors.md). Missing for a fault of kauth's own.",
      message: "What failed, in words. It is what stderr says too.",
      next: "What to do next, in words. Missing for a fault of kauth's own.",
    },
  },
};

export const WHOAMI: Sentences<WhoAmI> = {
  user: "Whom the cluster takes you for. Missing where it does not tell.",
  uid: "As the cluster tells it.",
  groups: "List.",
  extra: "Object: lists of texts by key.",
  impersonation: "Object: whom you act as, and `by` whose credential. Missing where nobody is impersonated.",
  kubeconfig: "File that the user entry comes from.",
  context: "Name of the context.",
  entry: "Name of the user entry.",
  method: "`none`, `token`, `token-file`, `basic`, `certificate`, `exec` or `auth-provider`.",
  credential: "The same in words, for people. The words may change.",
  cluster: "Name of the cluster entry.",
  server: "Address of the API server.",
  expiresAt: "When the credential ends, in ISO 8601.",
  unverified: "Object: what the token says of itself. Only where the cluster does not tell who you are.",
};

export const FINDING: Sentences<Finding> = {
  id: "Name of the check; the same in every release.",
  state:
    "`ok`, `warning`, `bad`, `none` (there is nothing of the kind) or `untried` (something before it failed).",
  subject: "What was looked at, in words.",
  found: "What is so, in words. May hold text of the cluster.",
  next: "What to do next, in words. Missing where there is nothing to do.",
};

export const FOUND: Sentences<FoundDocument["uis"][number]> = {
  id: "What `kauth open ID` takes.",
  name: "The same for people.",
  namespace: "Of its Service.",
  target:
    "What `kauth open` takes with this namespace: `svc/NAME`, or `svc/NAME:PORT` where there are several ports.",
  port: "Number of the Service's port. Missing where none of several is known to be the UI's.",
  leg: "`direct`: the Kubernetes API is asked from this machine, and the pod gets no credential. `pod`: through the UI's pod.",
  sends:
    "What its pod would get of you without `--leg direct`: `bearer` (your token), `headers` (your name) or `nothing`.",
  command:
    "The whole command that opens it, for a POSIX shell. A token or password of this command line is left out.",
};

export const NOT_SEARCHED: Sentences<FoundDocument["notSearched"][number]> = {
  namespace: "Missing where it is the whole cluster at once.",
  state:
    "`denied` (you may not list Services there), `partly` (there are more than are looked at) or `failed`.",
  code: "As in [errors.md](errors.md). Missing with `partly`.",
  message: "Why, in words. Missing with `partly`.",
};
