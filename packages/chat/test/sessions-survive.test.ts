import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { audit } from "./_session-audit.ts";
import { folder } from "./_sqlite-kit.ts";

const CRASHER = fileURLToPath(new URL("./_session-crasher.ts", import.meta.url));
/** Version with which a session is forgotten. */
const OLDEST = 12;

/** Lets a process write to the file until it has said `lines` lines, and kills it. All that it said. */
async function crash(file: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [CRASHER, file, String(OLDEST)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    if (said.length === lines) child.kill("SIGKILL");
  }
  await closed;
  expect(child.signalCode).toBe("SIGKILL");
  return said;
}

/** The versions of the file's sessions. */
function versionsIn(database: DatabaseSync): Map<string, number> {
  const rows = database.prepare("SELECT session_id, versions FROM session").all() as {
    session_id: string;
    versions: string;
  }[];
  return new Map(
    rows.map(({ session_id, versions }) => [
      session_id,
      (JSON.parse(versions) as Record<string, number>)["home:1"]!,
    ]),
  );
}

test("a process that is killed among its folds leaves all that it acknowledged, and sums that are right", async () => {
  await using place = await folder();
  const last = new Map<string, number>();
  for (const lines of [41, 300, 601, 1_200]) {
    for (const line of await crash(place.file, lines)) {
      const [sessionId, version] = line.split(" ");
      last.set(sessionId!, Number(version));
    }
    using database = new DatabaseSync(place.file);
    const stored = versionsIn(database);
    for (const [sessionId, version] of last) {
      const found = stored.get(sessionId) ?? 0;
      // The next one was perhaps stored and never acknowledged.
      expect([version, version === OLDEST ? 0 : version + 1]).toContain(found);
      last.set(sessionId, found);
    }
    expect(last.size).toBeGreaterThan(30);
    expect(audit(database)).toEqual([]);
  }
}, 60_000);
