// What `<script src=".../widget.js">` runs.
import { createPageApi, type PageApi } from "./page-api.ts";
import { scriptOptions } from "./script-options.ts";

declare global {
  interface Window {
    /** Before the script is there: calls that wait for it. */
    WarrenChat?: PageApi | [keyof PageApi, ...unknown[]][];
  }
}

const script = document.currentScript as HTMLScriptElement | null;
const waiting = window.WarrenChat;

// Twice in a page is once.
if (waiting === undefined || Array.isArray(waiting)) {
  const data = script?.dataset ?? {};
  const src = script?.src || location.href;
  const api = createPageApi(scriptOptions(data, src, (...asked) => fetch(...asked)));
  window.WarrenChat = api;
  const start = () => {
    if (data["manual"] === undefined) api.init();
    api.push(...(waiting ?? []));
  };
  if (document.body === null) document.addEventListener("DOMContentLoaded", start, { once: true });
  else start();
}
