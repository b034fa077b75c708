import { useEffect, useRef, useState } from "preact/hooks";
import { AttachIcon, CloseIcon, MicIcon, PersonIcon, SendIcon, StopIcon } from "../icons.tsx";
import { canRecord } from "../talk/recording.ts";
import { MOST_BYTES } from "../talk/uploads.ts";
import { filled } from "../texts.ts";
import { addFiles } from "./add-files.ts";
import { Attachments } from "./attachments.tsx";
import { sizeOf, speakerName } from "./names.ts";
import { Recorder } from "./recorder.tsx";
import { useDraft } from "./use-draft.ts";
import { useUi } from "./ui.ts";

/** Bytes of UTF-8, as the service takes at most. */
const MOST_TEXT_BYTES = 10_000;

/** Where one writes, speaks, attaches and asks for a person. */
export function Composer() {
  const { conversation, texts } = useUi();
  const { session, role, client } = conversation;
  const [isRecording, setRecording] = useState(false);
  if (session.isEnded) return <Ended />;
  const { mode, adminId } = session.control;
  const isSilent = role === "admin" && !(mode === "person" && adminId === client.userId);
  if (session.state === "refused" || isSilent) return null;
  return (
    <footer class="composer">
      <div class="box">
        {isRecording ? (
          <Recorder done={() => setRecording(false)} />
        ) : (
          <Writer record={() => setRecording(true)} />
        )}
      </div>
      {role === "user" && (
        <div class="below">
          <button
            type="button"
            class="human"
            disabled={session.isHelpOpen || mode === "person"}
            onClick={() => session.help()}
          >
            <PersonIcon />
            {session.isHelpOpen && mode === "bot" ? texts.helpShort : texts.help}
          </button>
        </div>
      )}
    </footer>
  );
}

function Ended() {
  const { conversation, texts } = useUi();
  return (
    <footer class="composer ended">
      <span>{texts.ended}</span>
      {conversation.role === "user" && (
        <button type="button" class="pill strong" onClick={() => void conversation.begin()}>
          {texts.newConversation}
        </button>
      )}
    </footer>
  );
}

function Writer({ record }: { record: () => void }) {
  const ui = useUi();
  const { conversation, texts } = ui;
  const { uploads, session } = conversation;
  const field = useRef<HTMLTextAreaElement>(null);
  const draft = useDraft(field);
  const over = new TextEncoder().encode(draft.text).length - MOST_TEXT_BYTES;
  const isUploading = uploads.all.some(({ state }) => state === "uploading");
  const hasFiles = uploads.all.some(({ state }) => state === "done");
  const isEmpty = draft.text.trim() === "" && !hasFiles;
  const run = session.answers.find(({ status }) => status === undefined);
  const canSend = !isEmpty && over <= 0 && !isUploading;
  const send = () => {
    if (!canSend) return;
    conversation.send(draft.text.trim());
    draft.clear();
  };
  const keys = (event: KeyboardEvent) => {
    // 229: a key that goes to an input method (UI Events, `keyCode` of composition).
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && conversation.aim !== undefined) {
      event.stopPropagation();
      conversation.aimAt(undefined);
    } else if (event.key === "ArrowUp" && draft.text === "") editLast(event, ui);
  };
  const paste = (event: ClipboardEvent) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    addFiles(ui, files);
  };
  return (
    <>
      <Aimed />
      <Attachments />
      <div class="line">
        <AttachButton />
        <textarea
          ref={field}
          rows={1}
          dir="auto"
          value={draft.text}
          placeholder={texts.write}
          aria-label={texts.write}
          enterkeyhint="send"
          onInput={({ currentTarget }) => draft.write(currentTarget.value)}
          onKeyDown={keys}
          onPaste={paste}
        />
        {run !== undefined && (
          <button
            type="button"
            class={isEmpty ? "send stop" : "icon stop"}
            aria-label={texts.stop}
            title={texts.stop}
            onClick={() => session.stop(run.runId)}
          >
            <StopIcon />
          </button>
        )}
        {run === undefined && isEmpty && canRecord() && (
          <button
            type="button"
            class="icon"
            aria-label={texts.record}
            title={texts.record}
            onClick={record}
          >
            <MicIcon />
          </button>
        )}
        {(run === undefined || !isEmpty) && (
          <button
            type="button"
            class="send"
            aria-label={conversation.aim?.kind === "edit" ? texts.save : texts.send}
            aria-disabled={!canSend}
            onClick={send}
          >
            <SendIcon />
          </button>
        )}
      </div>
      {over > 0 && <p class="over">{filled(texts.tooLong, { count: over })}</p>}
    </>
  );
}

/** The last that one said oneself, to be said better. */
function editLast(event: KeyboardEvent, { conversation }: ReturnType<typeof useUi>): void {
  const message = conversation.session.messages.findLast(
    ({ isMine, id, type, isDeleted }) =>
      isMine && id !== undefined && type === "text" && !isDeleted,
  );
  if (message === undefined) return;
  event.preventDefault();
  conversation.aimAt({ kind: "edit", message });
}

/** What the next message does to another one, above the field. */
function Aimed() {
  const ui = useUi();
  const { conversation, texts } = ui;
  const { aim } = conversation;
  if (aim === undefined) return null;
  const isEdit = aim.kind === "edit";
  return (
    <div class="aimed">
      <div>
        <b>
          {isEdit
            ? texts.editing
            : filled(texts.replyingTo, { name: speakerName(ui, aim.message) })}
        </b>
        <span dir="auto">{aim.message.content || aim.message.file?.name}</span>
      </div>
      <button
        type="button"
        class="icon small"
        aria-label={isEdit ? texts.cancelEdit : texts.cancelReply}
        onClick={() => conversation.aimAt(undefined)}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

function AttachButton() {
  const ui = useUi();
  const { texts, locale, conversation } = ui;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (conversation.aim?.kind === "edit") input.current?.blur();
  }, [conversation.aim]);
  const hint = filled(texts.attachHint, { size: sizeOf(MOST_BYTES, locale) });
  const pick = ({ currentTarget }: Event) => {
    const chosen = currentTarget as HTMLInputElement;
    addFiles(ui, chosen.files ?? []);
    chosen.value = "";
  };
  return (
    <>
      <button
        type="button"
        class="icon"
        aria-label={texts.attach}
        title={`${texts.attach}. ${hint}`}
        disabled={conversation.aim?.kind === "edit"}
        onClick={() => input.current?.click()}
      >
        <AttachIcon />
      </button>
      <input
        ref={input}
        class="sr"
        type="file"
        multiple
        tabIndex={-1}
        aria-hidden="true"
        onChange={pick}
      />
    </>
  );
}
