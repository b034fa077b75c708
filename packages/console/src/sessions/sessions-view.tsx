import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { useNow, useTask } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { Segments } from "../parts/segments.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import { listOwn, totalOf, type Summary } from "../service/summary.ts";
import { dayGroup } from "../service/times.ts";
import { usePaged, type Paged } from "./paged.ts";
import { beginAnew } from "./begin-anew.ts";
import { SessionRow } from "./session-row.tsx";
import "./sessions-view.css";

const FILTERS = [
  { value: "all", label: "All", query: {} },
  { value: "active", label: "Open", query: { status: "active" } },
  { value: "person", label: "With a person", query: { admin_assisted: true } },
  { value: "ended", label: "Ended", query: { status: "ended" } },
] as const;
type Filter = (typeof FILTERS)[number]["value"];

const PAGE = 50;

/** One's own conversations: find one, go on with it, rename it, end it, begin another. */
export function SessionsView({ inside }: { inside: Inside }) {
  const { service } = inside;
  const [filter, setFilter] = useState<Filter>("all");
  const { query } = FILTERS.find(({ value }) => value === filter)!;
  const order = { sort_by: "last_activity", sort_order: "desc", limit: PAGE };
  const paged = usePaged(
    (cursor, signal) => listOwn(service, { ...query, ...order, cursor }, signal),
    filter,
  );
  const begin = useTask();
  const onNew = () => begin.run(() => beginAnew(service));
  return (
    <>
      <TopBar inside={inside} title="Warren">
        <Button kind="primary" isBusy={begin.isBusy} onClick={onNew}>
          <Icon name="plus" />
          New chat
        </Button>
      </TopBar>
      <main class="sessions">
        <header class="sessions-head">
          <h1>Conversations</h1>
          {paged.first && <span class="muted figures">{totalOf(paged.first)}</span>}
        </header>
        <Segments
          label="Which conversations"
          options={FILTERS}
          value={filter}
          onChoose={setFilter}
        />
        {begin.problem !== undefined && <Problem text={begin.problem} />}
        {paged.problem !== undefined && <Problem text={paged.problem} onRetry={paged.reload} />}
        <Found inside={inside} paged={paged} isFiltered={filter !== "all"} onNew={onNew} />
      </main>
    </>
  );
}

interface FoundProps {
  inside: Inside;
  paged: Paged;
  isFiltered: boolean;
  onNew: () => void;
}

function Found({ inside, paged, isFiltered, onNew }: FoundProps) {
  const nowMs = useNow(30_000);
  if (paged.first === undefined) {
    return paged.isLoading ? <Waiting /> : null;
  }
  if (paged.all.length === 0 && isFiltered) {
    return <Empty title="None of these" text="No conversation of yours is like this." />;
  }
  if (paged.all.length === 0) {
    return (
      <Empty
        title="Nothing said yet"
        text="Ask anything. An AI answers at once, and people take over when you want one."
      >
        <Button kind="primary" onClick={onNew}>
          Start a conversation
        </Button>
      </Empty>
    );
  }
  return (
    <>
      {groups(paged.all, nowMs).map(([day, sessions]) => (
        <section key={day} class="sessions-group" aria-labelledby={idOf(day)}>
          <h2 id={idOf(day)}>{day}</h2>
          <ul>
            {sessions.map((session) => (
              <SessionRow
                key={session.session_id}
                {...{ session, nowMs }}
                service={inside.service}
                onChange={paged.change}
              />
            ))}
          </ul>
        </section>
      ))}
      {paged.hasMore && (
        <div class="sessions-more">
          <Button isBusy={paged.isLoading} onClick={paged.more}>
            Show more
          </Button>
        </div>
      )}
    </>
  );
}

function groups(sessions: readonly Summary[], nowMs: number): [string, Summary[]][] {
  const found = new Map<string, Summary[]>();
  for (const session of sessions) {
    const day = dayGroup(session.last_activity, nowMs);
    found.set(day, [...(found.get(day) ?? []), session]);
  }
  return [...found];
}

function idOf(day: string): string {
  return `day-${day.replace(/\W+/g, "-").toLowerCase()}`;
}

function Waiting() {
  return (
    <div
      class="sessions-wait"
      aria-busy="true"
      aria-label="Conversations are on their way"
      role="status"
    >
      {Array.from({ length: 6 }, (_, i) => (
        <div key={i} class="skeleton" />
      ))}
    </div>
  );
}
