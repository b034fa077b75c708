import { useState } from "preact/hooks";
import { Badge } from "../parts/badge.tsx";
import { Icon } from "../parts/icon.tsx";
import { Menu, type MenuItem } from "../parts/menu.tsx";
import { PAGES } from "../service/pages.ts";
import type { Service } from "../service/service.ts";
import { titleOf, type Summary } from "../service/summary.ts";
import { ago, inFull } from "../service/times.ts";
import type { Paged } from "./paged.ts";
import { DeleteDialog, EndDialog, RenameDialog } from "./session-dialogs.tsx";
import "./session-row.css";

export interface SessionRowProps {
  session: Summary;
  nowMs: number;
  service: Service;
  onChange: Paged["change"];
}

type Asking = "rename" | "end" | "delete" | undefined;

export function SessionRow({ session, nowMs, service, onChange }: SessionRowProps) {
  const [asking, setAsking] = useState<Asking>();
  const { session_id: id, last_activity, message_count: count } = session;
  const title = titleOf(session);
  const items: MenuItem[] = [
    { label: "Rename", icon: "pen", onChoose: () => setAsking("rename") },
    ...(session.is_active
      ? [
          {
            label: "End",
            icon: "stop",
            onChoose: () => setAsking("end"),
          } as const,
        ]
      : []),
    { label: "Delete", icon: "bin", isDangerous: true, onChoose: () => setAsking("delete") },
  ];
  const dialog = { session, service, onChange, onClose: () => setAsking(undefined) };
  return (
    <li class="session-row">
      <a class="session-row-link" href={PAGES.chat(id)}>
        <span class="session-row-icon">
          <Icon name="chat" />
        </span>
        <span class="session-row-title cut">{title}</span>
        <span class="session-row-facts muted">
          <State session={session} />
          <span class="figures">{count === 1 ? "1 message" : `${count} messages`}</span>
          <time dateTime={last_activity} title={inFull(last_activity)}>
            {ago(last_activity, nowMs)}
          </time>
        </span>
      </a>
      <Menu label={`More about ${title}`} items={items} />
      {asking === "rename" && <RenameDialog {...dialog} />}
      {asking === "end" && <EndDialog {...dialog} />}
      {asking === "delete" && <DeleteDialog {...dialog} />}
    </li>
  );
}

function State({ session }: { session: Summary }) {
  const { assisting_admin_name: who, help_requested, is_active, admin_assisted } = session;
  if (!is_active) return <Badge tone="calm">Ended</Badge>;
  if (who !== undefined) return <Badge tone="accent">With {who}</Badge>;
  if (help_requested) return <Badge tone="warn">A person is coming</Badge>;
  return admin_assisted ? <Badge tone="calm">A person helped</Badge> : null;
}
