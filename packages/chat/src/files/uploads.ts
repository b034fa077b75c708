import type { Clock } from "@warren/host";
import { ChatError } from "@warren/wire";
import type { FileEvents } from "./events.ts";
import { checkedName } from "./file-name.ts";
import { voiceType } from "./file-types.ts";
import { inspect } from "./inspect.ts";
import type { FileKind, Files, StoredFile } from "./ports.ts";
import type { Quota, Reservation } from "./quota.ts";
import { brokeOff, limited, lively } from "./source.ts";
import { uploadForm, type UploadForm } from "./upload-form.ts";

export interface UploadsOptions {
  /** Of one file; exactly that many are accepted. */
  mostBytes: number;
  mostAtOncePerOwner: number;
  mostAtOnce: number;
  stallMs: number;
  longestMs: number;
}

export const UPLOADS: UploadsOptions = {
  mostBytes: 104_857_600,
  mostAtOncePerOwner: 3,
  mostAtOnce: 100,
  stallMs: 30_000,
  longestMs: 3_600_000,
};

export interface UploadsDeps {
  files: Files;
  quota: Quota;
  clock: Clock;
  events: FileEvents;
}

/** A request whose body is a file, or a form with one. */
export interface UploadRequest {
  owner: string;
  /** Content-Length, where the client said it: too large ones are refused unread. */
  declaredBytes: number | undefined;
  source: AsyncIterable<Uint8Array>;
}

export interface Upload extends UploadRequest {
  name: string;
  kind: FileKind;
}

/** An upload that a browser made by itself and now asks to have accepted. */
export interface DirectClaim {
  id: string;
  owner: string;
  name: string;
  kind: FileKind;
}

/** When one who may not upload now may ask again. */
const RETRY_MS = 5_000;

