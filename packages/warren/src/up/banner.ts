import { wayLines, type WayIn } from "../chat/ways-in.ts";
import type { Paint } from "../cli/terminal.ts";

export interface Facts {
  version: string;
  httpPort: number;
  adminUrl: string;
  agentPid: number;
  demoHost: string;
  chatHost: string;
  /** Of the chat. */
  waysIn: readonly WayIn[];
  data: string;
  /** What to type for `warren`: differs where it is not installed. */
  program: string;
}

/** What runs where, and what to try next. */
export function banner(facts: Facts, paint: Paint): string {
  const { httpPort, adminUrl, agentPid, demoHost, chatHost, waysIn, data, program } = facts;
  const at = (host: string) => `http://${host}:${httpPort}/`;
  const row = (name: string, what: string) => `  ${paint("dim", name.padEnd(9))}${what}`;
  const step = (run: string, why: string) => `  ${run}\n${paint("dim", `      ${why}`)}`;
  return [
    "",
    `  ${paint("bold", `Warren ${facts.version}`)}`,
    "",
    row("demo", paint("cyan", at(demoHost))),
    row("chat", paint("cyan", at(chatHost))),
    row("gateway", `port ${httpPort}, in this process`),
    row("agent", `process ${agentPid}, joined by a tunnel`),
    row("admin", `${adminUrl}  (/metrics /routes /tunnels)`),
    row("data", data),
    ...wayLines(waysIn, at(chatHost).slice(0, -1), paint),
    "",
    `  ${paint("bold", "Try")}`,
    "",
    step(
      `curl -H 'Host: ${demoHost}' ${at("127.0.0.1")}`,
      `the demo through the tunnel, where ${demoHost} does not resolve`,
    ),
    step(
      `${program} expose 3000 --host app.localhost`,
      `your own port 3000, at ${at("app.localhost")}`,
    ),
    step(`${program} why ${at(demoHost)}`, "who serves that, and why"),
    step(`${program} --help`, "the rest"),
    "",
    paint("dim", "  Ctrl-C ends it."),
    "",
  ].join("\n");
}
