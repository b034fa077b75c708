import { AgainIcon, CloseIcon, FileIcon, MicIcon } from "../icons.tsx";
import type { Attachment } from "../talk/uploads.ts";
import { filled } from "../texts.ts";
import { sizeOf } from "./names.ts";
import { useUi } from "./ui.ts";

/** Files that go with the next message, and how far they are. */
export function Attachments() {
  const { conversation } = useUi();
  const { all } = conversation.uploads;
  if (all.length === 0) return null;
  return (
    <ul class="attachments">
      {all.map((one) => (
        <Chip key={one.id} attachment={one} />
      ))}
    </ul>
  );
}

function Chip({ attachment }: { attachment: Attachment }) {
  const { conversation, texts, locale } = useUi();
  const { uploads } = conversation;
  const { id, file, kind, state, progress, why, canRetry } = attachment;
  const name = kind === "voice" ? texts.voiceNote : file.name;
  const percent = Math.round(progress * 100);
  const failure = why || texts.uploadFailed;
  return (
    <li class={`chip ${state}`}>
      {kind === "voice" ? <MicIcon /> : <FileIcon />}
      <span class="chip-words">
        <span class="file-name">{name}</span>
        <span class="file-size">{state === "failed" ? failure : sizeOf(file.size, locale)}</span>
      </span>
      {state === "uploading" && (
        <progress
          max={100}
          value={percent}
          aria-label={filled(texts.uploading, { name, percent })}
        />
      )}
      {canRetry && state === "failed" && (
        <button
          type="button"
          class="icon small"
          aria-label={filled(texts.retryUpload, { name })}
          onClick={() => uploads.retry(id)}
        >
          <AgainIcon />
        </button>
      )}
      <button
        type="button"
        class="icon small"
        aria-label={filled(texts.removeFile, { name })}
        onClick={() => uploads.remove(id)}
      >
        <CloseIcon />
      </button>
    </li>
  );
}
