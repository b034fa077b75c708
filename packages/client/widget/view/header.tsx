import type { VNode } from "preact";
import type { MountChatOptions } from "../mount-options.ts";
import { BackIcon, CloseIcon, NewIcon, ShareIcon, SmallDownIcon, SparkIcon } from "../icons.tsx";
import { counterpartOf, type Counterpart } from "../talk/who-is-here.ts";
import { filled } from "../texts.ts";
import { initialsOf, modelName } from "./names.ts";
import { useUi } from "./ui.ts";

/** Who one talks to, and what can be done with the conversation as a whole. */
export function Header({ shown, titleId }: { shown: MountChatOptions; titleId: string }) {
  const ui = useUi();
  const { conversation, texts } = ui;
  const { session } = conversation;
  const { onBack, onShare, onClose } = shown;
  const canShare = onShare !== undefined && session.messages.length > 0;
  const canBegin = conversation.role === "user" && session.messages.length > 0;
  return (
    <header class="head">
      {onBack !== undefined && (
        <IconButton label={texts.back} icon={<BackIcon />} onClick={onBack} />
      )}
      <Face />
      <div class="who">
        <h2 id={titleId} dir="auto">
          {shown.title ?? (session.name || texts.title)}
        </h2>
        <Status />
      </div>
      {canShare && (
        <IconButton label={texts.share} icon={<ShareIcon />} onClick={() => onShare(session.id)} />
      )}
      {canBegin && (
        <IconButton
          label={texts.newConversation}
          icon={<NewIcon />}
          onClick={() => void conversation.begin()}
        />
      )}
      {onClose !== undefined && (
        <IconButton label={texts.close} icon={<CloseIcon />} onClick={onClose} />
      )}
    </header>
  );
}

interface IconButtonProps {
  label: string;
  icon: VNode;
  onClick: () => void;
}

function IconButton({ label, icon, onClick }: IconButtonProps) {
  return (
    <button type="button" class="icon" aria-label={label} title={label} onClick={onClick}>
      {icon}
    </button>
  );
}

function Face() {
  const { conversation, texts } = useUi();
  const { mode, adminName } = conversation.session.control;
  return (
    <span class={`face ${mode}`} aria-hidden="true">
      {mode === "person" ? initialsOf(adminName ?? texts.person) : <SparkIcon />}
    </span>
  );
}

function Status() {
  const { conversation } = useUi();
  const { client, session, role } = conversation;
  const counterpart = counterpartOf(session, { role, userId: client.userId });
  const isOpen = client.connection.name === "open";
  const isOn = isOpen && counterpart?.isHere !== false;
  return (
    <div class="status">
      <span class={`dot ${isOn ? "on" : ""}`} aria-hidden="true" />
      {counterpart === undefined ? <Answering /> : <Presence counterpart={counterpart} />}
    </div>
  );
}

function Answering() {
  const { conversation, texts } = useUi();
  const { client, session, role } = conversation;
  const { mode, adminName } = session.control;
  if (mode === "person") {
    return <span>{filled(texts.answersHere, { name: adminName ?? texts.person })}</span>;
  }
  return client.models.length > 1 && role === "user" ? <ModelPicker /> : <OneModel />;
}

/** Whether the one whom one talks to is there; for an admin also who else looks on. */
function Presence({ counterpart }: { counterpart: Counterpart }) {
  const { conversation, texts } = useUi();
  const { who, isHere, others } = counterpart;
  const { adminName } = conversation.session.control;
  const name = who === "user" ? texts.theVisitor : (adminName ?? texts.person);
  const words = [filled(isHere ? texts.here : texts.away, { name })];
  if (others.length > 0) words.push(filled(texts.alsoHere, { names: others.join(", ") }));
  return <span dir="auto">{words.join(" · ")}</span>;
}

function OneModel() {
  const ui = useUi();
  const [model] = ui.conversation.client.models;
  return <span>{modelName(ui, ui.conversation.session.modelId ?? model?.id)}</span>;
}

function ModelPicker() {
  const { conversation, texts } = useUi();
  const { client, session } = conversation;
  const choose = ({ currentTarget }: Event) => {
    session.chooseModel((currentTarget as HTMLSelectElement).value);
  };
  return (
    <label class="model">
      <span class="sr">{texts.model}</span>
      <select value={session.modelId ?? client.models[0]!.id} onChange={choose}>
        {client.models.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <SmallDownIcon />
    </label>
  );
}
