import type { PublicText } from "./public-text.ts";

/** Everything is inside, so that the page shows while nothing else works. */
const STYLE = `:root{color-scheme:light dark;--paper:#f7f5f1;--ink:#26231f;--soft:#7b746a;--line:#e2ddd4}
@media(prefers-color-scheme:dark){:root{--paper:#191816;--ink:#ece8e1;--soft:#9a9287;--line:#34312c}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:2rem;background:var(--paper);color:var(--ink);font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:30rem}b{font:600 .875rem/1 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft);letter-spacing:.06em}
h1{margin:.6rem 0 .4rem;font-size:clamp(1.8rem,6vw,2.6rem);line-height:1.15;font-weight:650;letter-spacing:-.02em;text-wrap:balance}
p{margin:0;color:var(--soft);text-wrap:pretty}small{display:block;margin-top:2rem;padding-top:1rem;border-top:1px solid var(--line);font:.75rem/1.7 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft);overflow-wrap:anywhere}`;

/** Names what the page may do: show its own style, nothing else. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/** An HTML page in two halves: the request id goes in between. Texts are escaped here. */
export function pageHalves(
  status: number,
  code: string,
  { title, text }: PublicText,
): [before: string, after: string] {
  const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>${status} ${escapeHtml(title)}</title><style>${STYLE}</style></head>`;
  const body = `<body><main><b>${status}</b><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p><small>${code}<br>`;
  return [head + body, "</small></main></body></html>\n"];
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
