import { speakerName } from "./names.ts";
import { useUi } from "./ui.ts";

/** The message that another one answers; nothing where it is not loaded. */
export function Quote({ id }: { id: string }) {
  const ui = useUi();
  const message = ui.conversation.session.messages.find((one) => one.id === id);
  if (message === undefined) return null;
  return (
    <blockquote class="quote">
      <b>{speakerName(ui, message)}</b>
      <span dir="auto">
        {message.isDeleted ? ui.texts.removed : message.content || message.file?.name}
      </span>
    </blockquote>
  );
}
