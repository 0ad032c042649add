import type { MissingRight } from "../../base/errors.ts";
import type { System } from "../../base/system.ts";
import type { EpochMillis } from "../../base/units.ts";
import type { Method } from "../../credentials/index.ts";
import type { Trouble } from "../../proxy/index.ts";
import type { Scheme } from "../../route/index.ts";
import { escapeLine } from "../../base/terminal.ts";
import { jsonText, oneLine } from "../output.ts";
import type { ActingAs } from "./impersonation.ts";
import type { OpenedTargetName } from "./instance-words.ts";
import { changeText } from "./kubeconfig-change.ts";

/** One JSON object a line on stdout with `--output json`; the same facts as text on stderr otherwise. */
export type OpenEvent =
  | {
      readonly event: "ready";
      readonly url: string;
      readonly target: string;
      /** The number in the pod, and what is spoken there. */
      readonly port: number;
      readonly scheme: Scheme;
      readonly namespace: string;
      readonly context: string | undefined;
      /** The file that the user comes from. */
      readonly kubeconfig: string | undefined;
      readonly pod: string;
      readonly image: string | undefined;
      readonly user: string | undefined;
      /** Who acts as whom; undefined where nobody is impersonated. */
      readonly impersonation: ActingAs | undefined;
      /** As `NAMESPACE/NAME`: whom the UI sees instead. */
      readonly serviceAccount: string | undefined;
      /** How the kubeconfig signs in, as `kauth whoami` names it; "none" with `--anonymous`. */
      readonly method: Method;
      /** The same in words, for people. */
      readonly credential: string;
      readonly expiresAt: string | undefined;
      /** Only what reads passes. */
      readonly readOnly: boolean;
      readonly addresses: readonly string[];
      readonly apiTokenFile: string | undefined;
    }
  /** Several targets: their pods are looked for when somebody first opens them. */
  | {
      readonly event: "serving";
      /** Of the start page. */
      readonly url: string;
      readonly targets: readonly ServedTarget[];
      /** Only what reads passes. */
      readonly readOnly: boolean;
      readonly addresses: readonly string[];
      readonly apiTokenFile: string | undefined;
    }
  | { readonly event: "link"; readonly url: string; readonly goodForSeconds: number }
  | { readonly event: "browser"; readonly opened: boolean; readonly reason: string | undefined }
  | { readonly event: "session"; readonly state: "started" | "ended"; readonly reason: string | undefined }
  | {
      readonly event: "pod";
      readonly state: "up" | "down" | "switched";
      readonly pod: string | undefined;
      readonly image: string | undefined;
      readonly reason: string | undefined;
    }
  | {
      /** What the pages of the target show, once for each change. */
      readonly event: "state";
      readonly state: Trouble | "up";
      readonly code: string | undefined;
      /** Where another event says why, none. */
      readonly message: string | undefined;
      readonly next: string | undefined;
      readonly right: MissingRight | undefined;
    }
  | {
      /** A page or a script got an answer of ours instead of the UI's. */
      readonly event: "incident";
      /** As it stands on the page. */
      readonly incident: string;
      readonly code: string | undefined;
      readonly message: string;
      readonly next: string | undefined;
      /** Incidents with the same code since the last such event. */
      readonly more: number;
    }
  /** The new credential is of somebody else: all sessions have ended. Names are escaped. */
  | { readonly event: "identity"; readonly from: string; readonly to: string }
  | {
      readonly event: "sign-in";
      readonly state: "failed" | "running" | "well";
      readonly code: string | undefined;
      readonly message: string | undefined;
      readonly next: string | undefined;
      readonly retryInSeconds: number | undefined;
    }
  /** Another kauth of this user serves it already; nothing is served here. */
  | {
      readonly event: "attached";
      readonly pid: number;
      readonly targets: readonly OpenedTargetName[];
      readonly addresses: readonly string[];
    }
  /** The kubeconfig is other than it was when kauth started, which goes on with that. Names only. */
  | { readonly event: "kubeconfig"; readonly changes: readonly string[] }
  /** `inFlight`: requests and WebSockets that are waited for. */
  | { readonly event: "stopping"; readonly inFlight: number };

export interface ServedTarget {
  readonly target: string;
  readonly namespace: string;
  readonly context: string | undefined;
  readonly url: string;
}

/** Which of several targets, or which cluster, an event is about. */
export type Subject = Partial<Omit<ServedTarget, "url">>;

