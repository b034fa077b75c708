import type { RefObject } from "preact";
import { useMemo } from "preact/hooks";
import { excess } from "../talk/excess.ts";
import { addFiles } from "./add-files.ts";
import { useDraft } from "./use-draft.ts";
import { useUi, type Ui } from "./ui.ts";

/** What is being written, and what can be done with it. */
export interface Writing {
  readonly text: string;
  /** Nothing is there to be sent. */
  readonly isEmpty: boolean;
  readonly canSend: boolean;
  /** Characters more than the service takes. */
  readonly over: number;
  readonly write: (text: string) => void;
  readonly send: () => void;
  readonly keys: (event: KeyboardEvent) => void;
  readonly paste: (event: ClipboardEvent) => void;
}

export function useWriting(field: RefObject<HTMLTextAreaElement | null>): Writing {
  const ui = useUi();
  const { conversation } = ui;
  const { text, write, clear } = useDraft(field);
  const { all } = conversation.uploads;
  const over = useMemo(() => excess(text), [text]);
  const isEmpty = text.trim() === "" && !all.some(({ state }) => state === "done");
  const canSend = !isEmpty && over === 0 && !all.some(({ state }) => state === "uploading");
  const send = () => {
    if (!canSend) return;
    conversation.send(text.trim());
    clear();
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    addFiles(ui, files);
  };
  return { text, isEmpty, canSend, over, write, send, paste, keys: keysOf(ui, text, send) };
}

/** Enter sends, Shift+Enter is a new line, Escape leaves an edit or a reply, Up edits the last message. */
function keysOf(ui: Ui, text: string, send: () => void) {
  const { conversation } = ui;
  return (event: KeyboardEvent) => {
    // 229: a key that goes to an input method (UI Events, `keyCode` of composition).
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && conversation.aim !== undefined) {
      event.preventDefault();
      conversation.aimAt(undefined);
    } else if (event.key === "ArrowUp" && text === "") editLast(event, ui);
  };
}

/** The last that one said oneself, to be said better. */
function editLast(event: KeyboardEvent, { conversation }: Ui): void {
  const message = conversation.session.messages.findLast(
    ({ isMine, id, type, isDeleted }) =>
      isMine && id !== undefined && type === "text" && !isDeleted,
  );
  if (message === undefined) return;
  event.preventDefault();
  conversation.aimAt({ kind: "edit", message });
}
