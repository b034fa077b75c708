import type { ChatSession } from "../src/index.ts";
import type { Texts } from "./texts.ts";

export type Theme = "light" | "dark" | "auto";

export interface MountChatOptions {
  /** Where the chat is served: `/chat`, `https://chat.example.com/chat`. Its socket is `{url}/ws`. */
  url: string;
  /** Asked before every try and every request. `guest`: a visitor, by a token of this device's own. */
  token: "guest" | (() => Promise<string>);
  /** The conversation to show; the one that the user is in, or a new one, unless set. */
  sessionId?: string;
  /** Model that answers in a new conversation; the service's first unless set. */
  model?: string;
  /** `auto`, the default, follows the system. */
  theme?: Theme;
  /** Any CSS colour: of the user's bubbles and of buttons. Text on it is made readable. */
  accent?: string;
  /** Who looks: `admin` in the conversations of others, which they may take over and hand back. */
  role?: "user" | "admin";
  /** What the header says; the conversation's name unless set. */
  title?: string;
  /** What is shown before anything was said. */
  greeting?: string;
  /** Of dates and times, like `pt-BR`; the page's unless set. */
  locale?: string;
  /** Words of the interface that are to be others. */
  texts?: Partial<Texts>;
  /** A conversation is shown: at first, and after "new conversation". Its id may still change (`renamed`). */
  onSession?: (session: ChatSession) => void;
  /** Goes with every message that is sent: the page it was said on, an order's number. */
  context?: () => Readonly<Record<string, string>>;
  /** Each makes a button in the header: back, share, close. */
  onBack?: () => void;
  onShare?: (sessionId: string) => void;
  onClose?: () => void;
}
