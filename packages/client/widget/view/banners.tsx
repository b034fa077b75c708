import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { ConnectionState } from "../../src/index.ts";
import { filled } from "../texts.ts";
import { useLate } from "./use-late.ts";
import { useUi } from "./ui.ts";
import { WaitingLine } from "./waiting.tsx";

/** A connection that is back sooner was not worth a word. */
const QUIET_MS = 2_000;

/** How things stand, above the messages: connection, who answers, who was asked to come. */
export function Banners() {
  return (
    <div class="banners">
      <ConnectionBanner />
      <ControlBanner />
    </div>
  );
}

function Banner({ tone, children }: { tone: string; children: ComponentChildren }) {
  return <div class={`banner ${tone}`}>{children}</div>;
}

function ConnectionBanner() {
  const { conversation, texts } = useUi();
  const { connection } = conversation.client;
  const { state } = conversation.session;
  const isDown = !["open", "idle"].includes(connection.name);
  const isLong = useLate(isDown, QUIET_MS);
  const secondsLeft = useCountdown(connection);
  if (state === "refused") return <Banner tone="bad">{texts.refused}</Banner>;
  if (!isDown || !(isLong || connection.name === "closed")) return null;
  const again = (
    <button type="button" class="link" onClick={() => conversation.connect()}>
      {texts.retryNow}
    </button>
  );
  switch (connection.name) {
    case "offline":
      return <Banner tone="warn">{texts.offline}</Banner>;
    case "closed":
      return (
        <Banner tone="bad">
          {texts.closed} {again}
        </Banner>
      );
    case "waiting":
      return (
        <Banner tone="warn">
          <span aria-hidden="true">{filled(texts.retryIn, { seconds: secondsLeft })}</span>
          <span class="sr">{texts.reconnecting}</span> {again}
        </Banner>
      );
    default:
      return <Banner tone="warn">{texts.reconnecting}…</Banner>;
  }
}

/** Whole seconds until the next try. */
function useCountdown(connection: ConnectionState): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (connection.name !== "waiting") return undefined;
    const until = performance.now() + connection.retryInMs;
    const look = () => setLeft(Math.max(1, Math.ceil((until - performance.now()) / 1000)));
    look();
    const timer = setInterval(look, 1000);
    return () => clearInterval(timer);
  }, [connection]);
  return left;
}

function ControlBanner() {
  const { conversation, texts } = useUi();
  const { session, role } = conversation;
  const { mode, adminName } = session.control;
  if (session.isEnded) return null;
  if (role === "admin") return <AdminBanner />;
  if (mode === "person") {
    const name = adminName ?? texts.person;
    return <Banner tone="person">{filled(texts.takenOver, { name })}</Banner>;
  }
  if (!session.isHelpOpen) return null;
  return (
    <Banner tone="person">
      <WaitingLine />
    </Banner>
  );
}

/** What one who answers for others can do. */
function AdminBanner() {
  const { conversation, texts } = useUi();
  const { client, session } = conversation;
  const { mode, adminId, adminName } = session.control;
  if (mode === "person" && adminId === client.userId) {
    return (
      <Banner tone="person">
        <span>{texts.youAnswer}</span>
        <button type="button" class="pill" onClick={() => void conversation.handBack()}>
          {texts.handBack}
        </button>
      </Banner>
    );
  }
  const name = mode === "person" ? (adminName ?? texts.person) : texts.assistant;
  return (
    <Banner tone="quiet">
      <span>{filled(texts.answersHere, { name })}</span>
      {mode === "bot" && (
        <button type="button" class="pill" onClick={() => void conversation.takeOver()}>
          {texts.takeOver}
        </button>
      )}
    </Banner>
  );
}
