import { mountChat, type MountChatOptions, type MountedChat } from "@warren/client/widget";
import { useEffect, useRef } from "preact/hooks";
import "./conversation.css";
import { shownTheme } from "./theme.ts";

export interface ConversationProps extends Omit<MountChatOptions, "theme"> {
  onMounted?: (chat: MountedChat) => void;
}

/** A conversation, in what room there is. Another session is another conversation; other options are not looked at again. */
export function Conversation({ onMounted, ...options }: ConversationProps) {
  const element = useRef<HTMLDivElement>(null);
  const { url, sessionId, role } = options;
  useEffect(() => {
    if (element.current === null) return;
    const chat = mountChat(element.current, { ...options, theme: theme() });
    onMounted?.(chat);
    const watch = new MutationObserver(() => chat.setTheme(theme()));
    watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      watch.disconnect();
      chat[Symbol.dispose]();
    };
  }, [url, sessionId, role]);
  return <div ref={element} class="conversation" />;
}

function theme() {
  const shown = shownTheme();
  return shown === "system" ? "auto" : shown;
}