export interface Report {
  emit(event: OpenEvent): void;
}

/** Where there are several, each event says which one it is about. */
export const about = (report: LabelledReport, subject: Subject): Report => ({
  emit: (event) => report.emit(event, subject),
});

export interface LabelledReport extends Report {
  emit(event: OpenEvent, subject?: Subject): void;
}

/** `in 14 min (15:04:05)`, as people read it. */
export const untilText = (end: EpochMillis, now: EpochMillis): string => {
  const left = Math.max(0, Math.round((end - now) / 1000));
  const at = new Date(end).toTimeString().slice(0, 8);
  if (left < 120) return `in ${left} s (${at})`;
  if (left < 2 * 60 * 60) return `in ${Math.round(left / 60)} min (${at})`;
  const day = 24 * 60 * 60;
  const away = left < 2 * day ? `${Math.round(left / 3600)} h` : `${Math.round(left / day)} days`;
  return `in ${away} (${new Date(end).toISOString().slice(0, 19)}Z)`;
};

/** Without `--print-link` the link is no JSON event (security.md R-N7), so it must not slip out that way. */
export function reportTo(
  system: System,
  options: { readonly output: "text" | "json"; readonly printLink: boolean },
): LabelledReport {
  const { log } = system;
  return {
    emit: (event, subject = {}) => {
      if (options.output === "json") {
        if (event.event !== "link" || options.printLink) log.out(jsonText({ ...subject, ...event }));
        if (event.event !== "link" || options.printLink) return;
      }
      const label = event.event === "ready" ? "" : labelOf(subject);
      for (const line of textOf(event, system)) log.say(`${label}${line}`);
    },
  };
}

const labelOf = ({ target, context }: Subject): string => {
  const words = [target, ...(context === undefined ? [] : [`@${context}`])].join("");
  return words === "" ? "" : `${escapeLine(words)}: `;
};

/** Remote text of several lines, as errors of plugins have them, where one line is meant. */
const inLine = (text: string): string => escapeLine(oneLine(text));

const askedBy = (acting: ActingAs | undefined): string =>
  acting === undefined
    ? ""
    : `, impersonated${acting.by === undefined ? "" : ` by ${escapeLine(acting.by)}`}`;

/** What the page will show is not always whom the API server sees (issue B.4). */
const impersonationNote = (acting: ActingAs | undefined): readonly string[] => {
  if (acting === undefined) return [];
  const { name = "the UI", impersonation } = acting.ui;
  const real = acting.by === undefined ? "you yourself" : escapeLine(acting.by);
  switch (impersonation) {
    case "accepts":
      return [`  note     ${name} acts as ${escapeLine(acting.user)} too`];
    case "ignores":
      return [`  note     ${name} will show ${real} (impersonation reaches the API server only)`];
    case "unknown":
      return [`  note     the UI may show ${real} (impersonation is sure to reach the API server only)`];
  }
};

/** Who acts in the UI is not who opened it (security.md R-N12). */
const accountNote = (account: string | undefined): readonly string[] =>
  account === undefined
    ? []
    : [`  note     the UI acts as ServiceAccount ${escapeLine(account)}, not as you`];

const userText = ({ user, method }: OpenEvent & { readonly event: "ready" }): string => {
  if (user !== undefined) return escapeLine(user);
  return method === "none" ? "nobody (--anonymous)" : "unknown (the cluster does not tell)";
};

/** Over SSH the browser is elsewhere; its link has this port and no other, so that is the one to forward. */
const forwardHint = (url: string, { env }: System): readonly string[] => {
  if (env["SSH_CONNECTION"] === undefined) return [];
  const { hostname, port: given } = new URL(url);
  const port = given === "" ? "80" : given;
  const from = hostname.endsWith(".localhost") ? port : `${hostname}:${port}`;
  const to = hostname.endsWith(".localhost") ? `127.0.0.1:${port}` : `${hostname}:${port}`;
  return [`In a browser on your own machine, after: ssh -L ${from}:${to} HOST`];
};

const signInText = (event: OpenEvent & { readonly event: "sign-in" }, system: System): readonly string[] => {
  if (event.state === "well") return ["Signed in again; the pages go on"];
  if (event.state === "running") return ["Signing in again …"];
  const code = event.code === undefined ? "" : ` [${event.code}]`;
  return [
    `Signing in failed: ${inLine(event.message ?? "")}${code}`,
    event.retryInSeconds === undefined
      ? system.stdinIsTerminal
        ? "Press Enter to sign in again; until then nothing is tried"
        : "Nothing is tried until somebody signs in again on kauth's own page, or starts kauth anew"
      : `The cluster cannot be reached either, so it is tried again in ${event.retryInSeconds} s`,
  ];
};

