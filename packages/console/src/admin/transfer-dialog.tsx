import { useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Problem } from "../parts/empty.tsx";
import { useTask } from "../parts/hooks.ts";

export interface TransferDialogProps {
  inside: Inside;
  sessionId: string;
  onClose: () => void;
}

/** Hands the conversation on to a colleague, who has it from then on. */
export function TransferDialog({ inside, sessionId, onClose }: TransferDialogProps) {
  const [adminId, setAdminId] = useState("");
  const [name, setName] = useState("");
  const { isBusy, problem, run } = useTask();
  const transfer = async () => {
    const body = { admin_id: adminId.trim(), admin_name: name.trim() };
    await inside.service.ask(`/admin/transfer/${encodeURIComponent(sessionId)}`, {
      method: "POST",
      body,
    });
    onClose();
  };
  return (
    <Dialog title="Hand this conversation on" onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          run(transfer);
        }}
      >
        <label class="field">
          <span>User id of the colleague</span>
          <input
            required
            maxLength={255}
            autocomplete="off"
            spellcheck={false}
            value={adminId}
            onInput={(event) => setAdminId(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>Their name, as the user sees it</span>
          <input
            maxLength={100}
            autocomplete="off"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && <Problem text={problem} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy} disabled={adminId.trim() === ""}>
            Hand on
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
