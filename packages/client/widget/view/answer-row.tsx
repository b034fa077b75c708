import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren, VNode } from "preact";
import type { ChatSession, Message, RunningAnswer } from "../../src/index.ts";
import {
  AgainIcon,
  BadIcon,
  GoodIcon,
  LeftIcon,
  ReplyIcon,
  RightIcon,
  SparkIcon,
} from "../icons.tsx";
import { Markdown } from "../markdown/markdown.tsx";
import type { Conversation } from "../talk/conversation.ts";
import type { Version } from "../talk/thread-items.ts";
import { CopyButton } from "./copy-button.tsx";
import { Dots } from "./dots.tsx";
import { memo } from "./memo.tsx";
import { Action } from "./message-actions.tsx";
import { modelName, timeOf } from "./names.ts";
import { Reactions, useReaction } from "./reactions.tsx";
import { useUi } from "./ui.ts";

export interface AnswerRowProps {
  rowKey: string;
  /** The latest last; never empty. */
  versions: readonly Version[];
  isFirst: boolean;
  isActive: boolean;
  isLast: boolean;
}

interface VersionsProps extends Omit<AnswerRowProps, "versions" | "isFirst"> {
  parts: readonly (Message | RunningAnswer)[];
}

/** What a model says, as it is written and afterwards; of several answers to the same message one. */
export function AnswerRow({ versions, ...rest }: AnswerRowProps) {
  const parts = versions.map((one) => (one.kind === "kept" ? one.message : one.answer));
  return (
    <Versions parts={parts} rowKey={rest.rowKey} isActive={rest.isActive} isLast={rest.isLast} />
  );
}

const Versions = memo(function Versions({ parts, rowKey, isActive, isLast }: VersionsProps) {
  const ui = useUi();
  const [at, setAt] = useState(parts.length - 1);
  useEffect(() => setAt(parts.length - 1), [parts.length]);
  const shown = parts[at] ?? parts.at(-1)!;
  const isRunning = "runId" in shown;
  const model = modelName(ui, isRunning ? shown.modelId : shown.answer?.model_id);
  const pager = parts.length > 1 && (
    <Pager
      at={Math.min(at, parts.length - 1)}
      count={parts.length}
      go={setAt}
      isActive={isActive}
    />
  );
  return (
    <article
      class={`row answer first ${isLast ? "last" : ""}`}
      tabIndex={isActive ? 0 : -1}
      data-row={rowKey}
      aria-label={model}
      aria-busy={isRunning && shown.status === undefined}
    >
      <div class="name">
        <span class="face tiny" aria-hidden="true">
          <SparkIcon />
        </span>
        <span dir="auto">{model}</span>
      </div>
      {isRunning ? (
        <Running answer={shown} />
      ) : (
        <Kept message={shown} isActive={isActive} isLast={isLast} pager={pager} />
      )}
    </article>
  );
});

function Running({ answer }: { answer: RunningAnswer }) {
  const { texts } = useUi();
  const { text, status } = answer;
  if (text === "" && status === undefined) {
    return (
      <div class="words thinking">
        <Dots />
        <span class="sr">{texts.thinking}</span>
      </div>
    );
  }
  return (
    <div class={`words ${status === undefined ? "running" : ""}`}>
      <Markdown text={text} isRunning={status === undefined} />
    </div>
  );
}

interface KeptProps {
  message: Message;
  isActive: boolean;
  isLast: boolean;
  pager: ComponentChildren;
}

function Kept({ message, isActive, isLast, pager }: KeptProps) {
  const { texts, locale } = useUi();
  return (
    <>
      <div class="words">
        {message.isDeleted ? (
          <p class="plain gone">{texts.removed}</p>
        ) : (
          <Markdown text={message.content} isRunning={false} />
        )}
      </div>
      <Ending message={message} isLast={isLast} />
      <Reactions message={message} isActive={isActive} />
      <div class="meta">
        <time dateTime={message.timestamp}>{timeOf(message.timestamp, locale)}</time>
        {pager}
        {!message.isDeleted && message.content !== "" && (
          <AnswerActions message={message} isActive={isActive} />
        )}
      </div>
    </>
  );
}

/** An answer that is not all that there was to say says so. */
function Ending({ message, isLast }: { message: Message; isLast: boolean }) {
  const { conversation, texts } = useUi();
  const status = message.answer?.status;
  if (status === undefined || status === "complete") return null;
  const isNothing = message.content === "" && status === "interrupted";
  const canContinue = isLast && isAnswering(conversation) && status !== "superseded";
  const goOn = (session: ChatSession) =>
    isNothing ? session.regenerate(message.id!) : session.continue(message.id!);
  return (
    <div class={`ending ${status}`}>
      <span>{isNothing ? texts.unanswered : texts[status]}</span>
      {canContinue && (
        <button
          type="button"
          class="pill"
          onClick={() => toldOr(conversation, texts.offline, goOn)}
        >
          {isNothing ? texts.retry : texts.continue}
        </button>
      )}
    </div>
  );
}

/** Says something that needs a connection, or that there is none. */
function toldOr(
  conversation: Conversation,
  otherwise: string,
  tell: (session: ChatSession) => boolean,
): void {
  if (!tell(conversation.session)) conversation.say(otherwise);
}

/** True where a model answers, to who looks. */
function isAnswering({ session, role }: Conversation): boolean {
  return role === "user" && session.control.mode === "bot" && !session.isEnded;
}

function AnswerActions({ message, isActive }: { message: Message; isActive: boolean }) {
  const { conversation, texts } = useUi();
  const reaction = useReaction(message);
  const tabIndex = isActive ? 0 : -1;
  const again = () =>
    toldOr(conversation, texts.offline, (session) => session.regenerate(message.id!));
  const thumb = (emoji: string, label: string, icon: VNode) => (
    <Action
      label={label}
      icon={icon}
      tabIndex={tabIndex}
      isPressed={reaction.isOn(emoji)}
      onClick={() => reaction.press(emoji)}
    />
  );
  return (
    <div class="actions" role="group" aria-label={texts.actions}>
      <CopyButton text={message.content} label={texts.copy} tabIndex={tabIndex} />
      {thumb("👍", texts.good, <GoodIcon />)}
      {thumb("👎", texts.bad, <BadIcon />)}
      {isAnswering(conversation) && (
        <Action label={texts.regenerate} icon={<AgainIcon />} tabIndex={tabIndex} onClick={again} />
      )}
      <Action
        label={texts.reply}
        icon={<ReplyIcon />}
        tabIndex={tabIndex}
        onClick={() => conversation.aimAt({ kind: "reply", message })}
      />
    </div>
  );
}

interface PagerProps {
  at: number;
  count: number;
  go: (at: number) => void;
  isActive: boolean;
}

function Pager({ at, count, go, isActive }: PagerProps) {
  const { texts } = useUi();
  const tabIndex = isActive ? 0 : -1;
  return (
    <div class="pager" role="group" aria-label={texts.versions}>
      <button
        type="button"
        class="icon small"
        aria-label={texts.previousVersion}
        tabIndex={tabIndex}
        disabled={at === 0}
        onClick={() => go(at - 1)}
      >
        <LeftIcon />
      </button>
      <span>
        {at + 1} / {count}
      </span>
      <button
        type="button"
        class="icon small"
        aria-label={texts.nextVersion}
        tabIndex={tabIndex}
        disabled={at === count - 1}
        onClick={() => go(at + 1)}
      >
        <RightIcon />
      </button>
    </div>
  );
}
