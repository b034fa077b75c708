import { useEffect, useState } from "preact/hooks";
import { filled } from "../texts.ts";
import { useUi, type Ui } from "./ui.ts";

const LOOK_MS = 15_000;
const MINUTE_MS = 60_000;

/** The place in line, for who waits for a person; "": they do not. */
export function placeWords({ conversation, texts }: Ui): string {
  const { session, role } = conversation;
  if (session.waiting === undefined || role !== "user") return "";
  const { position } = session.waiting;
  return position === 1 ? texts.placeNext : filled(texts.place, { position });
}

/** Somebody was asked to come: the place in line, and for how long by now. Said aloud by the announcer. */
export function WaitingLine() {
  const ui = useUi();
  const { conversation, texts } = ui;
  const { waiting, presence } = conversation.session;
  const time = useWaited(ui, waiting?.since);
  return (
    <>
      <span>{texts.helpAsked}</span>
      {waiting !== undefined && (
        <span class="place">
          <b>{placeWords(ui)}</b>
          {time !== undefined && ` ${filled(texts.waitingFor, { time })}`}
        </span>
      )}
      {presence?.isAdminOnline === true && <span class="place">{texts.supportHere}</span>}
    </>
  );
}

/** In whole minutes; undefined: not a minute yet. */
function useWaited({ locale }: Ui, since: string | undefined): string | undefined {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (since === undefined) return undefined;
    const timer = setInterval(() => setNow(Date.now()), LOOK_MS);
    return () => clearInterval(timer);
  }, [since]);
  if (since === undefined) return undefined;
  const minutes = Math.floor((nowMs - Date.parse(since)) / MINUTE_MS);
  if (minutes < 1) return undefined;
  return minutes.toLocaleString(locale, { style: "unit", unit: "minute", unitDisplay: "long" });
}
