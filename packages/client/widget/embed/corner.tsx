import { ChatIcon, DownIcon } from "../icons.tsx";
import { filled, TEXTS, type Texts } from "../texts.ts";
import { Panel } from "../view/panel.tsx";
import type { Shown } from "./widget.tsx";

export interface CornerProps {
  shown: Shown | undefined;
  isOpen: boolean;
  unread: number;
  texts: Partial<Texts> | undefined;
  toggle: () => void;
}

/** The button, and the conversation above it. */
export function Corner({ shown, isOpen, unread, texts, toggle }: CornerProps) {
  const words = { ...TEXTS, ...texts };
  const label = isOpen ? words.close : words.open;
  const count = filled(words.unread, { count: unread });
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    toggle();
  };
  return (
    <>
      <div
        class="frame"
        role="dialog"
        aria-modal={false}
        aria-label={words.title}
        inert={!isOpen}
        onKeyDown={leave}
      >
        {shown !== undefined && (
          <Panel key={shown.conversation} ui={shown.ui} shown={shown.options} isVisible={isOpen} />
        )}
      </div>
      <button
        type="button"
        class="launcher"
        aria-expanded={isOpen}
        aria-label={unread > 0 && !isOpen ? `${label}, ${count}` : label}
        onClick={toggle}
      >
        <span class="glyph talk">
          <ChatIcon />
        </span>
        <span class="glyph shut">
          <DownIcon />
        </span>
        {unread > 0 && !isOpen && (
          <span class="badge" aria-hidden="true">
            {unread > 99 ? "99+" : unread}
          </span>
        )}
      </button>
    </>
  );
}
