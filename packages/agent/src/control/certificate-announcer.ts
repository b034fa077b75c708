import type { Clock, Random } from "@warren/tunnel";
import {
  MOST_CERTIFICATES,
  type CertificatesAck,
  type ControlInput,
  type ErrorCode,
  type PublishedCertificate,
} from "@warren/wire";
import type { CertificatesChange, PublishedCertificates } from "../published-certificates.ts";
import type { Voice } from "../voice.ts";
import { Refresh } from "./refresh.ts";

export interface CertificateAnnouncerOptions {
  certificates: PublishedCertificates;
  voice: Voice;
  clock: Clock;
  random: Random;
  /** Sends if the tunnel is up. */
  send: (message: ControlInput) => boolean;
  rejected: (name: string, code: ErrorCode, message: string | undefined) => void;
}

/** As for routes: what is not answered is said again, and all of it now and then. */
const ANSWER_MS = 10_000;
const RETRY_CAP_MS = 60_000;
/** Of one message: well below what a gateway takes. */
const MESSAGE_LENGTH = 400_000;
const MOST_IN_MESSAGE = 16;

/**
 * Brings certificates to one gateway: by name and digest first, and then those that it is missing.
 * So a key travels once, however often tunnels come and go. Only the agent that speaks for its
 * cluster, or stands in for it, says anything, and only to a gateway that knows the message.
 */
export class CertificateAnnouncer {
  readonly #options: CertificateAnnouncerOptions;
  readonly #stops: (() => void)[];
  readonly #refresh: Refresh;
  readonly #waiting = new Set<string>();
  #isUp = false;
  #standsIn = false;
  #nextId = 0;
  #silences = 0;
  #cancelAnswer: (() => void) | undefined;

  constructor(options: CertificateAnnouncerOptions) {
    this.#options = options;
    const { clock, random } = options;
    this.#refresh = new Refresh({ clock, random, say: () => this.#sync() });
    this.#stops = [
      options.certificates.onChange((change) => this.#onChange(change)),
      options.voice.onChange((speaks) => speaks && this.#sync()),
    ];
  }

  /** The tunnel is up, with a gateway that can do this. A resumed one has what it answered. */
  up(features: readonly string[], resumed: boolean): void {
    this.#isUp = features.includes("certificates");
    if (!resumed || this.#waiting.size > 0) this.#sync();
    else this.#refresh.resumed();
  }

  down(): void {
    this.#isUp = false;
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    this.#refresh.pause();
  }

  acknowledged(requestId: string | undefined, { missing, rejected }: CertificatesAck): void {
    if (!this.#answered(requestId)) return;
    for (const { name, code, message } of rejected) this.#options.rejected(name, code, message);
    this.#put(missing);
  }

  /** An `error` in answer to one of our messages; returns whether it was one. */
  failed(requestId: string | undefined): boolean {
    if (!this.#answered(requestId)) return false;
    this.#syncLater();
    return true;
  }

  /** Says it for another agent, which this gateway does not hear (see `StandIn`); or no longer. */
  standIn(standsIn: boolean): void {
    this.#standsIn = standsIn;
    if (standsIn && !this.#options.voice.speaks) this.#sync();
  }

  close(): void {
    this.down();
    for (const stop of this.#stops) stop();
  }

  get #speaks(): boolean {
    const { certificates, voice } = this.#options;
    return this.#isUp && (voice.speaks || this.#standsIn) && certificates.isWhole;
  }

  #onChange({ put, removed }: CertificatesChange): void {
    if (!this.#speaks) return;
    if (put.length + removed.length === 0) return this.#sync();
    if (removed.length > 0) this.#say({ action: "remove", names: [...removed] });
    this.#put(put);
  }

  #sync(): void {
    this.#waiting.clear();
    this.#cancelAnswer?.();
    this.#cancelAnswer = undefined;
    if (!this.#speaks) return;
    const listed = this.#options.certificates.listed();
    this.#say({ action: "sync", certificates: listed.slice(0, MOST_CERTIFICATES) });
    this.#refresh.said();
  }

  #put(names: readonly string[]): void {
    let batch: PublishedCertificate[] = [];
    let length = 0;
    const flush = (): void => {
      if (batch.length > 0) this.#say({ action: "put", certificates: batch });
      batch = [];
      length = 0;
    };
    for (const name of names) {
      const certificate = this.#options.certificates.get(name);
      if (certificate === undefined) continue;
      batch.push(certificate);
      length += certificate.cert.length + certificate.key.length;
      if (length >= MESSAGE_LENGTH || batch.length >= MOST_IN_MESSAGE) flush();
    }
    flush();
  }

  #say(payload: Extract<ControlInput, { type: "certificates" }>["payload"]): void {
    const request_id = `certificates-${++this.#nextId}`;
    if (!this.#options.send({ type: "certificates", request_id, payload })) return;
    this.#waiting.add(request_id);
    this.#cancelAnswer ??= this.#options.clock.after(ANSWER_MS, () => this.#syncLater());
  }

  #answered(requestId: string | undefined): boolean {
    if (!this.#waiting.delete(requestId ?? "")) return false;
    this.#silences = 0;
    this.#cancelAnswer?.();
    this.#cancelAnswer =
      this.#waiting.size === 0
        ? undefined
        : this.#options.clock.after(ANSWER_MS, () => this.#syncLater());
    return true;
  }

  #syncLater(): void {
    this.#cancelAnswer?.();
    const { clock, random } = this.#options;
    const bound = Math.min(RETRY_CAP_MS, 2_000 * 2 ** Math.min(this.#silences++, 10));
    this.#cancelAnswer = clock.after(bound / 2 + (random() * bound) / 2, () => this.#sync());
  }
}
