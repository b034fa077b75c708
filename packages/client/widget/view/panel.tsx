import { useId, useMemo, useState } from "preact/hooks";
import type { MountChatOptions } from "../mount-options.ts";
import { addFiles } from "./add-files.ts";
import { Announcer } from "./announcer.tsx";
import { Banners } from "./banners.tsx";
import { Composer } from "./composer.tsx";
import { Header } from "./header.tsx";
import { Thread } from "./thread.tsx";
import { Toast } from "./toast.tsx";
import { UiContext, type Ui } from "./ui.ts";
import { useConversation } from "./use-conversation.ts";

export interface PanelProps {
  ui: Ui;
  shown: MountChatOptions;
  /** False: it is there and nobody can see it. */
  isVisible: boolean;
}

/** A conversation, as large as what is around it. */
export function Panel({ ui, shown, isVisible }: PanelProps) {
  const { conversation } = ui;
  useConversation(conversation);
  const titleId = useId();
  const drop = useDrop(ui);
  const { round } = conversation;
  return (
    <UiContext.Provider value={ui}>
      <section class="chat" aria-labelledby={titleId} {...drop.listeners}>
        <Header shown={shown} titleId={titleId} />
        <Banners />
        <Toast />
        <Thread key={`thread ${round}`} greeting={shown.greeting} isVisible={isVisible} />
        <Composer key={`composer ${round}`} />
        <Announcer />
        {drop.isOver && <div class="drop">{ui.texts.dropHere}</div>}
      </section>
    </UiContext.Provider>
  );
}

/** Files that are dragged over the conversation, and dropped. */
function useDrop(ui: Ui) {
  const [isOver, setOver] = useState(false);
  const listeners = useMemo(() => {
    const hasFiles = ({ dataTransfer }: DragEvent) =>
      dataTransfer?.types.includes("Files") === true;
    return {
      onDragOver: (event: DragEvent) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: (event: DragEvent) => {
        const to = event.relatedTarget;
        const isWithin = to instanceof Node && (event.currentTarget as Node).contains(to);
        if (!isWithin) setOver(false);
      },
      onDrop: (event: DragEvent) => {
        setOver(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        addFiles(ui, event.dataTransfer?.files ?? []);
      },
    };
  }, [ui]);
  return { isOver, listeners };
}
