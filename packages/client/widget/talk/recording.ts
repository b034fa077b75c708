export interface RecordingEvents {
  /** How loud it is, from 0 to 1, some times a second. */
  level: (level: number) => void;
}

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const LEVEL_MS = 80;

/** False: this browser or this page may not record. */
export function canRecord(): boolean {
  return typeof MediaRecorder === "function" && navigator.mediaDevices !== undefined;
}

/** What a microphone hears, until it is kept or dropped. */
export class Recording implements Disposable {
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;
  readonly #chunks: Blob[] = [];
  readonly #audio = new AudioContext();
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(stream: MediaStream, events: RecordingEvents) {
    this.#stream = stream;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(stream, mimeType === undefined ? {} : { mimeType });
    this.#recorder.addEventListener("dataavailable", ({ data }) => this.#chunks.push(data));
    this.#recorder.start();
    this.#timer = this.#listen(events);
  }

  /** Rejects where the person or the browser says no. */
  static async start(events: RecordingEvents): Promise<Recording> {
    return new Recording(await navigator.mediaDevices.getUserMedia({ audio: true }), events);
  }

  /** Ends it, and gives what was heard. */
  async keep(): Promise<File> {
    const stopped = new Promise<void>((resolve) => {
      this.#recorder.addEventListener("stop", () => resolve(), { once: true });
    });
    this.#recorder.stop();
    await stopped;
    this[Symbol.dispose]();
    const type = (this.#recorder.mimeType || "audio/webm").split(";")[0]!;
    const ending = type.split("/")[1] ?? "webm";
    return new File(this.#chunks, `voice-note.${ending}`, { type });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.#audio.state !== "closed") void this.#audio.close();
  }

  #listen({ level }: RecordingEvents): ReturnType<typeof setInterval> {
    const analyser = this.#audio.createAnalyser();
    analyser.fftSize = 512;
    this.#audio.createMediaStreamSource(this.#stream).connect(analyser);
    const heard = new Uint8Array(analyser.fftSize);
    return setInterval(() => {
      analyser.getByteTimeDomainData(heard);
      const loudest = heard.reduce((most, value) => Math.max(most, Math.abs(value - 128)), 0);
      level(Math.min(1, loudest / 96));
    }, LEVEL_MS);
  }
}
