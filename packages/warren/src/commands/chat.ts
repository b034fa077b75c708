import { chatOptions, FolderInUseError, readChatConfig, startChat } from "@warren/chat";
import { ExitError, openMetrics, systemClock, wallClock } from "@warren/host";
import { chatSecrets } from "../chat/chat-secrets.ts";
import { command, usage } from "../cli/command.ts";
import { aborted, startUnder } from "../cli/lifetime.ts";
import { dataOption, logOptions, openLog } from "../cli/options.ts";
import { dataFolder } from "../data/data-folder.ts";

const options = { ...chatOptions, data: dataOption, ...logOptions };

export const chat = command({
  name: "chat",
  usage: "--dev",
  summary: "a chat in which AI and people answer, and no acknowledged message is lost",
  about: `Serves the chat over HTTP and WebSockets on one port, and keeps everything in the data folder. With
--dev a secret and a key are made there and pages of this machine are let in; \`warren chat token\`
makes a token to come in with. Without it JWT_SECRET (or JWT_JWKS_URL), ENCRYPTION_KEY and
WS_ALLOWED_ORIGINS must be set. Models are said by LLM_PROVIDER_<n>_ID, _NAME, _TYPE (openai,
anthropic, dify, function, demo), _ENDPOINT, _API_KEY and _MODEL, n from 1 to 10; where none is, a
demo model answers.`,
  examples: [
    { run: "warren chat --dev", why: "try it: keys are made, a demo model answers" },
    {
      run: "warren chat --host :: --jwt-secret-file jwt --encryption-key-file key --ws-origin https://app.example.com",
      why: "for real, behind a gateway or a balancer",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  async run(call) {
    const { config, secrets, env, signal, terminal } = call;
    const log = openLog(config, call);
    const { jwtSecret, keys: keySource } = await chatSecrets(config, secrets);
    const read = readChatConfig(config, {
      folder: dataFolder(config.data).chat,
      jwtSecret,
      keys: await keySource(),
      keySource,
      carriers: {
        smtpPass: (await secrets.smtpPass?.read()) ?? "",
        smsAuthToken: (await secrets.smsAuthToken?.read()) ?? "",
      },
      outbox: dataFolder(config.data).outbox,
      env,
      deps: { clock: systemClock, log },
    });
    if ("problems" in read) throw usage("chat", read.problems);
    const lost = Promise.withResolvers<never>();
    const deps = {
      clock: systemClock,
      wallClock,
      random: Math.random,
      log,
      metrics: openMetrics(),
      fatal: lost.reject,
    };
    await using running = await startUnder(signal, (starting) =>
      startChat(read.config, deps, starting),
    ).catch(inUse);
    const host = running.host.includes(":") ? `[${running.host}]` : running.host;
    terminal.out(`chat on http://${host}:${running.port}${config.prefix}`);
    if (config.dev) terminal.note("come in with: warren chat token --user you");
    await Promise.race([aborted(signal), lost.promise]);
    await running.drain();
    log.info("chat stopped");
  },
});

function inUse(reason: unknown): never {
  if (reason instanceof FolderInUseError) throw new ExitError("unavailable", reason.message);
  throw reason;
}
