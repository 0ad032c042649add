import { document, type OwnPage } from "./document.ts";
import { markup } from "./markup.ts";
import { NO_OPENER } from "./opener.ts";
import type { StartView } from "./start-view.ts";

/** Asks once more: what is open in other tabs ends too. */
export const stopPage = ({ targets }: StartView): OwnPage =>
  document({
    status: 200,
    title: "Stop kauth?",
    form: true,
    content: markup`<h1>Stop kauth?</h1>
      <p>What is open through it ends, in every tab:</p>
      <ul>${targets.map(({ title }) => markup`<li>${title}</li>`)}</ul>
      <form method="post" action="/stop"><button class="button" type="submit">Stop kauth</button></form>
      <p><a href="/">Back</a></p>`,
    extra: NO_OPENER,
  });

export const stoppedPage: OwnPage = document({
  status: 200,
  title: "kauth has stopped",
  content: markup`<h1>kauth has stopped</h1>
    <p>What is under way may go on for ten seconds. You can close this tab. To go on, run <code>kauth open</code> again.</p>`,
});
