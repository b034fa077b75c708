import { randomBytes } from "node:crypto";
import { promMetrics, systemClock } from "@warren/host";
import { recordingLog } from "@warren/host/testing";
import { FileEvents } from "../src/files/events.ts";
import { storedQuota } from "../src/files/quota.ts";
import { MasterKeys } from "../src/keys/master-keys.ts";
import { memoryKeyStore } from "../src/keys/memory-key-store.ts";
import { Sealer } from "../src/keys/sealer.ts";
import { SESSION_KEYS_LIMITS, SessionKeys } from "../src/keys/session-keys.ts";
import type { EntryKind } from "../src/log/entry.ts";
import { Journal, type Saying } from "../src/log/journal.ts";
import { Texts } from "../src/log/said.ts";
import type { KeyStore } from "../src/keys/ports.ts";
import type { EraserOptions } from "../src/privacy/eraser.ts";
import { PrivacyEvents } from "../src/privacy/events.ts";
import type { RetentionPolicy } from "../src/privacy/retention.ts";
import { Folding } from "../src/sessions/folding.ts";
import { ShareEvents } from "../src/shares/events.ts";
import { memoryErasures } from "../src/store/memory/memory-erasures.ts";
import { memoryLeases } from "../src/store/memory/memory-leases.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { MemorySessions } from "../src/store/memory/memory-sessions.ts";
import { memoryShareLinks } from "../src/store/memory/memory-share-links.ts";
import { chunks, folderStore, Wall } from "./_files.ts";
import { link } from "./_share-facts.ts";
import { idOf } from "./_session-kit.ts";
import { NEVER } from "./_uploads.ts";

export const DAY = 86_400_000;
const never = () => {};

/** Who seals, with keys that live as long as the test. */
async function sealing(wall: Wall) {
  const keyText = randomBytes(32).toString("base64");
  const source = async () => ({ current: keyText, former: "" });
  const masters = await MasterKeys.open({ source, clock: systemClock, coolDownMs: 0 });
  const store = memoryKeyStore();
  const of = { store, masters, clock: systemClock, wallClock: wall.now };
  const keys = new SessionKeys({ ...of, limits: SESSION_KEYS_LIMITS });
  return { store, keys, texts: new Texts(new Sealer(keys)) };
}

/** All that an eraser and a round of retention touch, in memory but for the files. */
export async function world() {
  const wall = new Wall();
  const folder = await folderStore(wall);
  const { files } = folder;
  const log = new MemoryLog({ origin: "home:1", wallClock: wall.now });
  const sessions = new MemorySessions();
  const { store, keys, texts } = await sealing(wall);
  const lines = recordingLog();
  const metrics = promMetrics();
  const options: EraserOptions = {
    log,
    logErasure: log,
    erasures: memoryErasures(),
    shareLinks: memoryShareLinks(),
    sessions,
    folding: new Folding({ log, sessions, failed: never }),
    runs: { stop: never } as unknown as EraserOptions["runs"],
    leases: memoryLeases(),
    keys,
    files,
    quota: storedQuota(files, { mostBytes: 1e9, believedMs: 1, mostOwners: 9 }, wall.now),
    fileEvents: new FileEvents(lines, metrics),
    events: new PrivacyEvents(lines, metrics),
    wallClock: wall.now,
    leave: never,
  };
  const policy: RetentionPolicy = { sessionsMs: undefined, filesMs: undefined, everyMs: DAY };
  const shareEvents = new ShareEvents(lines, metrics);
  const retention = { ...options, policy, clock: systemClock, shareEvents };
  const journal = new Journal({ log, texts, linked: (said) => said, stored: never });
  const parts = { options, retention, journal, store };
  const { erasures } = options;
  const told = { say: sayer(parts), isGone: whatIsLeft(parts) };
  return { ...folder, wall, log, sessions, lines, erasures, ...parts, ...told };
}

interface Parts {
  options: EraserOptions;
  journal: Journal;
  store: KeyStore;
}

/** A session with so many messages about one file, shared. */
function sayer({ options, journal }: Parts) {
  const { files, folding, shareLinks } = options;
  return async (userId: string, number: number, count = 1) => {
    const key = { userId, sessionId: idOf(number) };
    const meta = { owner: `user:${userId}`, name: "a.txt", type: "text/plain" };
    const { id: fileId } = await files.put(chunks("a"), { ...meta, kind: "file" }, NEVER);
    const tell = teller(journal, key);
    await tell("opened", "opened", {});
    for (let at = 0; at < count; at++) {
      const file = { fileId, url: "" };
      await tell("message", `m${at}`, { sender: "user", type: "file", content: `${at}`, file });
    }
    await folding.upToDate(key);
    await shareLinks.putIfAbsent(link(`l${number}`, key));
    return { ...key, fileId };
  };
}

function whatIsLeft({ options, store }: Parts) {
  const { log, sessions, shareLinks, files } = options;
  return async (one: { userId: string; sessionId: string; fileId: string }) => ({
    entries: (await log.after(one, {}, 9_999)).length,
    row: await sessions.get(one),
    keys: await store.get(one.userId, one.sessionId),
    link: (await shareLinks.ofSessions([one.sessionId])).length,
    file: await files.head(one.fileId),
  });
}

/** Says things in a session as its owner. */
export function teller(journal: Journal, key: { userId: string; sessionId: string }) {
  const author = `user:${key.userId}`;
  const of = { ...key, author, seen: undefined, fence: undefined };
  return <K extends EntryKind>(kind: K, clientMessageId: string, body: Saying<K>["body"]) =>
    journal.say({ ...of, kind, clientMessageId, body });
}
