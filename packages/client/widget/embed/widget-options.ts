import type { MountChatOptions } from "../mount-options.ts";

/** A conversation in the corner of a page. The page may leave out all of it but where the chat is. */
export interface WidgetOptions extends Omit<
  MountChatOptions,
  "onBack" | "onClose" | "onShare" | "onSession" | "context" | "token" | "role"
> {
  /** A visitor unless set. */
  token?: MountChatOptions["token"];
  /** The corner; `right` unless set, and the other one where text runs from right to left. */
  position?: "right" | "left";
  /** It is open from the start. */
  open?: boolean;
}

/** What a page is told. */
export interface WidgetEvents {
  open: undefined;
  close: undefined;
  /** How many messages nobody has seen. */
  unread: number;
  /** Somebody else said something. */
  message: { readonly sender: string; readonly name: string | undefined; readonly text: string };
  /** Which conversation is shown. */
  session: { readonly id: string };
  /** `open`, `connecting`, `waiting`, `offline`, `closed`. */
  connection: string;
}
