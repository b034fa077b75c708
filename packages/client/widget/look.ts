import type { MountChatOptions, Theme } from "./mount-options.ts";
import { readableOn } from "./readable-on.ts";
import base from "./styles/base.css?inline";
import composer from "./styles/composer.css?inline";
import launcher from "./styles/launcher.css?inline";
import markdown from "./styles/markdown.css?inline";
import thread from "./styles/thread.css?inline";

/** How a conversation looks, until it is taken off again. */
export interface Look extends Disposable {
  setTheme(theme: Theme): void;
}

let sheet: CSSStyleSheet | undefined;

/**
 * A shadow root in `element` with the styles in it. They are made by script: a policy that refuses inline styles
 * does not see them.
 */
export function applyLook(
  element: HTMLElement,
  { theme = "auto", accent }: Pick<MountChatOptions, "theme" | "accent">,
): { root: ShadowRoot; look: Look } {
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheetOf()];
  const setTheme = (wanted: Theme) => element.setAttribute("data-theme", wanted);
  setTheme(theme);
  if (accent !== undefined && CSS.supports("color", accent)) {
    element.style.setProperty("--warren-accent", accent);
    element.style.setProperty("--warren-on-accent", readableOn(accent));
  }
  return {
    root,
    look: {
      setTheme,
      [Symbol.dispose]() {
        root.adoptedStyleSheets = [];
        element.removeAttribute("data-theme");
        element.style.removeProperty("--warren-accent");
        element.style.removeProperty("--warren-on-accent");
      },
    },
  };
}

function sheetOf(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(base + thread + markdown + composer + launcher);
  }
  return sheet;
}
