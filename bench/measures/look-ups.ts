import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { entriesAt, type StartContender } from "../contender.ts";
import type { Measure, Sample } from "../measure.ts";

/** A process that looks routes up and answers no request: nothing has to run before it is measured. */
export const registries: StartContender = async () => ({
  entries: entriesAt({ files: 0, service: 0 }),
  pids: {},
});

/** What `bench/look-ups.ts` prints. */
export const lookUps: Measure = {
  name: "look-ups",
  async sample() {
    const program = path.join(import.meta.dirname, "..", "look-ups.ts");
    const child = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (text: Buffer) => (said += text.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
    return JSON.parse(said) as Sample;
  },
};
