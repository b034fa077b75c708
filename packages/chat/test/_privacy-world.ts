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
import type { EraserOptions } from "../src/privacy/eraser.ts";
import { PrivacyEvents } from "../src/privacy/events.ts";
import { Folding } from "../src/sessions/folding.ts";
import { ShareEvents } from "../src/shares/events.ts";
import { memoryErasures } from "../src/store/memory/memory-erasures.ts";
import { MemoryLog } from "../src/store/memory/memory-log.ts";
import { MemorySessions } from "../src/store/memory/memory-sessions.ts";
import { memoryShareLinks } from "../src/store/memory/memory-share-links.ts";
import { chunks, folderStore, Wall } from "./_files.ts";
import { link } from "./_share-facts.ts";
import { idOf } from "./_session-kit.ts";
import { NEVER } from "./_uploads.ts";

export const DAY = 86_400_000;
const never = () => {};

/** All that an eraser touches, in memory but for the files, and steps that fail when they are told to. */
export async function world() {
  const wall = new Wall();
  const folder = await folderStore(wall);
  const { files } = folder;
  const log = new MemoryLog({ origin: "home:1", wallClock: wall.now });
  const sessions = new MemorySessions();
  const folding = new Folding({ log, sessions, failed: never });
  const keyText = randomBytes(32).toString("base64");
  const source = async () => ({ current: keyText, former: "" });
  const masters = await MasterKeys.open({ source, clock: systemClock, coolDownMs: 0 });
  const store = memoryKeyStore();
  const of = { store, masters, clock: systemClock, wallClock: wall.now };
  const keys = new SessionKeys({ ...of, limits: SESSION_KEYS_LIMITS });
  const texts = new Texts(new Sealer(keys));
  const journal = new Journal({ log, texts, linked: (said) => said, stored: never });
  const lines = recordingLog();
  const metrics = promMetrics();
  const events = new PrivacyEvents(lines, metrics);
  const fileEvents = new FileEvents(lines, metrics);
  const shareLinks = memoryShareLinks();
  const erasures = memoryErasures();
  const quota = storedQuota(files, { mostBytes: 1e9, believedMs: 1, mostOwners: 9 }, wall.now);
  const options: EraserOptions = {
    log,
    logErasure: log,
    erasures,
    shareLinks,
    sessions,
    folding,
    runs: { stop: never } as unknown as EraserOptions["runs"],
    keys,
    files,
    quota,
    fileEvents,
    events,
    wallClock: wall.now,
    leave: never,
  };
  const say = async (userId: string, number: number, count = 1) => {
    const key = { userId, sessionId: idOf(number) };
    const meta = {
      owner: `user:${userId}`,
      name: "a.txt",
      type: "text/plain",
      kind: "file",
    } as const;
    const { id: fileId } = await files.put(chunks("a"), meta, NEVER);
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
  const isGone = async (one: Awaited<ReturnType<typeof say>>) => ({
    entries: (await log.after(one, {}, 9_999)).length,
    row: await sessions.get(one),
    keys: await store.get(one.userId, one.sessionId),
    link: (await shareLinks.ofSessions([one.sessionId])).length,
    file: await files.head(one.fileId),
  });
  const retention = {
    policy: { sessionsMs: undefined, filesMs: undefined, everyMs: DAY } as {
      sessionsMs: number | undefined;
      filesMs: number | undefined;
      everyMs: number;
    },
    sessions,
    shareLinks,
    files,
    clock: systemClock,
    wallClock: wall.now,
    events,
    shareEvents: new ShareEvents(lines, metrics),
    fileEvents,
  };
  return {
    ...folder,
    wall,
    options,
    retention,
    erasures,
    sessions,
    journal,
    log,
    lines,
    say,
    isGone,
  };
}

/** Says things in a session as its owner. */
export function teller(journal: Journal, key: { userId: string; sessionId: string }) {
  const author = `user:${key.userId}`;
  const of = { ...key, author, seen: undefined, fence: undefined };
  return <K extends EntryKind>(kind: K, clientMessageId: string, body: Saying<K>["body"]) =>
    journal.say({ ...of, kind, clientMessageId, body } as Saying<K>);
}
