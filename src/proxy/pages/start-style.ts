import { sheetOf, type Sheet } from "./style.ts";

/** What the start page needs beside the style of all our pages. */
export const START_SHEET: Sheet = sheetOf(`
main{max-width:620px}
main:has(.many){max-width:800px;padding:8px 0;background:none;border:0;box-shadow:none}
.many h1{margin:0 0 18px}
.red{--stripe:#d92d2d}.orange{--stripe:#e8730c}.yellow{--stripe:#d9a300}.green{--stripe:#2f9e44}.teal{--stripe:#0c9a9a}
.blue{--stripe:#2f6fed}.purple{--stripe:#8450d8}.pink{--stripe:#d6409f}.gray{--stripe:#7b8797}
.cluster{position:relative;margin:0 0 20px;padding:22px 26px 8px 32px;background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:0 1px 2px #0000000d,0 10px 28px #0000000d}
.cluster::before{content:"";position:absolute;inset:-1px auto -1px -1px;width:7px;border-radius:14px 0 0 14px;background:var(--stripe)}
.cluster h2{margin:0 0 2px;font-size:18px;letter-spacing:-.005em;overflow-wrap:anywhere}
.one,.cluster{display:grid;grid-template-columns:minmax(0,1fr) auto;column-gap:20px}
.one>*,.cluster>*{grid-column:1/-1}
.one .facts,.cluster>h2,.cluster>.facts{grid-column:1}
.sign-in.well{grid-column:2;align-self:start}
.one .sign-in.well{grid-row:2}
.cluster .sign-in.well{grid-row:1/span 2}
.facts{margin:0 0 14px;font-size:15px}
.status.failed{font-weight:600}
.one .facts{display:flex;flex-wrap:wrap;align-items:center;gap:4px 8px;margin:4px 0 18px}
.sign-in p{margin:0 0 10px}
.sign-in.failed,.sign-in.running{margin:0 0 18px}
.one h2{margin:4px 0 0}
.stripe{flex:none;width:6px;height:18px;border-radius:3px;background:var(--stripe)}
.context{font-weight:600;overflow-wrap:anywhere}
.badge{display:inline-block;padding:1px 9px;border-radius:99px;border:1px solid var(--line);background:var(--ground);color:var(--ink);font-size:12px;font-weight:600;line-height:1.6;letter-spacing:.02em;vertical-align:2px;white-space:nowrap}
.badge.production{border-color:#c62828;background:#c62828;color:#fff}
.notice{padding:10px 14px;border:1px solid var(--line);border-left:4px solid #d9a300;border-radius:9px;background:var(--ground);font-size:14px}
.targets{margin:6px 0 0;padding:0;list-style:none}
.targets li{display:flex;flex-wrap:wrap;align-items:center;gap:8px 16px;padding:14px 0;border-top:1px solid var(--line)}
.about{flex:1 1 240px;min-width:0}
.about p{margin:0}
.name{font-weight:600}
.state{position:relative;padding-left:18px}
.state::before{content:"";position:absolute;left:0;top:6px;box-sizing:border-box;width:10px;height:10px;border-radius:50%;background:var(--tone);border:2px solid var(--tone)}
.well{--tone:#2f9e44}.waiting{--tone:#d9a300}.trouble{--tone:#d92d2d}.idle{--tone:#8b97a8}
.idle .state::before{background:none}
.do{display:flex;flex-wrap:wrap;align-items:center;gap:8px}
.do .button,.sign-in .button{margin:0;padding:8px 16px;font-size:14px}
.button.quiet{background:none;border:1px solid var(--line);color:var(--ink);padding:7px 15px}
.button.bare{padding:8px 10px;background:none;color:var(--accent);font-weight:500}
.button.bare:hover{text-decoration:underline}
.button[aria-disabled=true]{opacity:.6;cursor:default}
.link{flex:1 0 100%}
.link p{margin:0 0 6px;color:var(--soft);font-size:13px}
.link input{width:100%;padding:8px 10px;border:1px solid var(--line);border-radius:8px;background:var(--ground);color:var(--ink);font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.unseen{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
footer{display:flex;flex-wrap:wrap;justify-content:space-between;gap:6px 24px}
footer p{margin:0}
@media (scripting:none){.scripted{display:none}}
@media (max-width:480px){.cluster{padding:18px 16px 4px 22px}.sign-in.well{grid-column:1/-1;grid-row:auto!important;margin:0 0 16px}.do .bare{margin-left:-10px}}
`);
