import { useEffect, useRef, useState } from "preact/hooks";
import { DeleteIcon, SendIcon } from "../icons.tsx";
import { Recording } from "../talk/recording.ts";
import { clockOf } from "./voice-note.tsx";
import { useUi } from "./ui.ts";

/** Bars of the wave. */
const BARS = 36;

/** A voice note while it is spoken, in the place of the text. */
export function Recorder({ done }: { done: () => void }) {
  const { texts } = useUi();
  const { levels, keep } = useRecording(done);
  const seconds = useSeconds();
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => cancel.current?.focus(), []);
  const leave = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    done();
  };
  return (
    <div class="recorder" role="group" aria-label={texts.recording} onKeyDown={leave}>
      <button
        type="button"
        class="icon"
        ref={cancel}
        aria-label={texts.cancelRecording}
        title={texts.cancelRecording}
        onClick={done}
      >
        <DeleteIcon />
      </button>
      <span class="live" aria-hidden="true" />
      <Wave levels={levels} />
      <span class="voice-time" role="timer">
        {clockOf(seconds)}
      </span>
      <button
        type="button"
        class="send"
        aria-label={texts.sendRecording}
        title={texts.sendRecording}
        onClick={() => void keep()}
      >
        <SendIcon />
      </button>
    </div>
  );
}

function Wave({ levels }: { levels: readonly number[] }) {
  const size = `0 0 ${BARS * 4} 28`;
  return (
    <svg class="wave" viewBox={size} aria-hidden="true" preserveAspectRatio="none">
      {levels.map((level, at) => {
        const height = 2 + level * 24;
        return <rect key={at} x={at * 4} y={14 - height / 2} width="2" height={height} rx="1" />;
      })}
    </svg>
  );
}

/** From the moment it is shown on. `keep` sends what was heard. */
function useRecording(done: () => void) {
  const { conversation, texts } = useUi();
  const recording = useRef<Recording | undefined>(undefined);
  const [levels, setLevels] = useState<readonly number[]>(() => Array<number>(BARS).fill(0));
  useEffect(() => {
    let isOver = false;
    const level = (one: number) => setLevels((before) => [...before.slice(1), one]);
    const begin = async () => {
      try {
        const started = await Recording.start({ level });
        if (isOver) started[Symbol.dispose]();
        else recording.current = started;
      } catch {
        conversation.say(texts.noMicrophone);
        done();
      }
    };
    void begin();
    return () => {
      isOver = true;
      recording.current?.[Symbol.dispose]();
    };
  }, []);
  const keep = async () => {
    const file = await recording.current?.keep();
    recording.current = undefined;
    if (file !== undefined) conversation.uploads.add(file, "voice");
    done();
  };
  return { levels, keep };
}

function useSeconds(): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const from = performance.now();
    const timer = setInterval(() => setSeconds((performance.now() - from) / 1000), 250);
    return () => clearInterval(timer);
  }, []);
  return seconds;
}
