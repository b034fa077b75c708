import { Gate } from "../account/gate.tsx";
import { start } from "../parts/start.tsx";
import { ChatView } from "./chat-view.tsx";

const query = new URLSearchParams(location.search);
const shareToken = query.get("share_token");

/** As the address says now: who comes in again, after a token that ended, goes on where they were. */
const isNew = () => new URLSearchParams(location.search).has("new");

// An old link to a shared conversation: its token leaves the address that servers see.
if (shareToken !== null) location.replace(`./shared.html#${encodeURIComponent(shareToken)}`);
else {
  const sessionId = query.get("session_id") ?? undefined;
  start(
    <Gate what="your conversation">
      {(inside) => <ChatView {...{ inside, sessionId }} isNew={isNew()} />}
    </Gate>,
  );
}
