import { useEffect, useRef, useState } from "preact/hooks";
import { AttachIcon, CloseIcon, MicIcon, PersonIcon, SendIcon, StopIcon } from "../icons.tsx";
import type { Aim } from "../talk/conversation.ts";
import { canRecord } from "../talk/recording.ts";
import { MOST_BYTES } from "../talk/uploads.ts";
import { filled } from "../texts.ts";
import { addFiles } from "./add-files.ts";
import { Attachments } from "./attachments.tsx";
import { sizeOf, speakerName } from "./names.ts";
import { Recorder } from "./recorder.tsx";
import { useUi, type Ui } from "./ui.ts";
import { useWriting, type Writing } from "./use-writing.ts";

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
      {role === "user" && mode === "bot" && (
        <div class="below">
          <button
            type="button"
            class="human"
            disabled={session.isHelpOpen}
            onClick={() => conversation.help(texts.helpWords)}
          >
            <PersonIcon />
            {session.isHelpOpen ? texts.helpShort : texts.help}
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
  const { texts } = useUi();
  const field = useRef<HTMLTextAreaElement>(null);
  const writing = useWriting(field);
  const { text, over } = writing;
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
          value={text}
          placeholder={texts.write}
          aria-label={texts.write}
          enterkeyhint="send"
          onInput={({ currentTarget }) => writing.write(currentTarget.value)}
          onKeyDown={writing.keys}
          onPaste={writing.paste}
        />
        <Buttons writing={writing} record={record} />
      </div>
      {over > 0 && <p class="over">{filled(texts.tooLong, { count: over })}</p>}
    </>
  );
}

/** Stop takes the place of send, until something is written that can wait its turn. */
function Buttons({ writing, record }: { writing: Writing; record: () => void }) {
  const { conversation, texts } = useUi();
  const { session, aim } = conversation;
  const { isEmpty, canSend } = writing;
  const run = session.answers.find(({ status }) => status === undefined);
  return (
    <>
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
          aria-label={aim?.kind === "edit" ? texts.save : texts.send}
          aria-disabled={!canSend}
          onClick={writing.send}
        >
          <SendIcon />
        </button>
      )}
    </>
  );
}

/** What the next message does to another one, above the field. */
function Aimed() {
  const ui = useUi();
  const { conversation, texts } = ui;
  const { aim } = conversation;
  if (aim === undefined) return null;
  return (
    <div class="aimed">
      <div>
        <b>{aimWords(ui, aim)}</b>
        <span dir="auto">{aim.message.content || aim.message.file?.name}</span>
      </div>
      <button
        type="button"
        class="icon small"
        aria-label={aim.kind === "edit" ? texts.cancelEdit : texts.cancelReply}
        onClick={() => conversation.aimAt(undefined)}
      >
        <CloseIcon />
      </button>
    </div>
  );
}

function aimWords(ui: Ui, { kind, message }: Aim): string {
  const { texts } = ui;
  if (kind === "edit") return texts.editing;
  if (message.isMine) return texts.replyingToYou;
  return filled(texts.replyingTo, { name: speakerName(ui, message) });
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