/** The way in for files: bounds, looks at the content, stores. All refusals are ChatErrors. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #deps: UploadsDeps;
  readonly #byOwner = new Map<string, number>();
  /** Ends what is under way, and keeps more from beginning. */
  readonly #ending = new AbortController();
  #isDraining = false;
  #idle: (() => void)[] = [];
  #atOnce = 0;

  constructor(options: UploadsOptions, deps: UploadsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Stores what `upload.source` gives, or nothing. The source is left when it is refused. */
  receive(upload: Upload, asker: AbortSignal): Promise<StoredFile> {
    const { owner, name, kind } = upload;
    return this.#counted(owner, asker, (signal) =>
      this.#take(owner, { name, kind, body: this.#alive(upload, signal) }, signal),
    );
  }

  /** The same from a `multipart/form-data` body, with its Content-Type. */
  receiveForm(
    request: UploadRequest,
    contentType: string | undefined,
    asker: AbortSignal,
  ): Promise<StoredFile> {
    return this.#counted(request.owner, asker, async (signal) => {
      const alive = this.#alive(request, signal);
      try {
        const form = await uploadForm(alive, contentType);
        return await this.#take(request.owner, form, signal);
      } finally {
        // What follows the file is nobody's to read. A read that is under way ends in its own time, and
        // how it does concerns nobody.
        alive.return(undefined).catch(() => {});
      }
    });
  }

  /** Looks at what came past this process, and makes a file of it, or discards it. */
  adopt(claim: DirectClaim, asker: AbortSignal): Promise<StoredFile> {
    const { id, owner, kind } = claim;
    return this.#counted(owner, asker, async (signal) => {
      const direct = this.#deps.files.direct;
      const came = await direct?.incoming(owner, id);
      if (direct === undefined || came === undefined) throw notThere();
      const reservation = await this.#reserve(owner);
      try {
        return await settled(reservation, async () => {
          const name = checkedName(claim.name);
          if (came.bytes > reservation.bytes) throw this.#beyond(reservation);
          const source = await direct.open(owner, id, signal);
          if (source === undefined) throw notThere();
          const { type, body, isDecided } = await inspect(source, name);
          if (isDecided) source.destroy();
          else for await (const _ of body) continue;
          const meta = { owner, name, kind, type: typeFor(kind, type) };
          const file = await direct.accept(id, came.version, meta);
          if (file === undefined) throw notThere();
          return file;
        });
      } catch (error) {
        if (error instanceof ChatError && !error.retry) await direct.discard(owner, id);
        throw error;
      }
    });
  }

  /**
   * No more begin. Resolves once those under way have ended, or were ended with a refusal to be tried again: true
   * then, and somebody is being answered.
   */
  async drain(withinMs: number): Promise<boolean> {
    this.#isDraining = true;
    if (this.#atOnce === 0) return false;
    const end = () => this.#ending.abort(draining());
    const forget = this.#deps.clock.after(withinMs, end);
    await new Promise<void>((resolve) => void this.#idle.push(resolve));
    forget();
    return this.#ending.signal.aborted;
  }

  #alive({ declaredBytes = 0, source }: UploadRequest, signal: AbortSignal) {
    // A form around the file is a little larger than the file.
    if (declaredBytes > this.#options.mostBytes + FORM_BYTES) throw this.#tooLarge();
    const { stallMs, longestMs } = this.#options;
    return lively(source, { stallMs, longestMs, clock: this.#deps.clock, signal });
  }

  async #take(owner: string, form: UploadForm, signal: AbortSignal): Promise<StoredFile> {
    const name = checkedName(form.name);
    const reservation = await this.#reserve(owner);
    return settled(reservation, async () => {
      const bounded = limited(form.body, reservation.bytes, () => this.#beyond(reservation));
      const { type, body } = await inspect(bounded, name);
      const meta = { owner, name, kind: form.kind, type: typeFor(form.kind, type) };
      return this.#deps.files.put(body, meta, signal);
    });
  }

  async #counted(
    owner: string,
    asker: AbortSignal,
    store: (signal: AbortSignal) => Promise<StoredFile>,
  ): Promise<StoredFile> {
    const { events } = this.#deps;
    if (this.#isDraining) throw this.#told(draining());
    const signal = AbortSignal.any([asker, this.#ending.signal]);
    const mine = this.#byOwner.get(owner) ?? 0;
    const { mostAtOnce, mostAtOncePerOwner } = this.#options;
    if (mine >= mostAtOncePerOwner || this.#atOnce >= mostAtOnce) {
      events.refused("RATE_LIMITED");
      const message = "too many uploads at once: wait until one has ended";
      throw new ChatError("RATE_LIMITED", message, { retryAfterMs: RETRY_MS });
    }
    this.#begin(owner, mine);
    try {
      const file = await store(signal);
      events.stored(file);
      return file;
    } catch (error) {
      throw this.#told(signal.aborted && error === signal.reason ? brokeOff(error) : error);
    } finally {
      this.#end(owner);
    }
  }

  #begin(owner: string, mine: number): void {
    this.#byOwner.set(owner, mine + 1);
    this.#deps.events.underWay((this.#atOnce += 1));
  }
  #end(owner: string): void {
    const left = (this.#byOwner.get(owner) ?? 1) - 1;
    if (left === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, left);
    this.#deps.events.underWay((this.#atOnce -= 1));
    if (this.#atOnce === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #told(error: unknown): ChatError {
    const { events } = this.#deps;
    if (error instanceof ChatError) {
      events.refused(error.code);
      return error;
    }
    events.failed(error);
    const message = "the file could not be stored: please try again";
    return new ChatError("STORAGE_ERROR", message, { cause: error });
  }

  async #reserve(owner: string): Promise<Reservation> {
    const reservation = await this.#deps.quota.reserve(owner, this.#options.mostBytes);
    if (reservation.bytes === 0) throw full();
    return reservation;
  }

  #beyond({ bytes }: Reservation): ChatError {
    return bytes < this.#options.mostBytes ? full() : this.#tooLarge();
  }
  #tooLarge(): ChatError {
    const most = this.#options.mostBytes;
    return new ChatError("INVALID_FILE_SIZE", `a file may have ${most} bytes at most`);
  }
}

const FORM_BYTES = 65_536;

async function settled(
  reservation: Reservation,
  store: () => Promise<StoredFile>,
): Promise<StoredFile> {
  let used = 0;
  try {
    const file = await store();
    used = file.bytes;
    return file;
  } finally {
    reservation.settle(used);
  }
}

function typeFor(kind: FileKind, type: string): string {
  const as = kind === "voice" ? voiceType(type) : type;
  if (as === undefined) throw new ChatError("INVALID_FILE_TYPE", "a voice note is a sound");
  return as;
}

function draining(): ChatError {
  const message = "this instance is shutting down: send the file again";
  return new ChatError("DRAINING", message, { retryAfterMs: RETRY_MS });
}

function full(): ChatError {
  return new ChatError("INVALID_FILE_SIZE", "your space for files is full: remove some");
}
function notThere(): ChatError {
  return new ChatError("NOT_FOUND", "no such upload");
}
