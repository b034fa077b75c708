import type { Exit } from "@warren/host";
import { printable } from "../cli/table.ts";
import type { Terminal } from "../cli/terminal.ts";
import type { Finding } from "./finding.ts";

const LEVELS = { ok: "green", note: "cyan", warn: "yellow", fail: "red" } as const;

/** Prints what was found, for people or as JSON. Ends the command with 1 where something failed. */
export function tellFindings(
  findings: readonly Finding[],
  { config, terminal }: { config: { json: boolean }; terminal: Terminal },
): Exit {
  if (config.json) terminal.out(JSON.stringify(findings, undefined, 2));
  else for (const finding of findings) show(terminal, finding);
  return findings.some(({ level }) => level === "fail") ? "failed" : "ok";
}

function show(terminal: Terminal, { check, level, said, todo }: Finding): void {
  terminal.out(
    `${terminal.paintOut(LEVELS[level], level.padEnd(4))}  ${check}: ${printable(said)}`,
  );
  if (todo !== undefined) terminal.out(`      ${todo}`);
}
