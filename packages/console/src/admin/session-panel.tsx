import type { ChatSession } from "@warren/client";
import type { MountedChat } from "@warren/client/widget";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Conversation } from "../parts/conversation.tsx";
import { useLoaded } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { askSummary } from "../service/summary.ts";
import { NoteDialog } from "./note-dialog.tsx";
import { ReplyPicker } from "./reply-picker.tsx";
import { SessionFacts } from "./session-facts.tsx";
import "./session-panel.css";
import { TransferDialog } from "./transfer-dialog.tsx";

export interface SessionPanelProps {
  inside: Inside;
  sessionId: string;
  onClose: () => void;
}

/** Facts move slower than words, and each look counts against an admin's limit. */
const LOOK_MS = 30_000;

/** A conversation that is open on the desk: read it, take it, say a reply, leave a note, hand it on. */
export function SessionPanel({ inside, sessionId, onClose }: SessionPanelProps) {
  const { service, token } = inside;
  const chat = useRef<MountedChat>(undefined);
  const [session, setSession] = useState<ChatSession>();
  useChanges(session);
  const facts = useLoaded((signal) => askSummary(service, sessionId, signal), {
    key: sessionId,
    everyMs: LOOK_MS,
  });
  return (
    <section class="desk-panel" aria-label="Open conversation">
      <SessionFacts summary={facts.value} />
      <Conversation
        url={service.base}
        token={token}
        sessionId={sessionId}
        role="admin"
        onClose={onClose}
        onSession={setSession}
        onMounted={(mounted) => (chat.current = mounted)}
      />
      {session && (
        <PanelActions
          {...{ inside, session }}
          user={facts.value?.user_id ?? ""}
          onDone={() => chat.current?.focus()}
        />
      )}
    </section>
  );
}

/** Draws again whenever anything of a session is another than before. */
function useChanges(session: ChatSession | undefined): void {
  const [, setTurn] = useState(0);
  useEffect(() => session?.on("change", () => setTurn((turn) => turn + 1)), [session]);
}

interface PanelActionsProps {
  inside: Inside;
  session: ChatSession;
  user: string;
  onDone: () => void;
}

type Asking = "reply" | "note" | "transfer";

function PanelActions({ inside, session, user, onDone }: PanelActionsProps) {
  const [asking, setAsking] = useState<Asking>();
  const { mode, adminId } = session.control;
  const isMine = mode === "person" && adminId === inside.account.userId && !session.isEnded;
  const close = () => setAsking(undefined);
  const send = (text: string) => {
    session.send(text);
    onDone();
  };
  const colleagues = (session.presence?.admins ?? []).filter(({ id }) => id !== adminId);
  const dialog = { inside, sessionId: session.id, onClose: close };
  return (
    <footer class="panel-actions">
      {isMine && (
        <Button isSmall kind="quiet" onClick={() => setAsking("reply")}>
          <Icon name="reply" size={16} />
          Replies
        </Button>
      )}
      <Button isSmall kind="quiet" onClick={() => setAsking("note")}>
        <Icon name="note" size={16} />
        Note
      </Button>
      {isMine && (
        <Button isSmall kind="quiet" onClick={() => setAsking("transfer")}>
          <Icon name="people" size={16} />
          Hand on
        </Button>
      )}
      {asking === "reply" && <ReplyPicker {...{ inside, user }} onSend={send} onClose={close} />}
      {asking === "note" && <NoteDialog {...dialog} />}
      {asking === "transfer" && <TransferDialog {...dialog} colleagues={colleagues} />}
    </footer>
  );
}
