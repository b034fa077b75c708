import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { useLoaded } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { Menu } from "../parts/menu.tsx";
import { RemoveReplyDialog, ReplyDialog } from "./reply-dialogs.tsx";
import { listReplies, type Reply } from "./replies.ts";
import "./replies-view.css";

type Asking = { what: "write"; reply: Reply | undefined } | { what: "remove"; reply: Reply };

/** Words that are said often: written once, said by everybody who answers. */
export function RepliesView({ inside: { service } }: { inside: Inside }) {
  const [asking, setAsking] = useState<Asking>();
  const { value, problem, reload } = useLoaded((signal) => listReplies(service, signal), {
    key: "replies",
  });
  const write = (reply: Reply | undefined) => setAsking({ what: "write", reply });
  const dialog = { service, onClose: () => setAsking(undefined), onChange: reload };
  return (
    <div class="desk-page">
      <header class="desk-head">
        <h2>Replies</h2>
        <Button kind="primary" onClick={() => write(undefined)}>
          <Icon name="plus" />
          New reply
        </Button>
      </header>
      {problem !== undefined && <Problem text={problem} onRetry={reload} />}
      {value?.length === 0 && (
        <div class="card">
          <Empty
            title="No replies yet"
            text="Write down what you say often, and say it with two clicks."
          />
        </div>
      )}
      <ul class="replies">
        {value?.map((reply) => (
          <li key={reply.id} class="card reply">
            <header>
              <h3 class="cut">{reply.title}</h3>
              <Menu
                label={`More about ${reply.title}`}
                items={[
                  { label: "Edit", icon: "pen", onChoose: () => write(reply) },
                  {
                    label: "Remove",
                    icon: "bin",
                    isDangerous: true,
                    onChoose: () => setAsking({ what: "remove", reply }),
                  },
                ]}
              />
            </header>
            <p class="muted">{reply.text}</p>
          </li>
        ))}
      </ul>
      {asking?.what === "write" && <ReplyDialog {...dialog} reply={asking.reply} />}
      {asking?.what === "remove" && <RemoveReplyDialog {...dialog} reply={asking.reply} />}
    </div>
  );
}
