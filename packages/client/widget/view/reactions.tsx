import type { Message } from "../../src/index.ts";
import { filled } from "../texts.ts";
import { useUi } from "./ui.ts";

/** Who felt what about a message. Pressing one adds one's own, or takes it back. */
export function Reactions({ message, isActive }: { message: Message; isActive: boolean }) {
  const { texts } = useUi();
  const { reactions } = message;
  const toggle = useReaction(message);
  if (reactions.size === 0) return null;
  return (
    <div class="reactions">
      {[...reactions].map(([emoji, who]) => (
        <button
          key={emoji}
          type="button"
          class="reaction"
          tabIndex={isActive ? 0 : -1}
          aria-pressed={toggle.isOn(emoji)}
          aria-label={filled(texts.reaction, { emoji, count: who.length })}
          onClick={() => toggle.press(emoji)}
        >
          {emoji} <span>{who.length}</span>
        </button>
      ))}
    </div>
  );
}

/** One's own reactions to a message. */
export function useReaction({ id, reactions }: Message) {
  const { conversation } = useUi();
  const { client, session, role } = conversation;
  const isOn = (emoji: string) =>
    reactions
      .get(emoji)
      ?.some(({ sender, authorId }) =>
        authorId === undefined ? sender === role : authorId === client.userId,
      ) === true;
  return {
    isOn,
    press: (emoji: string) => {
      if (id !== undefined) session.react(id, emoji, !isOn(emoji));
    },
  };
}
