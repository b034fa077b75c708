import { useEffect } from "preact/hooks";
import { CloseIcon } from "../icons.tsx";
import { useUi } from "./ui.ts";

const SHOWN_MS = 7_000;

/** A word that somebody has to hear: something was refused, or the service says something. */
export function Toast() {
  const { conversation, texts } = useUi();
  const { word } = conversation;
  useEffect(() => {
    if (word === undefined) return undefined;
    const timer = setTimeout(() => conversation.unsay(), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [word]);
  return (
    <div class="toasts" role="alert">
      {word !== undefined && (
        <div class="toast" key={word.id}>
          <span>{word.text || texts.failedRequest}</span>
          <button
            type="button"
            class="icon small"
            aria-label={texts.dismiss}
            onClick={() => conversation.unsay()}
          >
            <CloseIcon />
          </button>
        </div>
      )}
    </div>
  );
}
