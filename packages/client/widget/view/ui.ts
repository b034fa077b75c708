import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Conversation } from "../talk/conversation.ts";
import type { Texts } from "../texts.ts";

/** What every part of the interface may need. */
export interface Ui {
  readonly conversation: Conversation;
  readonly texts: Texts;
  /** Of dates and times. */
  readonly locale: string;
}

export const UiContext = createContext<Ui | undefined>(undefined);

export function useUi(): Ui {
  return useContext(UiContext)!;
}
