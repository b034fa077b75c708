/** A process that stores a file without end, to be killed in the midst: says so once some of it is on disk. */
import { systemClock, wait, wallClock } from "@warren/host";
import { FolderFiles } from "../src/files/folder-files.ts";
import { randomHex } from "./_files.ts";

const NEVER = new AbortController().signal;
const files = new FolderFiles(process.argv[2] ?? "", { wallNow: wallClock, randomHex });

async function* endless() {
  for (let i = 0; ; i++) {
    yield Buffer.alloc(65_536);
    if (i === 10) process.stdout.write("half\n");
    if (i > 10) await wait(systemClock, 10, NEVER);
  }
}
// The clock keeps no process alive.
setInterval(() => {}, 60_000);
const meta = { owner: "user:killed", name: "a", type: "text/plain", kind: "file" as const };
await files.put(endless(), meta, NEVER);
