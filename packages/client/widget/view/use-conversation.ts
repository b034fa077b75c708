import { useEffect, useReducer } from "preact/hooks";
import type { Conversation } from "../talk/conversation.ts";

/** Draws the component again whenever something of the conversation is another than before. */
export function useConversation(conversation: Conversation): void {
  const [, draw] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => conversation.subscribe(draw), [conversation]);
}
