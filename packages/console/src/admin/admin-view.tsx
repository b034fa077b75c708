import type { Inside } from "../account/gate.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { TopBar } from "../parts/top-bar.tsx";
import "./admin-view.css";
import { ConversationsView } from "./conversations-view.tsx";
import { go, routeText, TABS, useRoute, type Tab } from "./desk-route.ts";
import { FiguresView } from "./figures-view.tsx";
import { QueueView } from "./queue-view.tsx";
import { RepliesView } from "./replies-view.tsx";
import { SessionPanel } from "./session-panel.tsx";
import { useShortcuts } from "./use-shortcuts.ts";

const LABELS: Readonly<Record<Tab, { label: string; icon: IconName }>> = {
  conversations: { label: "Conversations", icon: "chat" },
  queue: { label: "Queue", icon: "people" },
  figures: { label: "Figures", icon: "chart" },
  replies: { label: "Replies", icon: "reply" },
};

/** The desk of those who answer: everybody's conversations, who waits, and how it goes. */
export function AdminView({ inside }: { inside: Inside }) {
  const { tab, sessionId } = useRoute();
  const close = () => go({ tab, sessionId: undefined });
  useShortcuts({ close, tab: (at) => go({ tab: TABS[at] ?? tab, sessionId: undefined }) });
  const shown = { inside, tab, sessionId };
  return (
    <div class="desk">
      <TopBar inside={inside} title="Desk">
        <nav class="desk-tabs" aria-label="Desk">
          {TABS.map((one) => (
            <a
              key={one}
              href={routeText({ tab: one, sessionId: undefined })}
              aria-current={one === tab ? "page" : undefined}
              aria-label={LABELS[one].label}
            >
              <Icon name={LABELS[one].icon} />
              <span>{LABELS[one].label}</span>
            </a>
          ))}
        </nav>
      </TopBar>
      <main class={sessionId === undefined ? "desk-body" : "desk-body desk-open"}>
        <h1 class="unseen">{LABELS[tab].label}</h1>
        <div class="desk-main">
          {tab === "conversations" && <ConversationsView {...shown} />}
          {tab === "queue" && <QueueView {...shown} />}
          {tab === "figures" && <FiguresView inside={inside} />}
          {tab === "replies" && <RepliesView inside={inside} />}
        </div>
        {sessionId !== undefined && (
          <SessionPanel key={sessionId} inside={inside} sessionId={sessionId} onClose={close} />
        )}
      </main>
    </div>
  );
}
