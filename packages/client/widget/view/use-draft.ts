import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useUi } from "./ui.ts";

/**
 * The text that is being written, kept for the conversation. While a message is edited it is that message's,
 * and what was written before comes back afterwards. The field is as high as its text.
 */
export function useDraft(field: RefObject<HTMLTextAreaElement | null>) {
  const { conversation } = useUi();
  const { drafts, session, aim } = conversation;
  const [text, setText] = useState(() => drafts.get(session.id));
  const editing = aim?.kind === "edit" ? aim.message : undefined;
  const wasEditing = useRef(editing);
  useEffect(() => {
    if (editing !== undefined) setText(editing.content);
    else if (wasEditing.current !== undefined) setText(drafts.get(session.id));
    wasEditing.current = editing;
    if (aim !== undefined) field.current?.focus();
  }, [aim]);
  useLayoutEffect(() => {
    // Whose and which conversation it is was not known at first: what was kept comes, unless something was typed.
    if (editing === undefined) setText((typed) => typed || drafts.get(session.id));
  }, [session.id, drafts.user]);
  useLayoutEffect(() => grow(field.current), [text]);
  return {
    text,
    write: (written: string) => {
      setText(written);
      if (editing !== undefined) return;
      drafts.set(session.id, written);
      session.typingNow(written !== "");
    },
    clear: () => {
      setText("");
      if (editing === undefined) drafts.set(session.id, "");
      field.current?.focus();
    },
  };
}

/** By the style object: a policy may refuse style attributes, and does not see this. */
function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
