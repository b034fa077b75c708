import { useEffect, useMemo, useState } from "preact/hooks";
import { DownIcon, SparkIcon } from "../icons.tsx";
import { firstUnreadOf, threadItems, type Item } from "../talk/thread-items.ts";
import { AnswerRow } from "./answer-row.tsx";
import { MessageRow } from "./message-row.tsx";
import { dayName, dayOf, typingWords } from "./names.ts";
import { Older } from "./older.tsx";
import { Dots } from "./dots.tsx";
import { useRowFocus } from "./use-row-focus.ts";
import { useScroll } from "./use-scroll.ts";
import { useUi } from "./ui.ts";

export interface ThreadProps {
  greeting: string | undefined;
  isVisible: boolean;
}

/** What was said, the latest below. It follows what comes as long as its reader is at the end. */
export function Thread({ greeting, isVisible }: ThreadProps) {
  const { conversation, texts } = useUi();
  const { session } = conversation;
  const [firstUnread, setFirstUnread] = useState<string | undefined>();
  const own = session.messages.findLast(({ isMine }) => isMine)?.key;
  const scroll = useScroll(own);
  const isSeen = isVisible && scroll.isAtEnd;
  useEffect(() => {
    if (isVisible) setFirstUnread(firstUnreadOf(session));
  }, [isVisible]);
  useMarkRead(isSeen);
  const { messages, answers } = session;
  const items = useMemo(
    () => threadItems({ session: { messages, answers }, firstUnread, dayOf }),
    [messages, answers, firstUnread],
  );
  const last = items.findLast(({ kind }) => kind === "message" || kind === "answer")?.key;
  const focus = useRowFocus(last);
  return (
    <div class="stage">
      <div
        class="thread"
        ref={scroll.scroller}
        onScroll={scroll.moved}
        onKeyDown={focus.moved}
        onFocusIn={focus.entered}
        role="log"
        aria-live="off"
        aria-label={texts.title}
      >
        <div class="rows" ref={scroll.content}>
          <Older keepPlace={scroll.keepPlace} />
          {items.length === 0 && <Greeting words={greeting} />}
          {items.map((item) => (
            <Row key={item.key} item={item} active={focus.active} last={last} />
          ))}
          <Typing />
        </div>
      </div>
      {!scroll.isAtEnd && (
        <button type="button" class="latest" aria-label={texts.toLatest} onClick={scroll.toEnd}>
          {session.unread > 0 && <span class="count">{session.unread}</span>}
          <DownIcon />
        </button>
      )}
    </div>
  );
}

function Row(props: { item: Item; active: string | undefined; last: string | undefined }) {
  const { item, active, last } = props;
  const ui = useUi();
  const { key } = item;
  const place = { isActive: key === active, isLast: key === last };
  switch (item.kind) {
    case "day":
      return (
        <div class="day" role="separator">
          <span>{dayName(item.timestamp, Date.now(), ui)}</span>
        </div>
      );
    case "new":
      return (
        <div class="day new" role="separator">
          <span>{ui.texts.newMessages}</span>
        </div>
      );
    case "message":
      return <MessageRow rowKey={key} message={item.message} isFirst={item.isFirst} {...place} />;
    case "answer":
      return <AnswerRow rowKey={key} versions={item.versions} isFirst={item.isFirst} {...place} />;
  }
}

function Greeting({ words }: { words: string | undefined }) {
  const { conversation, texts } = useUi();
  const { session, client } = conversation;
  const isLoading = session.state === "syncing" && client.connection.name === "open";
  return (
    <div class="greeting">
      <span class="face large" aria-hidden="true">
        <SparkIcon />
      </span>
      <p class="words" dir="auto">
        {isLoading ? texts.loading : (words ?? texts.greeting)}
      </p>
      {!isLoading && words === undefined && <p class="more">{texts.greetingMore}</p>}
    </div>
  );
}

function Typing() {
  const ui = useUi();
  const words = typingWords(ui);
  if (words === "") return null;
  return (
    <div class="typing" aria-hidden="true">
      <Dots /> <span>{words}</span>
    </div>
  );
}

/** What is looked at is read; what comes while nobody looks is not. */
function useMarkRead(isSeen: boolean): void {
  const { conversation } = useUi();
  useEffect(() => {
    const look = () => {
      if (isSeen && document.visibilityState === "visible") conversation.session.markRead();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  });
}
