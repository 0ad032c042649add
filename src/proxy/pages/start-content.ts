import { contextColor } from "./context-color.ts";
import { markup, type Markup } from "./markup.ts";
import type { ClusterView, StartView, TargetView } from "./start-view.ts";

/**
 * The start page's content. Its script puts a newer one in place piece by piece: `id` says which element is which,
 * `data-news` whose change of text a screen reader is told, and `data-keep` belongs to the script.
 */
export function startContent({ clusters, targets }: StartView): Markup {
  const [first] = clusters;
  const of = ({ id }: ClusterView): readonly TargetView[] => targets.filter(({ cluster }) => cluster === id);
  if (first !== undefined && clusters.length === 1) return markup`${alone(first, of(first))}`;
  return markup`<div class="many">
      <h1>${clusters.length === 0 ? "Nothing is open" : "Your clusters"}</h1>
      ${clusters.map((cluster) => among(cluster, of(cluster)))}
    </div>`;
}

/** One cluster is the whole page. */
const alone = (cluster: ClusterView, targets: readonly TargetView[]): Markup =>
  markup`<div class="one">
      <h1 id="s-${cluster.id}" data-news="${cluster.context}">${heading(cluster)}</h1>
      <p class="facts ${contextColor(cluster.context, cluster.color)}"><span class="stripe"></span><span class="context">${cluster.context}</span>${badge(cluster)}${ends(cluster)}</p>
      ${notice(cluster)}
      ${signIn(cluster, cluster.signIn === "failed" ? ENDED : undefined)}
      <h2>Applications</h2>
      ${list(targets)}
    </div>`;

const among = (cluster: ClusterView, targets: readonly TargetView[]): Markup =>
  markup`<section id="c-${cluster.id}" class="cluster ${contextColor(cluster.context, cluster.color)}" aria-labelledby="n-${cluster.id}">
      <h2 id="n-${cluster.id}">${cluster.context}${badge(cluster)}</h2>
      <p class="facts"><span id="s-${cluster.id}" class="status ${cluster.signIn}" data-news="${cluster.context}">${status(cluster)}</span>${ends(cluster)}</p>
      ${notice(cluster)}
      ${signIn(cluster, undefined)}
      ${list(targets)}
    </section>`;

const ENDED = "Your sign-in has ended and could not be renewed.";

const heading = (cluster: ClusterView): string => {
  if (cluster.signIn === "failed") return "Sign in again";
  return cluster.signIn === "well" && cluster.user === undefined ? "kauth" : status(cluster);
};

const status = ({ signIn, user }: ClusterView): string => {
  if (signIn === "running") return "Signing in";
  if (signIn === "failed") return ENDED;
  return user === undefined ? "Ready" : `Signed in as ${user}`;
};

const badge = ({ production }: ClusterView): Markup | string =>
  production ? markup` <strong class="badge production">production</strong>` : "";

const ends = ({ ends: text }: ClusterView): Markup | string =>
  text === undefined ? "" : markup` <span class="soft">&middot; ends ${text}</span>`;

const notice = ({ id, context, notice: text }: ClusterView): Markup | string =>
  text === undefined ? "" : markup`<p id="w-${id}" class="notice" data-news="${context}">${text}</p>`;

/** The button stays where it is while the sign-in runs, so that whoever pressed it does not lose their place. */
const signIn = (cluster: ClusterView, said: string | undefined): Markup => {
  const { id, context, signIn: state } = cluster;
  return markup`<div id="i-${id}" class="sign-in ${state}">
      ${words(cluster, said)}
      <form id="f-${id}" method="post" action="/sign-in/${id}" data-quiet><button class="button ${state === "failed" ? "" : "quiet"}" type="submit" aria-describedby="d-${id}" aria-disabled="${String(state === "running")}">Sign in again</button><span id="d-${id}" hidden>to ${context}</span></form>
    </div>`;
};

const words = ({ signIn: state, reason }: ClusterView, said: string | undefined): Markup | string => {
  if (state === "well") return "";
  if (state === "running")
    return markup`<p class="busy">Look for a window of your provider, or at the terminal.</p>`;
  return markup`<p>${said === undefined ? "" : markup`<strong>${said}</strong> `}${reason ?? ""}</p>
      <p class="soft">Nothing is tried before you ask for it.</p>`;
};

const list = (targets: readonly TargetView[]): Markup =>
  targets.length === 0
    ? markup`<p class="soft">No application of it is open.</p>`
    : markup`<ul class="targets">${targets.map(row)}</ul>`;

const row = ({ id, title, health, tone, readOnly, sends }: TargetView): Markup =>
  markup`<li id="t-${id}" class="${tone}">
      <div class="about">
        <p class="name"><span id="l-${id}">${title}</span>${readOnly ? markup` <span class="badge">read-only</span>` : ""}</p>
        <p class="soft state"><span id="h-${id}" data-news="${title}">${health}</span>${sends === undefined ? "" : markup` <span>&middot; its pod gets ${sends}</span>`}</p>
      </div>
      <div class="do">
        <button class="button bare scripted" type="button" data-link="${id}" aria-describedby="l-${id}">Copy a fresh link</button>
        <form method="post" action="/go/${id}" target="_blank" rel="noopener" data-go="${id}"><button class="button" type="submit" aria-describedby="l-${id}">Open</button></form>
      </div>
      <div class="link" id="k-${id}" data-keep hidden></div>
    </li>`;