const stateText = (event: OpenEvent & { readonly event: "state" }): readonly string[] => {
  if (event.message === undefined) return [];
  const code = event.code === undefined ? "" : ` [${event.code}]`;
  const again = event.state === "sign-in" ? "" : "; it is tried again by itself";
  return [
    `${inLine(event.message)}${code}${again}`,
    ...(event.next === undefined ? [] : [inLine(event.next)]),
  ];
};

const readOnlyText = ({ readOnly }: { readonly readOnly: boolean }): readonly string[] =>
  readOnly ? ["  mode     read-only: what may change something is refused"] : [];

const textOf = (event: OpenEvent, system: System): readonly string[] => {
  switch (event.event) {
    case "ready": {
      const end =
        event.expiresAt === undefined
          ? ""
          : `, ends ${untilText(Date.parse(event.expiresAt) as EpochMillis, system.now())}`;
      const image = event.image === undefined ? "" : `, image ${escapeLine(event.image)}`;
      return [
        `  target   ${escapeLine(event.target)}, port ${event.port} (${event.scheme}), namespace ${escapeLine(event.namespace)}${event.context === undefined ? "" : `, context ${escapeLine(event.context)}`}`,
        `  pod      ${escapeLine(event.pod)}${image}`,
        `  user     ${userText(event)}${askedBy(event.impersonation)}`,
        ...impersonationNote(event.impersonation),
        ...accountNote(event.serviceAccount),
        `  sends    ${event.credential}${end}`,
        ...readOnlyText(event),
        `  address  ${event.url}`,
      ];
    }
    case "serving":
      return [
        ...event.targets.map(
          ({ target, namespace, context }) =>
            `  target   ${escapeLine(target)}, namespace ${escapeLine(namespace)}${context === undefined ? "" : `, context ${escapeLine(context)}`}`,
        ),
        ...readOnlyText(event),
        `  address  ${event.url}`,
      ];
    case "link":
      return [
        `Open this link once, within ${Math.round(event.goodForSeconds / 60)} minutes:`,
        `  ${event.url}`,
        ...forwardHint(event.url, system),
      ];
    case "browser":
      return event.opened
        ? ["Opening the browser"]
        : [`No browser was opened: ${event.reason ?? "not asked to"}`];
    case "session":
      return event.state === "started"
        ? ["Signed in: the browser has a session"]
        : [`A session ended: ${event.reason ?? "it was idle"}`];
    case "pod": {
      const why = event.reason === undefined ? "" : `: ${escapeLine(event.reason)}`;
      const pod = escapeLine(event.pod ?? "");
      if (event.state === "down") return [`Lost pod ${pod}${why}; looking for another`];
      const image = event.image === undefined ? "" : `, image ${escapeLine(event.image)}`;
      return [`${event.state === "up" ? "Connected to" : "Now using"} pod ${pod}${image}`];
    }
    case "state":
      return stateText(event);
    case "incident": {
      const code = event.code === undefined ? "" : ` [${event.code}]`;
      const more = event.more === 0 ? "" : `, and ${event.more} more for the same reason`;
      return [
        `Incident ${event.incident}: ${inLine(event.message)}${code}${more}`,
        ...(event.next === undefined ? [] : [inLine(event.next)]),
      ];
    }
    case "identity":
      return [
        `The new credential belongs to ${event.to}; the pages were opened as ${event.from}, so all sessions have ended`,
        system.stdinIsTerminal
          ? "Press Enter for a link that opens them as the new person"
          : "Start kauth anew to open them as the new person",
      ];
    case "sign-in":
      return signInText(event, system);
    case "attached":
      return [
        `kauth (pid ${event.pid}) has it open already: ${event.targets.map(({ target, namespace }) => `${escapeLine(target)} in ${escapeLine(namespace)}`).join(", ")}`,
      ];
    case "kubeconfig":
      return [inLine(changeText(event.changes))];
    case "stopping":
      return [
        event.inFlight === 0
          ? "Stopping"
          : `Stopping: no new requests, waiting for ${event.inFlight} in flight (Ctrl-C again ends at once)`,
      ];
  }
};
