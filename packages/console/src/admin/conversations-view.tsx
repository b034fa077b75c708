import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { IconButton } from "../parts/button.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { useLoaded } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { listAll, totalOf, type SummaryPage } from "../service/summary.ts";
import "./conversations-view.css";
import type { Tab } from "./desk-route.ts";
import { FilterBar } from "./filter-bar.tsx";
import { narrowing, NO_FILTERS, queryOf, type Filters } from "./filters.ts";
import { Pager } from "./pager.tsx";
import { SessionsTable } from "./sessions-table.tsx";
import { LiveSwitch } from "./live-switch.tsx";

export interface ListProps {
  inside: Inside;
  tab: Tab;
  /** The one that is open beside the list. */
  sessionId: string | undefined;
}

/** Rows of a page, and how often it is looked at again: an admin may ask 20 times a minute. */
const PAGE = 50;
const LIVE_MS = 10_000;

/** Everybody's conversations, under every filter and sort that the service has. */
export function ConversationsView({ inside, tab, sessionId }: ListProps) {
  const [filters, setFilters] = useState(NO_FILTERS);
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const [isLive, setLive] = useState(true);
  const query = { ...queryOf(filters), limit: PAGE, cursor: cursors.at(-1) };
  const found = useLoaded((signal) => listAll(inside.service, query, signal), {
    key: JSON.stringify(query),
    everyMs: isLive ? LIVE_MS : undefined,
  });
  const filter = (changed: Filters) => {
    setFilters(changed);
    setCursors([]);
  };
  const page = found.value;
  return (
    <div class="desk-page">
      <header class="desk-head">
        <h2>Conversations</h2>
        <Count page={page} />
        <LiveSwitch isOn={isLive} onChange={setLive} />
        <IconButton label="Refresh" kind="plain" onClick={found.reload} isBusy={found.isLoading}>
          <Icon name="refresh" />
        </IconButton>
      </header>
      <FilterBar filters={filters} onChange={filter} />
      {found.problem !== undefined && <Problem text={found.problem} onRetry={found.reload} />}
      <div class="card conversations" aria-busy={found.isLoading}>
        {page && page.sessions.length > 0 && (
          <SessionsTable {...{ page, tab, sessionId, filters }} onSort={filter} />
        )}
        {page?.sessions.length === 0 && <None filters={filters} />}
        {page === undefined && found.problem === undefined && <div class="conversations-wait" />}
      </div>
      {page && (
        <Pager
          at={cursors.length}
          size={PAGE}
          page={page}
          onBack={() => setCursors(cursors.slice(0, -1))}
          onNext={() => setCursors([...cursors, page.next_cursor ?? ""])}
        />
      )}
    </div>
  );
}

function Count({ page }: { page: SummaryPage | undefined }) {
  const title = page?.total_capped === true ? "There are more: nobody counts further" : undefined;
  return (
    <span class="muted figures" role="status" title={title}>
      {page && `${totalOf(page)} found`}
    </span>
  );
}

function None({ filters }: { filters: Filters }) {
  return narrowing(filters) > 0 ? (
    <Empty title="None found" text="No conversation is like that. Take a filter away." />
  ) : (
    <Empty
      title="Nobody has said anything yet"
      text="Conversations are listed here from their first message on."
    />
  );
}
