import { useCallback, useState } from "preact/hooks";
import type { ChatSession } from "@warren/client";
import type { MountedChat } from "@warren/client/widget";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Conversation } from "../parts/conversation.tsx";
import { useNow, useTask } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { Mark } from "../parts/mark.tsx";
import { AccountMenu } from "../parts/account-menu.tsx";
import { beginAnew, endCurrent } from "../sessions/begin-anew.ts";
import { PAGES } from "../service/pages.ts";
import type { Service } from "../service/service.ts";
import { listOwn, titleOf, type Summary } from "../service/summary.ts";
import { dayGroup } from "../service/times.ts";
import { usePaged } from "../sessions/paged.ts";
import { ShareDialog } from "./share-dialog.tsx";
import "./chat-view.css";

export interface ChatViewProps {
  inside: Inside;
  /** The one to show; the one that the user is in, or a new one, unless set. */
  sessionId: string | undefined;
  /** A new one in any case: what this device knows of may be over, and it not know that yet. */
  isNew: boolean;
}

/** A conversation, and where there is room the others beside it. */
export function ChatView({ inside, sessionId, isNew }: ChatViewProps) {
  const { service, token } = inside;
  const [current, setCurrent] = useState(sessionId);
  const [shared, setShared] = useState<string>();
  const [isBegun, setBegun] = useState(!isNew);
  const others = usePaged(
    (cursor, signal) => listOwn(service, { ...NEWEST, cursor }, signal),
    "own",
  );
  const { reload } = others;
  const follow = useCallback((session: ChatSession) => showing(session, setCurrent, reload), []);
  return (
    <div class="chat">
      <nav class="chat-others" aria-label="Your conversations">
        <header class="chat-others-head">
          <a class="chat-home" href={PAGES.sessions} aria-label="Warren: all conversations">
            <Mark />
            <span>Warren</span>
          </a>
          <AccountMenu inside={inside} />
        </header>
        <NewChat inside={inside} />
        <Others sessions={others.all} current={current} />
      </nav>
      <main class="chat-main" inert={!isBegun}>
        <h1 class="unseen">Conversation</h1>
        <Conversation
          url={service.base}
          token={token}
          {...(sessionId !== undefined && { sessionId })}
          onSession={follow}
          onMounted={(chat) => {
            if (!isBegun)
              void begin(chat, service).finally(() => {
                setBegun(true);
                requestAnimationFrame(() => chat.focus());
              });
          }}
          onBack={() => (location.href = PAGES.sessions)}
          onShare={setShared}
        />
      </main>
      {shared !== undefined && (
        <ShareDialog service={service} sessionId={shared} onClose={() => setShared(undefined)} />
      )}
    </div>
  );
}

const NEWEST = { sort_by: "last_activity", sort_order: "desc", limit: 30 };

/** What is typed before it is there would be lost with what was there before. */
async function begin(chat: MountedChat, service: Service): Promise<void> {
  await chat.session.loaded();
  // Also what was begun on another device. Without a connection the service finds a place for what is said.
  await endCurrent(service).catch(() => undefined);
  await chat.begin();
  history.replaceState(history.state, "", PAGES.chat());
}

/** Keeps address, title and list in step with the conversation that is shown. */
function showing(
  session: ChatSession,
  setCurrent: (id: string | undefined) => void,
  reload: () => void,
): void {
  let name: string | undefined;
  const look = () => {
    const isNamed = session.name !== undefined && session.name !== name;
    name = session.name;
    document.title = name === undefined ? "Chat · Warren" : `${name} · Warren`;
    const id = session.id.startsWith("new-") ? undefined : session.id;
    setCurrent(id);
    if (isNamed) reload();
  };
  session.on("change", look);
  session.on("renamed", look);
  look();
}

function NewChat({ inside }: { inside: Inside }) {
  const { isBusy, problem, run } = useTask();
  return (
    <>
      <Button isWide isBusy={isBusy} onClick={() => run(() => beginAnew(inside.service))}>
        <Icon name="plus" />
        New chat
      </Button>
      {problem !== undefined && (
        <p class="chat-others-problem" role="alert">
          {problem}
        </p>
      )}
    </>
  );
}

function Others({
  sessions,
  current,
}: {
  sessions: readonly Summary[];
  current: string | undefined;
}) {
  const nowMs = useNow(60_000);
  let day = "";
  return (
    <ul class="chat-list">
      {sessions.map((session) => {
        const group = dayGroup(session.last_activity, nowMs);
        const isFirst = group !== day;
        day = group;
        const isCurrent = session.session_id === current;
        return (
          <li key={session.session_id}>
            {isFirst && <h2>{group}</h2>}
            <a
              class="cut"
              href={PAGES.chat(session.session_id)}
              aria-current={isCurrent ? "page" : undefined}
            >
              {titleOf(session)}
            </a>
          </li>
        );
      })}
    </ul>
  );
}
