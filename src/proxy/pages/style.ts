import { createHash } from "node:crypto";

const RULES = `
:root{color-scheme:light dark;--ground:#f4f6fa;--card:#fff;--ink:#16202e;--soft:#5a6779;--line:#dde3ec;--accent:#2556c7;--on:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#0e131b;--card:#171e29;--ink:#e8edf5;--soft:#9aa7ba;--line:#2a3443;--accent:#7ea6ff;--on:#0c1424}}
*{box-sizing:border-box}
html{height:100%}
body{min-height:100%;margin:0;display:grid;place-items:center;padding:24px;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{width:100%;max-width:560px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:32px 36px;box-shadow:0 1px 2px #0000000d,0 12px 32px #0000000f}
.brand{display:flex;align-items:center;gap:9px;margin:0 0 22px;color:var(--soft);font-size:14px;font-weight:600;letter-spacing:.02em}
.brand svg{display:block;flex:none;color:var(--accent)}
h1{margin:0 0 10px;font-size:23px;line-height:1.25;letter-spacing:-.01em;overflow-wrap:anywhere}
ul{margin:0 0 14px;padding-left:22px;overflow-wrap:anywhere}
h2{margin:22px 0 8px;font-size:16px;line-height:1.3}
form{margin:0}
p{margin:0 0 14px;overflow-wrap:anywhere}
main>:last-child{margin-bottom:0}
.soft{color:var(--soft);font-size:14px}
code,kbd{font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
code{padding:2px 6px;-webkit-box-decoration-break:clone;box-decoration-break:clone;border-radius:6px;background:var(--ground);border:1px solid var(--line)}
kbd{padding:2px 7px;border-radius:6px;border:1px solid var(--line);border-bottom-width:2px;background:var(--ground)}
pre{margin:0 0 14px;padding:12px 14px;border-radius:9px;background:var(--ground);border:1px solid var(--line);white-space:pre-wrap;overflow-wrap:anywhere;font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.button{display:inline-block;margin:6px 0 16px;padding:11px 20px;border:0;border-radius:9px;background:var(--accent);color:var(--on);font:inherit;font-size:15px;font-weight:600;line-height:1.3;text-decoration:none;cursor:pointer}
.button:hover{filter:brightness(1.08)}
.button:focus-visible,a:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
a{color:var(--accent)}
.busy{display:flex;align-items:center;gap:12px}
.busy::before{content:"";flex:none;width:18px;height:18px;border-radius:50%;border:2.5px solid var(--line);border-top-color:var(--accent);animation:turn .9s linear infinite}
@keyframes turn{to{transform:rotate(1turn)}}
@media (prefers-reduced-motion:reduce){.busy::before{animation:none}}
[hidden]{display:none}
footer{margin-top:22px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
@media (max-width:480px){body{padding:12px}main{padding:24px 20px}}
`;

/** A style sheet with the source expression that allows it and nothing else. */
export interface Sheet {
  readonly text: string;
  readonly source: string;
}

export const sheetOf = (text: string): Sheet => ({
  text,
  source: `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
});

/** The one style sheet of our own pages; allowed by its hash, so that no page needs a nonce for it. */
export const STYLE: Sheet = sheetOf(RULES);
