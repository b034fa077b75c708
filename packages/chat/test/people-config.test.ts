import { randomBytes } from "node:crypto";
import { loadConfig, systemClock } from "@warren/host";
import { silentLog } from "@warren/host/testing";
import { describe, expect, test } from "vitest";
import type { ChatConfig } from "../src/config.ts";
import { chatOptions } from "../src/options.ts";
import { readChatConfig } from "../src/read-config.ts";
import { NO_BUCKET_KEYS } from "../src/read-content-config.ts";

const KEYS = { current: randomBytes(32).toString("base64"), former: "" };

interface Given {
  argv?: string[];
  env?: Record<string, string>;
}

function read(toml: string, { argv = ["--dev"], env = {} }: Given = {}) {
  const file = { name: "config.toml", text: toml };
  const loaded = loadConfig(chatOptions, { argv, env, file, all: [] });
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  return readChatConfig(loaded.config, {
    folder: "data/chat",
    jwtSecret: randomBytes(48).toString("base64"),
    keys: KEYS,
    mongoUri: "",
    pages: undefined,
    bucketKeys: NO_BUCKET_KEYS,
    keySource: async () => KEYS,
    carriers: { smtpPass: undefined, smsAuthToken: undefined },
    outbox: "data/outbox",
    env,
    deps: { clock: systemClock, log: silentLog() },
  });
}
function config(...given: Parameters<typeof read>): ChatConfig {
  const found = read(...given);
  if ("problems" in found) throw new Error(found.problems.join("\n"));
  return found.config;
}

const TWO = `
[[llm.providers]]
id = "openai-gpt4"
name = "GPT-4"
type = "openai"
endpoint = "https://api.openai.com/v1"
apiKey = "sk-from-the-file-1234567890"
model = "gpt-4o"
[[llm.providers]]
id = "helper"
name = "Helper"
type = "function"
endpoint = "http://helper.svc/"
`;

describe("models", () => {
  test("may be said as tables of the file, in its order", () => {
    expect(config(TWO).providers).toMatchObject([
      { id: "openai-gpt4", name: "GPT-4", type: "openai", model: "gpt-4o" },
      { id: "helper", type: "function" },
    ]);
  });

  test("of the environment go before those of the file, field by field", async () => {
    const env = {
      LLM_PROVIDER_1_API_KEY: "sk-from-the-environment-123",
      LLM_PROVIDER_1_NAME: "G4",
    };
    const [first] = config(TWO, { env }).providers;
    expect(first).toMatchObject({ id: "openai-gpt4", name: "G4" });
    const key = first.type === "openai" ? await first.apiKey.read() : "";
    expect(key).toBe("sk-from-the-environment-123");
  });

  test("with something wrong are told of by their names, with all else that is wrong, and no key", () => {
    const toml = `${TWO}[[llm.providers]]\nid = "openai-gpt4"\nkind = "x"\napiKey = "sk-secret-of-somebody"\n[mail]\nsmtp_host = "mail.x.org"`;
    const found = read(toml);
    const problems = "problems" in found ? found.problems.join("\n") : "";
    expect(problems).toContain("llm.providers[2].kind: unknown key");
    expect(problems).toContain("EMAIL_FROM: needed");
    expect(problems).not.toContain("sk-secret");
  });
});

describe("guests", () => {
  test.each([
    { name: "let in with --dev", argv: ["--dev"], toml: "", isOn: true },
    {
      name: "kept out unless it is said otherwise",
      argv: ["--ws-origin", "https://app.example.com"],
      toml: "",
      isOn: false,
    },
    {
      name: "let in where it is",
      argv: ["--ws-origin", "https://app.example.com"],
      toml: "[chatbox]\nallow_guests = true",
      isOn: true,
    },
  ])("are $name", ({ argv, toml, isOn }) => {
    expect(config(toml, { argv }).guests !== undefined).toBe(isOn);
  });
});

test("a takeover is lost after a while that can be set", () => {
  expect(config("").takeoverLeaseMs).toBe(300_000);
  expect(config('[chatbox]\ntakeover_lease = "90s"').takeoverLeaseMs).toBe(90_000);
});
