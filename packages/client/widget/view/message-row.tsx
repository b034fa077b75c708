import type { Message, MessageState } from "../../src/index.ts";
import { AlertIcon, ClockIcon, DeliveredIcon, SentIcon } from "../icons.tsx";
import { Markdown } from "../markdown/markdown.tsx";
import { FileView } from "./file-view.tsx";
import { memo } from "./memo.tsx";
import { MessageActions } from "./message-actions.tsx";
import { failureWords, initialsOf, speakerName, timeOf } from "./names.ts";
import { Quote } from "./quote.tsx";
import { Reactions } from "./reactions.tsx";
import { useUi } from "./ui.ts";

export interface MessageRowProps {
  rowKey: string;
  message: Message;
  isFirst: boolean;
  /** Reached by Tab. */
  isActive: boolean;
  isLast: boolean;
}

/** What a person said. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  const { message, rowKey, isFirst, isActive, isLast } = props;
  const ui = useUi();
  const name = speakerName(ui, message);
  const side = message.isMine ? "mine" : "theirs";
  const time = timeOf(message.timestamp, ui.locale);
  return (
    <article
      class={`row ${side} ${isFirst ? "first" : ""} ${isLast ? "last" : ""} ${message.state ?? ""}`}
      tabIndex={isActive ? 0 : -1}
      data-row={rowKey}
      aria-label={[name, time, message.state === "failed" && ui.texts.failed]
        .filter(Boolean)
        .join(", ")}
    >
      {!message.isMine && isFirst && (
        <div class="name">
          <span class="face tiny person" aria-hidden="true">
            {initialsOf(name)}
          </span>
          <span dir="auto">{name}</span>
        </div>
      )}
      <div class={`bubble ${message.isNote ? "note" : ""} ${message.isDeleted ? "gone" : ""}`}>
        <Body message={message} />
      </div>
      <Reactions message={message} isActive={isActive} />
      {message.state === "failed" && <Failed message={message} isActive={isActive} />}
      <div class="meta">
        {!message.isDeleted && <MessageActions message={message} isActive={isActive} />}
        {message.isEdited && !message.isDeleted && <span>{ui.texts.edited}</span>}
        <time dateTime={message.timestamp}>{time}</time>
        {message.state !== undefined && <State state={message.state} />}
      </div>
    </article>
  );
});

function Body({ message }: { message: Message }) {
  const { texts } = useUi();
  if (message.isDeleted) return <p class="plain">{texts.removed}</p>;
  return (
    <>
      {message.isNote && <p class="label">{texts.note}</p>}
      {message.replyTo !== undefined && <Quote id={message.replyTo} />}
      {message.file !== undefined && <FileView message={message} file={message.file} />}
      {message.content !== "" && <Words message={message} />}
    </>
  );
}

/** People who answer may format; what a user types is shown as they typed it. */
function Words({ message: { sender, content } }: { message: Message }) {
  if (sender !== "user") return <Markdown text={content} isRunning={false} />;
  return (
    <p class="plain" dir="auto">
      {content}
    </p>
  );
}

function State({ state }: { state: MessageState }) {
  const { texts } = useUi();
  return (
    <span class={`state ${state}`} title={texts[state]}>
      {state === "queued" && <ClockIcon />}
      {state === "sent" && <SentIcon />}
      {(state === "delivered" || state === "read") && <DeliveredIcon />}
      {state === "failed" && <AlertIcon />}
      <span class="sr">{texts[state]}</span>
    </span>
  );
}

function Failed({ message, isActive }: { message: Message; isActive: boolean }) {
  const { conversation, texts } = useUi();
  const { session } = conversation;
  const button = (label: string, act: () => void) => (
    <button
      type="button"
      class="link"
      tabIndex={isActive ? 0 : -1}
      onClick={(event) => {
        act();
        if (isByKey(event)) fieldBeside(event.currentTarget)?.focus();
      }}
    >
      {label}
    </button>
  );
  return (
    <div class="failed" role="group" aria-label={texts.failed}>
      <span>{failureWords(message, texts)}</span>
      {button(texts.retry, () => session.retry(message.key))}
      {button(texts.discard, () => void session.discard(message.key))}
    </div>
  );
}

/** A click that no pointer made (UI Events, `detail`). What it pressed is gone: the focus would be nowhere. */
function isByKey({ detail }: MouseEvent): boolean {
  return detail === 0;
}

function fieldBeside(element: HTMLElement): HTMLElement | null {
  return (element.getRootNode() as Document | ShadowRoot).querySelector("textarea");
}
