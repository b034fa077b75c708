import { useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Problem } from "../parts/empty.tsx";
import { useTask } from "../parts/hooks.ts";
import type { Service } from "../service/service.ts";
import { titleOf, type Summary } from "../service/summary.ts";
import { endSession } from "./begin-anew.ts";
import type { Paged } from "./paged.ts";

export interface SessionDialogProps {
  session: Summary;
  service: Service;
  onChange: Paged["change"];
  onClose: () => void;
}

export function RenameDialog({ session, service, onChange, onClose }: SessionDialogProps) {
  const id = session.session_id;
  const [typed, setTyped] = useState(session.name);
  const { isBusy, problem, run } = useTask();
  const name = typed.trim();
  const rename = async () => {
    await service.ask(`/sessions/${id}`, { method: "PATCH", body: { name } });
    onChange(id, (was) => ({ ...was, name }));
    onClose();
  };
  return (
    <Dialog title="Rename conversation" onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name !== "") run(rename);
        }}
      >
        <label class="field">
          <span>Name</span>
          <input
            value={typed}
            maxLength={100}
            autocomplete="off"
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && <Problem text={problem} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy} disabled={name === ""}>
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

export function EndDialog({ session, service, onChange, onClose }: SessionDialogProps) {
  const id = session.session_id;
  const { isBusy, problem, run } = useTask();
  const end = async () => {
    await endSession(service, id);
    onChange(id, (was) => ({ ...was, is_active: false }));
    onClose();
  };
  return (
    <Dialog title="End this conversation?" onClose={onClose}>
      <p>
        Nothing more can be said in <strong>{titleOf(session)}</strong>. It stays here to read.
      </p>
      {problem !== undefined && <Problem text={problem} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" isBusy={isBusy} onClick={() => run(end)}>
          End it
        </Button>
      </DialogActions>
    </Dialog>
  );
}

export function DeleteDialog({ session, service, onChange, onClose }: SessionDialogProps) {
  const id = session.session_id;
  const { isBusy, problem, run } = useTask();
  const remove = async () => {
    await service.ask(`/sessions/${id}`, { method: "DELETE" });
    onChange(id, () => undefined);
    onClose();
  };
  return (
    <Dialog title="Delete this conversation?" onClose={onClose}>
      <p>
        Everything said in <strong>{titleOf(session)}</strong> is erased, with its files and its
        links. Nobody can bring it back.
      </p>
      {problem !== undefined && <Problem text={problem} />}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button kind="danger" isBusy={isBusy} onClick={() => run(remove)}>
          Delete it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
