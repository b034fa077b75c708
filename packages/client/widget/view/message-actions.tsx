import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Message } from "../../src/index.ts";
import { DeleteIcon, EditIcon, ReplyIcon, SmileIcon } from "../icons.tsx";
import { CopyButton } from "./copy-button.tsx";
import { useReaction } from "./reactions.tsx";
import { useUi } from "./ui.ts";

const EMOJIS = ["👍", "❤️", "😂", "🎉", "😮", "👎"];

export interface MessageActionsProps {
  message: Message;
  isActive: boolean;
}

/** What one can do with what a person said. */
export function MessageActions({ message, isActive }: MessageActionsProps) {
  const { conversation, texts } = useUi();
  const [open, setOpen] = useState<"react" | "remove" | undefined>();
  const tabIndex = isActive ? 0 : -1;
  const { session } = conversation;
  const { id, isMine, type, content, key, state } = message;
  const close = () => setOpen(undefined);
  if (open === "react") return <Emojis message={message} close={close} />;
  if (open === "remove") {
    const remove = () => {
      close();
      if (id === undefined) session.discard(key);
      else session.delete(id);
    };
    return <Sure remove={remove} close={close} />;
  }
  const canChange = isMine && !session.isEnded;
  const action = (label: string, icon: VNode, onClick: () => void) => (
    <Action label={label} icon={icon} onClick={onClick} tabIndex={tabIndex} />
  );
  return (
    <div class="actions" role="group" aria-label={texts.actions}>
      {id !== undefined && action(texts.react, <SmileIcon />, () => setOpen("react"))}
      {id !== undefined &&
        action(texts.reply, <ReplyIcon />, () => conversation.aimAt({ kind: "reply", message }))}
      {content !== "" && <CopyButton text={content} label={texts.copy} tabIndex={tabIndex} />}
      {canChange &&
        id !== undefined &&
        type === "text" &&
        action(texts.edit, <EditIcon />, () => conversation.aimAt({ kind: "edit", message }))}
      {canChange &&
        state !== "failed" &&
        action(texts.remove, <DeleteIcon />, () => setOpen("remove"))}
    </div>
  );
}

export interface ActionProps {
  label: string;
  icon: VNode;
  onClick: () => void;
  tabIndex: number;
  isPressed?: boolean | undefined;
}

export function Action({ label, icon, onClick, tabIndex, isPressed }: ActionProps) {
  return (
    <button
      type="button"
      class="icon small"
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      tabIndex={tabIndex}
      onClick={onClick}
    >
      {icon}
    </button>
  );
}

function Emojis({ message, close }: { message: Message; close: () => void }) {
  const { texts } = useUi();
  const reaction = useReaction(message);
  return (
    <div class="actions open" role="group" aria-label={texts.react} onKeyDown={onEscape(close)}>
      {EMOJIS.map((emoji, at) => (
        <button
          key={emoji}
          type="button"
          class="emoji"
          aria-pressed={reaction.isOn(emoji)}
          ref={at === 0 ? focused : null}
          onClick={() => {
            close();
            reaction.press(emoji);
          }}
        >
          {emoji}
        </button>
      ))}
    </div>
  );
}

function Sure({ remove, close }: { remove: () => void; close: () => void }) {
  const { texts } = useUi();
  return (
    <div class="actions open" role="group" aria-label={texts.remove} onKeyDown={onEscape(close)}>
      <span>{texts.removeSure}</span>
      <button type="button" class="link bad" ref={focused} onClick={remove}>
        {texts.remove}
      </button>
      <button type="button" class="link" onClick={close}>
        {texts.cancel}
      </button>
    </div>
  );
}

/** What opens has the focus, once. */
function focused(element: HTMLElement | null): void {
  element?.focus();
}

function onEscape(close: () => void) {
  return (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // The panel around it stays.
    event.preventDefault();
    close();
  };
}
