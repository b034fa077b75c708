import { Badge } from "../parts/badge.tsx";
import { Avatar } from "../parts/avatar.tsx";
import { useNow } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { titleOf, type Summary, type SummaryPage } from "../service/summary.ts";
import { ago, compact, inFull, lengthOf, shortLengthOf } from "../service/times.ts";
import { go, routeText, type Tab } from "./desk-route.ts";
import type { Filters, Sort } from "./filters.ts";
import "./sessions-table.css";

export interface SessionsTableProps {
  page: SummaryPage;
  tab: Tab;
  sessionId: string | undefined;
  filters: Filters;
  onSort: (filters: Filters) => void;
}

interface Column {
  title: string;
  /** Left out first where there is little room. */
  room: "always" | "medium" | "wide";
  sort?: Sort;
  isNumber?: boolean;
}

const COLUMNS: readonly Column[] = [
  { title: "Conversation", room: "always" },
  { title: "User", room: "medium", sort: "user_id" },
  { title: "Status", room: "always" },
  { title: "Messages", room: "medium", sort: "message_count", isNumber: true },
  { title: "Tokens", room: "wide", sort: "total_tokens", isNumber: true },
  { title: "Answers in", room: "wide", isNumber: true },
  { title: "Duration", room: "wide", sort: "duration", isNumber: true },
  { title: "Started", room: "wide", sort: "start_time" },
  { title: "Last activity", room: "medium", sort: "last_activity" },
];

export function SessionsTable({ page, tab, sessionId, filters, onSort }: SessionsTableProps) {
  const nowMs = useNow(15_000);
  return (
    <table class="sessions-table">
      <caption class="unseen">Conversations</caption>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <Heading key={column.title} column={column} filters={filters} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {page.sessions.map((session) => (
          <Row
            key={session.session_id}
            {...{ session, tab, nowMs }}
            isOpen={session.session_id === sessionId}
          />
        ))}
      </tbody>
    </table>
  );
}

interface HeadingProps {
  column: Column;
  filters: Filters;
  onSort: (filters: Filters) => void;
}

function Heading({ column, filters, onSort }: HeadingProps) {
  const { title, sort } = column;
  const isSorted = sort === filters.sort;
  const order = filters.isDescending ? "descending" : "ascending";
  return (
    <th scope="col" class={cellClass(column)} aria-sort={isSorted ? order : undefined}>
      {sort === undefined ? (
        title
      ) : (
        <button
          type="button"
          onClick={() =>
            onSort({ ...filters, sort, isDescending: isSorted ? !filters.isDescending : true })
          }
        >
          {title}
          {isSorted && <Icon name={filters.isDescending ? "down" : "up"} size={13} />}
        </button>
      )}
    </th>
  );
}

interface RowProps {
  session: Summary;
  tab: Tab;
  nowMs: number;
  isOpen: boolean;
}

function Row({ session, tab, nowMs, isOpen }: RowProps) {
  const {
    session_id: sessionId,
    user_id: user,
    start_time: started,
    last_activity: last,
  } = session;
  const cells = [
    <span class="table-title">
      <Avatar name={user} size={30} />
      <span class="table-words">
        <a href={routeText({ tab, sessionId })} data-row class="cut">
          {titleOf(session)}
        </a>
        <span class="table-user muted cut">
          {user} · {ago(last, nowMs)}
        </span>
      </span>
    </span>,
    <span class="cut" title={user}>
      {user}
    </span>,
    <Status session={session} nowMs={nowMs} />,
    session.message_count.toLocaleString(),
    compact(session.total_tokens),
    session.avg_response_time === 0 ? "–" : shortLengthOf(session.avg_response_time),
    lengthOf(session.duration),
    <time dateTime={started}>{inFull(started)}</time>,
    <time dateTime={last} title={inFull(last)}>
      {ago(last, nowMs)}
    </time>,
  ];
  return (
    <tr class={isOpen ? "is-open" : undefined} onClick={() => go({ tab, sessionId })}>
      {COLUMNS.map((column, at) => (
        <td key={column.title} class={cellClass(column)}>
          {cells[at]}
        </td>
      ))}
    </tr>
  );
}

export function Status({ session, nowMs }: { session: Summary; nowMs: number }) {
  const { is_active, assisting_admin_name: who, help_requested, help_since } = session;
  if (!is_active) return <Badge tone="calm">Ended</Badge>;
  if (who !== undefined) return <Badge tone="accent">{who}</Badge>;
  if (!help_requested) return <Badge tone="good">AI</Badge>;
  const waits =
    help_since === undefined ? "" : ` ${lengthOf((nowMs - Date.parse(help_since)) / 1_000)}`;
  return <Badge tone="warn">Waits{waits}</Badge>;
}

function cellClass({ room, isNumber }: Column): string {
  return `room-${room}${isNumber === true ? " is-number" : ""}`;
}
