import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Sample } from "./measure.ts";

/** What a program of this folder prints: a sample as JSON. Rejects where it fails. */
export async function sampleOf(
  script: string,
  words: readonly (number | string)[],
): Promise<Sample> {
  const program = path.join(import.meta.dirname, script);
  const args = [program, ...words.map(String)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return JSON.parse(said) as Sample;
}
