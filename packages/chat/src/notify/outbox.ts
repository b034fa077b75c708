import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder, replaceFile } from "@warren/host";
import { createTransport } from "nodemailer";
import { composed, type ComposeDeps, type Letterhead } from "./composed.ts";
import type { Mailer, Texter } from "./ports.ts";

export interface OutboxOptions {
  /** Made where it is not there. Several processes may share it. */
  folder: string;
  /** Files beyond this go, oldest first. */
  most: number;
  head: Letterhead;
}

/** Mails and short messages as files that a person can open: what is used where no carrier is set. */
export interface Outbox {
  mailer: Mailer;
  texter: Texter;
}

/** A temporary file this old was left behind by a process that died. */
const LEFT_BEHIND_MS = 3_600_000;

/**
 * Writes each mail as an `.eml` (RFC 5322), each short message as a `.txt`, whole or not at all, named
 * by the time so that they sort by it. Readable by their owner alone.
 */
export function openOutbox(options: OutboxOptions, deps: ComposeDeps): Outbox {
  const { folder, most, head } = options;
  makeFolder(folder, 0o700);
  const transport = createTransport({ streamTransport: true, buffer: true, newline: "windows" });
  const pruned = inTurn(() => prune(folder, most, deps.wallNow()));
  const write = async (kind: "eml" | "txt", text: string) => {
    const stamp = new Date(deps.wallNow()).toISOString().replaceAll(/[:.]/g, "-");
    await replaceFile(join(folder, `${stamp}-${deps.newId()}.${kind}`), text);
    await pruned();
  };
  return {
    mailer: {
      async send(mail, signal) {
        signal.throwIfAborted();
        const { message } = await transport.sendMail({
          ...composed(mail, head, deps),
          textEncoding: "quoted-printable",
        });
        // Encoded as above a mail is ASCII.
        await write("eml", (message as Buffer).toString("latin1"));
      },
    },
    texter: {
      async send({ to, text }, signal) {
        signal.throwIfAborted();
        await write("txt", `To: ${to}\n\n${text}\n`);
      },
    },
  };
}

/** Runs `task` one at a time; those who ask while it runs share the next run. */
function inTurn(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      running = task();
      return running;
    });
    return next;
  };
}

async function prune(folder: string, most: number, nowMs: number): Promise<void> {
  const names = (await readdir(folder)).sort();
  const written = names.filter((name) => /\.(eml|txt)$/.test(name));
  for (const name of written.slice(0, Math.max(0, written.length - most))) {
    await rm(join(folder, name), { force: true });
  }
  for (const name of names.filter((name) => name.endsWith(".tmp"))) {
    const path = join(folder, name);
    // Another instance may have renamed or removed it meanwhile.
    const seen = await stat(path).catch(() => undefined);
    if (seen !== undefined && nowMs - seen.mtimeMs > LEFT_BEHIND_MS)
      await rm(path, { force: true });
  }
}
