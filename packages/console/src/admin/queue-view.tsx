import { useState } from "preact/hooks";
import { Avatar } from "../parts/avatar.tsx";
import { Button, IconButton } from "../parts/button.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { useLoaded, useNow, useTask } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import type { Service } from "../service/service.ts";
import { titleOf, type Summary } from "../service/summary.ts";
import { lengthOf } from "../service/times.ts";
import type { ListProps } from "./conversations-view.tsx";
import { go, routeText } from "./desk-route.ts";
import { LiveSwitch } from "./live-switch.tsx";
import "./queue-view.css";

interface Queue {
  /** The longest first. */
  readonly queue: readonly Summary[];
  readonly total: number;
}

const LIVE_MS = 10_000;
/** Who waits longer than this is seen at a glance. */
const LONG_S = 300;

/** Who waits for a person, the longest first. */
export function QueueView({ inside, tab, sessionId }: ListProps) {
  const { service } = inside;
  const [isLive, setLive] = useState(true);
  const { value, problem, isLoading, reload } = useLoaded<Queue>(
    (signal) => service.ask("/admin/queue", { signal }),
    { key: "queue", everyMs: isLive ? LIVE_MS : undefined },
  );
  return (
    <div class="desk-page">
      <header class="desk-head">
        <h2>Queue</h2>
        <span class="muted figures" role="status">
          {value && waitingText(value.total)}
        </span>
        <LiveSwitch isOn={isLive} onChange={setLive} />
        <IconButton label="Refresh" kind="plain" onClick={reload} isBusy={isLoading}>
          <Icon name="refresh" />
        </IconButton>
      </header>
      {problem !== undefined && <Problem text={problem} onRetry={reload} />}
      {value?.queue.length === 0 && (
        <div class="card">
          <Empty
            title="Nobody waits"
            text="Whoever asks for a person is listed here, the longest first."
          />
        </div>
      )}
      {value && value.queue.length > 0 && (
        <ol class="card queue">
          {value.queue.map((session, at) => (
            <Waiting
              key={session.session_id}
              {...{ session, tab, service }}
              position={at + 1}
              isOpen={session.session_id === sessionId}
              onTaken={reload}
            />
          ))}
        </ol>
      )}
    </div>
  );
}

function waitingText(total: number): string {
  if (total === 0) return "";
  return total === 1 ? "1 person waits" : `${total.toLocaleString()} wait`;
}

interface WaitingProps extends Pick<ListProps, "tab"> {
  session: Summary;
  service: Service;
  position: number;
  isOpen: boolean;
  onTaken: () => void;
}

function Waiting({ session, tab, service, position, isOpen, onTaken }: WaitingProps) {
  const { session_id: sessionId, user_id: user, help_since: since } = session;
  const { isBusy, problem, run } = useTask();
  const take = async () => {
    await service.ask(`/admin/takeover/${encodeURIComponent(sessionId)}`, { method: "POST" });
    go({ tab, sessionId });
    onTaken();
  };
  return (
    <li class={isOpen ? "queue-row is-open" : "queue-row"}>
      <span class="queue-place figures">{position}</span>
      <Avatar name={user} size={36} />
      <div class="queue-words">
        <a href={routeText({ tab, sessionId })} data-row class="cut">
          {titleOf(session)}
        </a>
        <span class="muted cut">{user}</span>
        {problem !== undefined && (
          <span class="queue-problem" role="alert">
            {problem}
          </span>
        )}
      </div>
      {since !== undefined && <Wait since={since} />}
      <Button
        kind="primary"
        isSmall
        isBusy={isBusy}
        onClick={() => run(take)}
        aria-label={`Take ${titleOf(session)}`}
      >
        Take
      </Button>
    </li>
  );
}

function Wait({ since }: { since: string }) {
  const seconds = (useNow(1_000) - Date.parse(since)) / 1_000;
  return (
    <time class={seconds > LONG_S ? "queue-wait is-long" : "queue-wait"} dateTime={since}>
      {lengthOf(seconds)}
    </time>
  );
}
