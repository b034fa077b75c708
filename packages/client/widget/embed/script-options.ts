import type { WidgetOptions } from "./widget-options.ts";

/** The attributes of the script line: `data-url`, `data-token-url`, `data-theme`... */
export type ScriptData = Readonly<Record<string, string | undefined>>;

/**
 * What the script line says. `src`: where the script came from; the chat is served beside it unless `data-url`
 * says otherwise. `fetch`: for the tokens of `data-token-url`.
 */
export function scriptOptions(data: ScriptData, src: string, fetch: typeof globalThis.fetch) {
  const { url = besides(src), tokenUrl, theme, position } = data;
  const { accent, title, greeting, model, locale, open } = data;
  const options: WidgetOptions = {
    url,
    ...(tokenUrl !== undefined && { token: () => tokenFrom(tokenUrl, fetch) }),
    ...((theme === "light" || theme === "dark") && { theme }),
    ...(position === "left" && { position }),
    ...(accent !== undefined && { accent }),
    ...(title !== undefined && { title }),
    ...(greeting !== undefined && { greeting }),
    ...(model !== undefined && { model }),
    ...(locale !== undefined && { locale }),
    ...(open !== undefined && { open: open !== "false" }),
  };
  return options;
}

/** `https://host/chat/widget.js` is of `https://host/chat`; one at the root, of the default prefix. */
function besides(src: string): string {
  const folder = new URL(".", src);
  return folder.pathname === "/" ? new URL("/chat", src).href : folder.href;
}

/** The page's own server says who this is: as `{"token": "..."}`, with the page's cookies. */
async function tokenFrom(url: string, fetch: typeof globalThis.fetch): Promise<string> {
  const answer = await fetch(url, { credentials: "include", cache: "no-store" });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const { token } = (await answer.json()) as { token?: unknown };
  if (typeof token !== "string") throw new Error(`${url} gave no token`);
  return token;
}
