import { render } from "preact";
import { guestToken as tokenOfGuest, type ChatSession } from "../src/index.ts";
import type { MountChatOptions, Theme } from "./mount-options.ts";
import { applyLook } from "./look.ts";
import { browserStorage } from "./talk/browser-storage.ts";
import { Conversation } from "./talk/conversation.ts";
import { forgetDrafts as forgetDraftsIn } from "./talk/drafts.ts";
import { serviceUrl } from "./talk/service-url.ts";
import { TEXTS } from "./texts.ts";
import { Panel } from "./view/panel.tsx";
import type { Ui } from "./view/ui.ts";

export type { MountChatOptions, Theme } from "./mount-options.ts";
export { copyText } from "./copy-text.ts";
export { mountMarkdown } from "./mount-markdown.tsx";
export { TEXTS, type Texts } from "./texts.ts";

/** A conversation that fills an element. */
export interface MountedChat extends Disposable {
  readonly session: ChatSession;
  setTheme(theme: Theme): void;
  /** To the field where one writes. */
  focus(): void;
  /** Ends the conversation, if anything was said in it, and shows a new one. False: it could not be ended. */
  begin(): Promise<boolean>;
}

/**
 * Fills `element` with a conversation, in a shadow root of its own: nothing of the page's styles reaches it, and
 * it adds no style or script that a strict policy would refuse. It is as high as the element. Disposing ends its
 * connection and empties the element, which may be used again.
 */
export function mountChat(element: HTMLElement, options: MountChatOptions): MountedChat {
  const { root, look } = applyLook(element, options);
  root.host.setAttribute("data-layout", "fill");
  const conversation = new Conversation(options);
  render(<Panel ui={uiOf(conversation, options)} shown={options} isVisible />, root);
  conversation.connect();
  return {
    get session() {
      return conversation.session;
    },
    setTheme: (theme) => look.setTheme(theme),
    begin: () => conversation.begin(),
    focus: () => root.querySelector<HTMLElement>("textarea")?.focus(),
    [Symbol.dispose]() {
      render(null, root);
      conversation[Symbol.dispose]();
      look[Symbol.dispose]();
    },
  };
}

/** For a sign-out: what was written in this tab in conversations that have not begun is forgotten. */
export function forgetDrafts(): void {
  forgetDraftsIn(browserStorage("sessionStorage"));
}

/** Tokens of the visitor of this device, for pages that ask the service themselves. */
export function guestToken(url: string): () => Promise<string> {
  return tokenOfGuest(`${serviceUrl(url)}/ws`);
}

/** What every part of the interface gets. */
export function uiOf(conversation: Conversation, { texts, locale }: MountChatOptions): Ui {
  return { conversation, texts: { ...TEXTS, ...texts }, locale: known(locale ?? pageLocale()) };
}

/** The page's language, as it is spoken where the reader is. */
function pageLocale(): string {
  const { lang } = document.documentElement;
  const language = lang.split("-")[0]!;
  const own = navigator.languages.find((one) => one.split("-")[0] === language);
  return lang === language && own !== undefined ? own : lang || navigator.language;
}

/** A locale that nobody can read is the browser's. */
function known(locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? navigator.language;
  } catch {
    return navigator.language;
  }
}
