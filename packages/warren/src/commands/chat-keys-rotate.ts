import { ExitError, option, secretOption, systemClock, urlOf, wait } from "@warren/host";
import * as v from "valibot";
import { chatAdmin } from "../chat/chat-admin.ts";
import { findChat } from "../chat/running-chat.ts";
import { tokenForm, tokenFormOptions } from "../chat/token-form.ts";
import { command, scoped } from "../cli/command.ts";
import { dataOption, jsonOption } from "../cli/options.ts";
import { dataFolder } from "../data/data-folder.ts";

const own = scoped("chat keys rotate", {
  url: option({
    value: "<url>",
    schema: urlOf("http", "https"),
    help: "Where the chat is, with its prefix; the one of the data folder unless set.",
  }),
  token: secretOption({
    help: "An admin's token; one is made with the chat's secret unless set.",
  }),
});
const jwtSecret = secretOption({
  help: "What the chat checks tokens with; the data folder's unless set.",
  names: { env: "JWT_SECRET", toml: "chatbox.jwt_secret" },
});

const State = v.object({
  state: v.string(),
  renewed: v.number(),
  unreadable: v.number(),
  complete: v.boolean(),
  current_key_id: v.string(),
  former_key_ids: v.array(v.string()),
});
/** How often a running rotation is asked how far it is. */
const ASK_MS = 500;

export const chatKeysRotate = command({
  name: "chat keys rotate",
  usage: "",
  summary: "put everything that the chat has sealed under its newest key",
  about: `Asks a running chat to read its master keys again and to put the keys of all sessions, and all share
links, under ENCRYPTION_KEY. It goes on serving meanwhile; messages are not rewritten. First make
the new key ENCRYPTION_KEY and the old one ENCRYPTION_KEY_PREVIOUS: in files this is seen at once, in
the environment after a restart. Once this says that all is done, the old key may be taken away.`,
  examples: [
    { run: "warren chat keys rotate", why: "the chat of this data folder" },
    {
      run: "warren chat keys rotate --url https://chat.example.com/chat --token-file admin-token",
      why: "one that is elsewhere",
    },
  ],
  options: { ...own, jwtSecret, ...tokenFormOptions, data: dataOption, json: jsonOption },
  words: { least: 0, most: 0 },
  async run({ config, secrets, signal, terminal }) {
    const url = config.url?.href.replace(/\/$/, "") ?? (await announced(config.data));
    const { token, jwtSecret: secret } = secrets;
    const ask = await chatAdmin({
      url,
      token,
      secret,
      form: tokenForm(config),
      data: config.data,
      signal,
    });
    let state = v.parse(State, await ask("POST", "/admin/keys/rotate"));
    while (state.state === "running" && (await wait(systemClock, ASK_MS, signal))) {
      state = v.parse(State, await ask("GET", "/admin/keys"));
    }
    signal.throwIfAborted();
    if (config.json) terminal.out(JSON.stringify(state));
    else for (const line of words(state)) terminal.note(line);
    return state.complete && state.unreadable === 0 ? "ok" : "failed";
  },
});

function words({ renewed, unreadable, complete, ...of }: v.InferOutput<typeof State>): string[] {
  const done = `${renewed} renewed under key ${of.current_key_id}`;
  if (!complete) return [`${done}; not complete: see the chat's log, and run this again`];
  if (unreadable > 0) {
    const why = "sealed by a key that is neither ENCRYPTION_KEY nor a previous one";
    return [`${done}; ${unreadable} cannot be read: ${why}`];
  }
  const former = of.former_key_ids.length === 0 ? "" : "; ENCRYPTION_KEY_PREVIOUS may be emptied";
  return [`${done}: complete${former}`];
}

async function announced(data: string): Promise<string> {
  const found = await findChat(dataFolder(data).chatRunning);
  if (found !== undefined) return found.url;
  const text = `no chat runs with ${data}: say where it is with --url`;
  throw new ExitError("unavailable", text);
}
