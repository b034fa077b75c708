import { mintToken, orderProblems, secretProblems, type TokenOrder } from "@warren/chat";
import { Duration, listOption, option, secretOption, Text, wallClock } from "@warren/host";
import { chatSecretIn } from "../chat/chat-secrets.ts";
import { tokenForm, tokenFormOptions } from "../chat/token-form.ts";
import { command, scoped, usage } from "../cli/command.ts";
import { dataOption } from "../cli/options.ts";

const own = scoped("chat token", {
  user: option({ value: "<id>", schema: Text, help: "Who comes in with it." }),
  role: listOption({ value: "<name>", schema: Text, help: "A role, such as admin." }),
  name: option({ value: "<name>", schema: Text, help: "What others call them." }),
  ttl: option({
    value: "<duration>",
    schema: Duration,
    default: "12h",
    help: "How long it counts.",
  }),
});
const jwtSecret = secretOption({
  help: "What the chat checks tokens with; the data folder's unless set.",
  names: { env: "JWT_SECRET", toml: "chatbox.jwt_secret" },
});
const options = { ...own, jwtSecret, ...tokenFormOptions, data: dataOption };

export const chatToken = command({
  name: "chat token",
  usage: "--user <id>",
  summary: "make a token with which somebody comes into the chat",
  about: `Makes a token for a user of \`warren chat\`, signed with JWT_SECRET or with the secret that
\`warren chat --dev\` keeps in the data folder. In production whoever knows the users makes them:
the chat checks what it is given. Claims are named as they were for the chat.`,
  examples: [
    { run: "warren chat token --user alice", why: "for half a day" },
    {
      run: "warren chat token --user ann --name Ann --role admin",
      why: "for somebody who answers",
    },
  ],
  options,
  words: { least: 0, most: 0 },
  async run({ config, secrets, terminal }) {
    const { user = "", role: roles, name, ttl: lifeMs } = config;
    const secret = await secretOf(config.data, secrets.jwtSecret);
    const order: TokenOrder = {
      secret,
      algorithm: "HS256",
      userId: user,
      roles,
      name,
      lifeMs,
      nowMs: wallClock(),
      ...tokenForm(config),
    };
    const problems = [
      ...(config.user === undefined ? ["--user: needed"] : orderProblems(order)),
      ...secretProblems("JWT_SECRET", secret),
    ];
    if (problems.length > 0) throw usage("chat token", problems);
    terminal.out(mintToken(order));
  },
});

async function secretOf(
  data: string,
  said: { read(): Promise<string> } | undefined,
): Promise<string> {
  if (said !== undefined) return said.read();
  const kept = await chatSecretIn(data);
  if (kept !== undefined) return kept;
  throw usage("chat token", [
    `${data} has no secret: set JWT_SECRET, or start \`warren chat --dev\` with the same --data`,
  ]);
}
