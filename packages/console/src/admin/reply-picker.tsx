import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Empty, Problem } from "../parts/empty.tsx";
import { useLoaded } from "../parts/hooks.ts";
import "./reply-picker.css";
import { filledReply, listReplies, type Reply } from "./replies.ts";

export interface ReplyPickerProps {
  inside: Inside;
  /** Who asked, for the places in a reply. */
  user: string;
  onSend: (text: string) => void;
  onClose: () => void;
}

/** Finds a reply, shows it as it would be said, and says it. */
export function ReplyPicker({ inside, user, onSend, onClose }: ReplyPickerProps) {
  const { service, account } = inside;
  const { value, problem } = useLoaded((signal) => listReplies(service, signal), {
    key: "replies",
  });
  const [text, setText] = useState<string>();
  const choose = (reply: Reply) => setText(filledReply(reply, { name: account.name, user }));
  const send = (text: string) => {
    onSend(text);
    onClose();
  };
  return (
    <Dialog title="Say a reply" onClose={onClose}>
      {problem !== undefined && <Problem text={problem} />}
      {value?.length === 0 && <Empty title="No replies yet" text="Write some under Replies." />}
      {text === undefined && value !== undefined && value.length > 0 && (
        <Choices replies={value} onChoose={choose} />
      )}
      {text !== undefined && <Draft text={text} onSend={send} onBack={() => setText(undefined)} />}
    </Dialog>
  );
}

interface ChoicesProps {
  replies: readonly Reply[];
  onChoose: (reply: Reply) => void;
}

function Choices({ replies, onChoose }: ChoicesProps) {
  const [sought, setSought] = useState("");
  return (
    <>
      <label class="field">
        <span>Find</span>
        <input
          type="search"
          value={sought}
          onInput={(event) => setSought(event.currentTarget.value)}
        />
      </label>
      <ul class="reply-picker">
        {replies
          .filter((reply) => fits(reply, sought))
          .map((reply) => (
            <li key={reply.id}>
              <button type="button" onClick={() => onChoose(reply)}>
                <strong>{reply.title}</strong>
                <span class="muted cut">{reply.text}</span>
              </button>
            </li>
          ))}
      </ul>
    </>
  );
}

interface DraftProps {
  text: string;
  onSend: (text: string) => void;
  onBack: () => void;
}

/** What is chosen can still be changed before it is said. */
function Draft({ text, onSend, onBack }: DraftProps) {
  const [typed, setTyped] = useState(text);
  return (
    <>
      <label class="field">
        <span>As it will be said</span>
        <textarea
          rows={6}
          maxLength={10_000}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </label>
      <DialogActions>
        <Button onClick={onBack}>Back</Button>
        <Button kind="primary" disabled={typed.trim() === ""} onClick={() => onSend(typed.trim())}>
          Send
        </Button>
      </DialogActions>
    </>
  );
}

function fits({ title, text }: Reply, sought: string): boolean {
  const words = sought.toLocaleLowerCase().split(/\s+/);
  const all = `${title}\n${text}`.toLocaleLowerCase();
  return words.every((word) => all.includes(word));
}
