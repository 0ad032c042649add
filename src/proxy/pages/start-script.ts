/**
 * Keeps the start page as it is in truth: asks once a second, and changes of the document only what differs, so that
 * nothing flickers and nobody loses their place. What changes for a person goes to one region that screen readers watch.
 */
export const START_SCRIPT = `
const page = document.getElementById("page");
const news = document.getElementById("news");
const gone = document.getElementById("gone");
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? "") === (b.id ?? "");
const patch = (old, now) => {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue;
    return;
  }
  if (old.hasAttribute("data-keep")) return;
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...now.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let at = old.firstChild;
  for (const child of [...now.childNodes]) {
    let found = at;
    while (found !== null && !alike(found, child)) found = found.nextSibling;
    if (found === null) {
      old.insertBefore(child, at);
      continue;
    }
    while (at !== found) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
    at = found.nextSibling;
    patch(found, child);
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
};
const said = () => new Map([...page.querySelectorAll("[data-news]")].map((part) => [part.id, part.dataset.news + ": " + part.textContent]));
const show = ({ title, content }) => {
  const before = said();
  const now = document.createElement("div");
  now.id = "page";
  now.append(...new DOMParser().parseFromString(content, "text/html").body.childNodes);
  patch(page, now);
  document.title = title;
  const changed = [...said()].filter(([id, text]) => before.get(id) !== text).map(([, text]) => text);
  if (changed.length > 0) news.textContent = changed.join("; ");
};
let known = "";
let failures = 0;
let asking = false;
const look = async () => {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch("/state", { cache: "no-store", signal: AbortSignal.timeout(4000) });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (text !== known) show(JSON.parse(text));
    known = text;
    failures = 0;
  } catch {
    failures += 1;
  } finally {
    asking = false;
  }
  gone.hidden = failures < 2;
};
const go = async () => {
  await look();
  setTimeout(go, 1000);
};
const forget = (id) => {
  const place = document.getElementById("k-" + id);
  place.hidden = true;
  place.replaceChildren();
  return place;
};
const give = async (id) => {
  const place = forget(id);
  const answer = await fetch("/link/" + id, { method: "POST", cache: "no-store", redirect: "error" });
  if (!answer.ok) return;
  const { url } = await answer.json();
  const words = document.createElement("p");
  const field = Object.assign(document.createElement("input"), { readOnly: true, value: url, type: "text" });
  words.id = "w-k-" + id;
  field.setAttribute("aria-labelledby", "l-" + id + " " + words.id);
  place.append(words, field);
  place.hidden = false;
  const copied = await navigator.clipboard.writeText(url).then(() => true, () => false);
  words.textContent = (copied ? "Copied. " : "") + "This link works once, in the next minute; a newer one ends it.";
  news.textContent = words.textContent;
  if (!copied) field.select();
  setTimeout(() => { if (field.isConnected) forget(id); }, 60000);
};
addEventListener("submit", async (event) => {
  const { go: target, quiet } = event.target.dataset;
  if (target !== undefined) forget(target);
  if (quiet === undefined) return;
  event.preventDefault();
  if (event.submitter?.getAttribute("aria-disabled") === "true") return;
  await fetch(event.target.action, { method: "POST", cache: "no-store", redirect: "manual" }).catch(() => undefined);
  await look();
});
addEventListener("click", ({ target }) => {
  const id = target.closest("[data-link]")?.dataset.link;
  if (id !== undefined) give(id).catch(() => undefined);
});
addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
go();
`;
