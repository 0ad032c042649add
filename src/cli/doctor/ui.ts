import { KnownError, messageOf } from "../../base/errors.ts";
import type { RawHeaders } from "../../base/headers.ts";
import { startTls } from "../../base/tls.ts";
import { millis } from "../../base/units.ts";
import type { Credential } from "../../credentials/index.ts";
import { authorityOf, type Backend } from "../../route/index.ts";
import { podDialer } from "../../tunnel/index.ts";
import { knownUi, presetsWith, type Preset } from "../../ui/index.ts";
import { reachBeyondCluster } from "../open/consent.ts";
import { actingAs, uiHeaders } from "../open/impersonation.ts";
import { signsOf } from "../open/signs.ts";
import { podHeaders } from "../open/upstream.ts";
import { askUi, type UiAnswer } from "./ask-ui.ts";
import { check, type Scene } from "./check.ts";
import type { Note } from "./finding.ts";
import { personNote, strangerNote } from "./verdict.ts";

const STRANGER = { id: "ui/stranger", subject: "UI, no token" };
const PERSON = { id: "ui/person", subject: "UI, token" };

/** Asks the UI for a page, as nobody and as the person. Only this sends the token into a pod. */
export const uiCheck = check({
  id: "ui",
  subject: "UI",
  applies: ({ target }) => target !== undefined,
  needs: ["connection", "backend", "forwards", "credential", "config"],
  run: async (scene, { connection, backend, credential, config }) => {
    const { system, signal, own, target } = scene;
    if (target === undefined) return { notes: [] };
    const dialer = own(
      podDialer(connection, addressOf(backend), { system, carrier: "auto", memory: FORGETFUL }),
    );
    const ui = knownUi(signsOf(backend, target), presetsWith(scene.invocation.presets ?? []));
    const path = target.path === "/" ? (ui?.asks ?? "/") : target.path;
    const ask = async (headers: RawHeaders): Promise<UiAnswer> => {
      const stream = await dialer.dial({ port: backend.port, bulk: false, signal });
      const authority = authorityOf(target, backend);
      const inside = backend.scheme === "http" ? stream : await secured(stream, authority, signal);
      return await askUi(inside, { path, authority, scheme: backend.scheme, headers }, signal);
    };
    const stranger = await ask([]);
    const name = ui === undefined ? "" : ` of ${ui.name}`;
    const page = (note: Note): Note => ({ ...note, found: `GET ${path}${name}: ${note.found}` });
    const first = { ...STRANGER, ...page(strangerNote(stranger)) };
    const reason = whyNot(scene, credential, ui);
    if (reason !== undefined) return { notes: [first, { ...PERSON, state: "none", found: reason }] };
    const acting = actingAs(config, ui, undefined, "pod");
    const person = await ask([...podHeaders(credential, true), ...uiHeaders(config, acting)]);
    return { notes: [first, { ...PERSON, ...page(personNote(person, stranger)) }] };
  },
});

/** Why the token is not sent into the pod. */
const whyNot = (
  { invocation }: Scene,
  { header }: Credential,
  ui: Preset | undefined,
): string | undefined => {
  // R-N11: what opens it sends none there either.
  if (ui !== undefined && ui.sends !== "bearer") return `not asked, since ${ui.name} gets no token`;
  if (ui?.leg === "direct") return `not asked, since the pod of ${ui.name} gets no token (--leg direct)`;
  if (header?.kind !== "bearer") return "there is no token to send";
  const reach = reachBeyondCluster(header.token);
  if (reach === undefined || invocation.options.boolean("send-token-to-pod")) return undefined;
  return `not asked, since ${reach}; --send-token-to-pod sends it`;
};

const addressOf = ({ namespace, pod }: Backend): Parameters<typeof podDialer>[1] => ({
  namespace,
  name: pod,
});

/** Both carriers are looked at by a check of their own, so nothing has to be remembered. */
const FORGETFUL = { recall: () => undefined, remember: () => undefined, forget: () => undefined } as const;

const HANDSHAKE_WITHIN = millis(10_000);

/** UIs sign their certificates themselves; the API server vouches for the pod. @throws {KnownError} UPSTREAM_TLS */
const secured = async (
  stream: Awaited<ReturnType<ReturnType<typeof podDialer>["dial"]>>,
  name: string,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof startTls>>> => {
  try {
    return await startTls(
      { host: name, stream },
      { ca: undefined, verify: false, serverName: name },
      { signal, timeout: HANDSHAKE_WITHIN },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KnownError) throw error;
    throw new KnownError("UPSTREAM_TLS", `Cannot speak TLS with the UI: ${messageOf(error)}`, {
      cause: error,
    });
  }
};
