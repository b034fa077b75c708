import { copyText } from "@warren/client/widget";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../parts/button.tsx";
import { Dialog, DialogActions } from "../parts/dialog.tsx";
import { Problem } from "../parts/empty.tsx";
import { useTask } from "../parts/hooks.ts";
import { Icon } from "../parts/icon.tsx";
import { PAGES } from "../service/pages.ts";
import type { Service } from "../service/service.ts";

export interface ShareDialogProps {
  service: Service;
  sessionId: string;
  onClose: () => void;
}

interface Share {
  readonly share_token: string;
  /** RFC 3339. */
  readonly expires_at?: string;
}

/** Makes a link that everybody who has it can read with, and takes it back. */
export function ShareDialog({ service, sessionId, onClose }: ShareDialogProps) {
  const path = `/sessions/${encodeURIComponent(sessionId)}/share`;
  const [share, setShare] = useState<Share>();
  const { isBusy, problem, run } = useTask();
  useEffect(
    () => run(async () => setShare(await service.ask<Share>(path, { method: "POST" }))),
    [],
  );
  const stop = async () => {
    await service.ask(path, { method: "DELETE" });
    onClose();
  };
  return (
    <Dialog title="Share this conversation" onClose={onClose}>
      <p class="muted">
        Whoever has this link can read the conversation, also what is said later. Notes of the team
        are never shown.
      </p>
      {problem !== undefined && <Problem text={problem} />}
      {share && <ShareLink share={share} />}
      <DialogActions>
        {share && (
          <Button kind="quiet" isBusy={isBusy} onClick={() => run(stop)}>
            Stop sharing
          </Button>
        )}
        <Button onClick={onClose}>Done</Button>
      </DialogActions>
    </Dialog>
  );
}

function ShareLink({ share }: { share: Share }) {
  const [isCopied, setCopied] = useState<boolean>();
  const link = PAGES.shared(share.share_token);
  const field = useRef<HTMLInputElement>(null);
  const byHand = () => field.current?.select();
  const copy = async () => {
    const done = await copyText(link, field.current!);
    setCopied(done);
    if (!done) byHand();
  };
  return (
    <>
      <label class="field">
        <span>Link</span>
        <input ref={field} readOnly value={link} onFocus={byHand} />
      </label>
      {share.expires_at !== undefined && (
        <p class="muted">
          Good until {new Date(share.expires_at).toLocaleString(undefined, { dateStyle: "long" })}.
        </p>
      )}
      <Button kind="primary" onClick={() => void copy()}>
        <Icon name={isCopied === true ? "check" : "copy"} />
        <span aria-live="polite">{isCopied === true ? "Copied" : "Copy link"}</span>
      </Button>
      {isCopied === false && (
        <Problem text="This browser does not let pages copy. The link is selected: copy it by hand." />
      )}
    </>
  );
}
