import { useId, useState } from "preact/hooks";
import type { Inside } from "../account/gate.tsx";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Problem } from "../parts/empty.tsx";
import "./transfer-dialog.css";
import { useTask } from "../parts/hooks.ts";

export interface Colleague {
  readonly id: string;
  readonly name: string;
}

export interface TransferDialogProps {
  inside: Inside;
  sessionId: string;
  /** Who looks on as well. */
  colleagues: readonly Colleague[];
  onClose: () => void;
}

/** Hands the conversation on to a colleague, who has it from then on. */
export function TransferDialog({ inside, sessionId, colleagues, onClose }: TransferDialogProps) {
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
  const choose = (colleague: Colleague) => {
    setAdminId(colleague.id);
    setName(colleague.name);
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
        <Colleagues all={colleagues} onChoose={choose} />
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

interface ColleaguesProps {
  all: readonly Colleague[];
  onChoose: (colleague: Colleague) => void;
}

function Colleagues({ all, onChoose }: ColleaguesProps) {
  const label = useId();
  if (all.length === 0) return null;
  return (
    <div class="colleagues" role="group" aria-labelledby={label}>
      <span id={label}>Here as well</span>
      {all.map((colleague) => (
        <Button key={colleague.id} isSmall onClick={() => onChoose(colleague)}>
          {colleague.name}
        </Button>
      ))}
    </div>
  );
}
