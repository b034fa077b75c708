// Run by lock.test.ts: takes the lock and keeps it until it is killed.
import { processLock } from "../../src/index.ts";

const lock = processLock(process.argv[2] ?? "");
process.stdout.write(`${JSON.stringify(lock)}\n`);
if (lock.held) setInterval(() => {}, 1000);
