import { useEffect, useRef, useState } from "preact/hooks";
import { PauseIcon, PlayIcon } from "../icons.tsx";
import type { GoodLink } from "./use-link.ts";
import { useUi } from "./ui.ts";

export type VoiceNoteProps = { address: string } & Pick<GoodLink, "tries" | "failed" | "worked">;

/** A voice note: played, paused, and gone through. */
export function VoiceNote({ address, tries, failed, worked }: VoiceNoteProps) {
  const { texts } = useUi();
  const { audio, isPlaying, setPlaying, toggle, ended } = usePlaying(tries);
  const [at, setAt] = useState(0);
  const [length, setLength] = useState(0);
  const seek = ({ currentTarget }: Event) => {
    const to = Number((currentTarget as HTMLInputElement).value);
    if (audio.current !== null) audio.current.currentTime = to;
    setAt(to);
  };
  const measure = () => {
    const { duration = 0 } = audio.current ?? {};
    // A recording that was streamed does not know its length before it was played through.
    if (Number.isFinite(duration)) setLength(duration);
  };
  return (
    <div class="voice" role="group" aria-label={texts.voiceNote}>
      <button
        type="button"
        class="play"
        aria-label={isPlaying ? texts.pause : texts.play}
        onClick={toggle}
      >
        {isPlaying ? <PauseIcon /> : <PlayIcon />}
      </button>
      <input
        type="range"
        min={0}
        max={Math.max(length, at, 1)}
        step="any"
        value={at}
        aria-label={texts.position}
        onInput={seek}
      />
      <span class="voice-time">{clockOf(at > 0 ? at : length)}</span>
      <audio
        key={tries}
        ref={audio}
        src={address}
        preload="metadata"
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => {
          ended();
          setAt(0);
        }}
        onError={failed}
        onLoadedMetadata={() => {
          worked();
          measure();
        }}
        onDurationChange={measure}
        onTimeUpdate={() => setAt(audio.current?.currentTime ?? 0)}
      />
    </div>
  );
}

/** `tries`: counts the addresses; what somebody wanted to hear goes on from the next. */
function usePlaying(tries: number) {
  const audio = useRef<HTMLAudioElement>(null);
  const [isPlaying, setPlaying] = useState(false);
  const isWanted = useRef(false);
  const play = () => void audio.current?.play().catch(() => setPlaying(false));
  useEffect(() => {
    if (isWanted.current && tries > 0) play();
  }, [tries]);
  const toggle = () => {
    isWanted.current = audio.current?.paused === true;
    if (isWanted.current) play();
    else audio.current?.pause();
  };
  return { audio, isPlaying, setPlaying, toggle, ended: () => void (isWanted.current = false) };
}

/** `1:05`. */
export function clockOf(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
