import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Problem } from "../parts/empty.tsx";
import { useTask } from "../parts/hooks.ts";

export interface NoteDialogProps {
  inside: Inside;
  sessionId: string;
  onClose: () => void;
}

/** Something for colleagues alone: the user, links and exports never show it. */
export function NoteDialog({ inside, sessionId, onClose }: NoteDialogProps) {
  const [content, setContent] = useState("");
  const { isBusy, problem, run } = useTask();
  const keep = async () => {
    const body = { content: content.trim() };
    await inside.service.ask(`/admin/notes/${encodeURIComponent(sessionId)}`, {
      method: "POST",
      body,
    });
    onClose();
  };
  return (
    <Dialog title="Private note" onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          run(keep);
        }}
      >
        <label class="field">
          <span>Only people who answer see it</span>
          <textarea
            required
            maxLength={10_000}
            rows={5}
            value={content}
            onInput={(event) => setContent(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && <Problem text={problem} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy} disabled={content.trim() === ""}>
            Add note
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
