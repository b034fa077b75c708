import type { Counter, Family, Gauge, Log, Metrics } from "@warren/host";
import type { ChatErrorCode } from "@warren/wire";
import type { StoredFile } from "./ports.ts";

/** What files tell. Neither names nor owners nor links. */
export class FileEvents {
  readonly #log: Log;
  readonly #uploads: Family<Counter>;
  readonly #bytes: Counter;
  readonly #underWay: Gauge;
  readonly #removed: Family<Counter>;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#uploads = metrics.counter({
      name: "chat_uploads_total",
      help: "Uploads that ended: stored, or the code that they were refused with.",
      labels: ["outcome"],
    });
    const bytes = { name: "chat_upload_bytes_total", help: "Bytes of stored uploads.", labels: [] };
    this.#bytes = metrics.counter(bytes).with();
    const underWay = { name: "chat_uploads_under_way", help: "Uploads that are being received." };
    this.#underWay = metrics.gauge({ ...underWay, labels: [] }).with();
    this.#removed = metrics.counter({
      name: "chat_files_removed_total",
      help: "Files that were removed, by why: expired, erased; or uploads that never ended: swept.",
      labels: ["reason"],
    });
  }

  underWay(count: number): void {
    this.#underWay.set(count);
  }

  stored({ id, type, kind, bytes }: StoredFile): void {
    this.#uploads.with("stored").add();
    this.#bytes.add(bytes);
    this.#log.info("file stored", { file: id, type, kind, bytes });
  }

  refused(code: ChatErrorCode): void {
    this.#uploads.with(code).add();
    this.#log.debug("upload refused", { code });
  }

  failed(error: unknown): void {
    this.#uploads.with("STORAGE_ERROR").add();
    this.#log.error("a file could not be stored", { error });
  }

  removed(reason: "expired" | "erased" | "swept", count: number): void {
    if (count === 0) return;
    this.#removed.with(reason).add(count);
    this.#log.info("files removed", { reason, count });
  }
}
