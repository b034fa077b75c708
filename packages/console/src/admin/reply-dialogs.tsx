import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Problem } from "../parts/empty.tsx";
import { useTask } from "../parts/hooks.ts";
import type { Service } from "../service/service.ts";
import { keepReply, removeReply, type Reply } from "./replies.ts";

interface ReplyDialogProps<T> {
  service: Service;
  reply: T;
  onClose: () => void;
  onChange: () => void;
}

export function ReplyDialog({
  service,
  reply,
  onClose,
  onChange,
}: ReplyDialogProps<Reply | undefined>) {
  const [title, setTitle] = useState(reply?.title ?? "");
  const [text, setText] = useState(reply?.text ?? "");
  const { isBusy, problem, run } = useTask();
  const keep = async () => {
    await keepReply(service, { id: reply?.id, title: title.trim(), text: text.trim() });
    onChange();
    onClose();
  };
  return (
    <Dialog title={reply === undefined ? "New reply" : "Edit reply"} onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          run(keep);
        }}
      >
        <label class="field">
          <span>Title, for finding it</span>
          <input
            required
            maxLength={200}
            autocomplete="off"
            value={title}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>{"Text; {name} is you, {user} is who asks"}</span>
          <textarea
            required
            maxLength={10_000}
            rows={6}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && <Problem text={problem} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            isBusy={isBusy}
            disabled={title.trim() === "" || text.trim() === ""}
          >
            Keep
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export function RemoveReplyDialog({ service, reply, onClose, onChange }: ReplyDialogProps<Reply>) {
  const { isBusy, problem, run } = useTask();
  const remove = async () => {
    await removeReply(service, reply.id);
    onChange();
    onClose();
  };
  return (
    <Dialog title="Remove this reply?" onClose={onClose}>
      <p>
        Nobody finds <strong>{reply.title}</strong> any more. What was said with it stays said.
      </p>
      {problem !== undefined && <Problem text={problem} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" isBusy={isBusy} onClick={() => run(remove)}>
          Remove
        </Button>
      </DialogActions>
    </Dialog>
  );
}
