import { chatOptions } from "@warren/chat";
import { chatProblems, openChat } from "../chat/open-chat.ts";
import { wayLines } from "../chat/ways-in.ts";
import { command } from "../cli/command.ts";
import { aborted } from "../cli/lifetime.ts";
import { dataOption, logOptions, openLog } from "../cli/options.ts";

const options = { ...chatOptions, data: dataOption, ...logOptions };

export const chat = command({
  name: "chat",
  usage: "--dev",
  summary: "a chat in which AI and people answer, and no acknowledged message is lost",
  about: `Serves the chat over HTTP and WebSockets on one port, and keeps everything in the data folder, or
conversations in MongoDB where MONGO_URI names one. With --dev a secret and a key are made there and
pages of this machine are let in; \`warren chat token\` makes a token to come in with. Without it
JWT_SECRET (or JWT_JWKS_URL), ENCRYPTION_KEY and WS_ALLOWED_ORIGINS must be set. Models are said by
LLM_PROVIDER_<n>_ID, _NAME, _TYPE (openai, anthropic, dify, function, demo), _ENDPOINT, _API_KEY and
_MODEL, n from 1 to 10; where none is, a demo model answers.`,
  examples: [
    { run: "warren chat --dev", why: "try it: keys are made, a demo model answers" },
    {
      run: "warren chat --host :: --jwt-secret-file jwt --encryption-key-file key --ws-origin https://app.example.com",
      why: "for real, behind a gateway or a balancer",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  alsoWrong: (call) => chatProblems(call, openLog(call.config, { ...call, warnings: [] })),
  async run(call) {
    const { config, signal, terminal } = call;
    const log = openLog(config, call);
    await using chatHere = await openChat(call, { command: "chat", log, drain: undefined });
    const { running, waysIn, lost } = chatHere;
    const origin = `${running.scheme}://${hostOf(running.host)}:${running.port}`;
    terminal.out(`chat on ${origin}${config.prefix}`);
    for (const line of wayLines(waysIn, origin, terminal.paintOut)) terminal.out(line);
    await Promise.race([aborted(signal), lost]);
    await running.drain();
    log.info("chat stopped");
  },
});

/** As a browser of this machine calls it: what is open to everybody is no address by itself. */
function hostOf(host: string): string {
  if (host === "::" || host === "0.0.0.0") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
