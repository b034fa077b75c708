import { describe, expect, test } from "vitest";
import { readProviderConfigs } from "./read-provider-configs.ts";

const OPENAI = {
  LLM_PROVIDER_1_ID: "openai-gpt4",
  LLM_PROVIDER_1_NAME: "GPT-4",
  LLM_PROVIDER_1_TYPE: "openai",
  LLM_PROVIDER_1_ENDPOINT: "https://api.openai.com/v1",
  LLM_PROVIDER_1_API_KEY: "sk-real-key",
  LLM_PROVIDER_1_MODEL: "gpt-4",
};

describe("providers", () => {
  test("come from the environment, in the order of their numbers, with gaps", async () => {
    const { providers, problems } = readProviderConfigs(
      {
        LLM_PROVIDER_10_ID: "fn",
        LLM_PROVIDER_10_NAME: "A function",
        LLM_PROVIDER_10_TYPE: "function",
        LLM_PROVIDER_10_ENDPOINT: "http://fn.ai.svc",
        LLM_PROVIDER_10_MODE: "structured",
        LLM_PROVIDER_3_ID: "demo",
        LLM_PROVIDER_3_NAME: "Demo",
        LLM_PROVIDER_3_TYPE: "demo",
        LLM_PROVIDER_3_ENDPOINT: "",
        ...OPENAI,
        LLM_PROVIDER_1_INPUT_PRICE: "2.50",
        LLM_PROVIDER_1_OUTPUT_PRICE: "10",
        LLM_STREAM_TIMEOUT: "120s",
      },
      undefined,
    );
    expect(problems).toEqual([]);
    expect(providers.map(({ id, type }) => `${id} ${type}`)).toEqual([
      "openai-gpt4 openai",
      "demo demo",
      "fn function",
    ]);
    const [openai, , fn] = providers;
    expect(openai).toMatchObject({
      name: "GPT-4",
      model: "gpt-4",
      prices: { input: 2.5, output: 10 },
    });
    expect(fn).toMatchObject({ mode: "structured", apiKey: undefined, prices: undefined });
    expect(openai?.type === "openai" && (await openai.apiKey.read())).toBe("sk-real-key");
    expect(Object.isFrozen(openai)).toBe(true);
    expect(JSON.stringify(providers)).not.toContain("sk-real-key");
  });

  test("come from TOML in both spellings, and the environment wins field by field", async () => {
    const { providers, problems } = readProviderConfigs(
      { LLM_PROVIDER_1_API_KEY: "from-env", LLM_PROVIDER_1_MODEL: "m2" },
      [
        { id: "a", name: "A", type: "anthropic", endpoint: "https://a.example/v1", model: "m1" },
        {
          id: "b",
          name: "B",
          type: "dify",
          endpoint: "http://dify",
          api_key: "k",
          inputPrice: 1,
          output_price: "2",
        },
      ],
    );
    expect(problems).toEqual([]);
    expect(providers).toMatchObject([
      { id: "a", model: "m2" },
      { id: "b", prices: { input: 1, output: 2 } },
    ]);
    const [a] = providers;
    expect(a?.type === "anthropic" && (await a.apiKey.read())).toBe("from-env");
  });

  test("are none where nothing is said", () => {
    expect(readProviderConfigs({ LLM_PROVIDER_1_ID: "" }, undefined)).toEqual({
      providers: [],
      problems: [],
    });
  });

  test("may have their key in a file, which is named where it cannot be read", async () => {
    const { LLM_PROVIDER_1_API_KEY: _, ...rest } = OPENAI;
    const { providers } = readProviderConfigs(
      { ...rest, LLM_PROVIDER_1_API_KEY_FILE: "/no/such" },
      undefined,
    );
    const [openai] = providers;
    await expect(openai?.type === "openai" && openai.apiKey.read()).rejects.toThrow(
      "LLM_PROVIDER_1_API_KEY_FILE: there is no such file",
    );
  });
});

describe("what is wrong is said", () => {
  const cases: { name: string; env: Record<string, string>; toml?: unknown; problems: string[] }[] =
    [
      {
        name: "all at once",
        env: {
          LLM_PROVIDER_1_TYPE: "gemini",
          LLM_PROVIDER_2_ID: "x",
          LLM_PROVIDER_2_NAME: "X",
          LLM_PROVIDER_2_TYPE: "dify",
          LLM_PROVIDER_2_ENDPOINT: "http://api.dify.ai/v1",
        },
        problems: [
          "LLM_PROVIDER_1_ID: missing",
          "LLM_PROVIDER_1_NAME: missing",
          "LLM_PROVIDER_1_TYPE: expected openai, anthropic, dify, demo, function",
          "LLM_PROVIDER_2_ENDPOINT: http is for private addresses and names; use https",
          "LLM_PROVIDER_2_API_KEY: missing",
        ],
      },
      {
        name: "the same id twice",
        env: Object.fromEntries([
          ...Object.entries(OPENAI),
          ...Object.entries(OPENAI).map(([name, value]) => [name.replace("_1_", "_2_"), value]),
        ]) as Record<string, string>,
        problems: ["LLM_PROVIDER_2_ID: the same id as LLM_PROVIDER_1_ID"],
      },
      {
        name: "unknown names and numbers",
        env: {
          ...OPENAI,
          LLM_PROVIDER_1_APIKEY: "x",
          LLM_PROVIDER_11_ID: "x",
          LLM_PROVIDER_01_ID: "x",
        },
        problems: [
          "LLM_PROVIDER_1_APIKEY: unknown variable (did you mean LLM_PROVIDER_1_API_KEY?)",
          "LLM_PROVIDER_11_ID: providers have numbers from 1 to 10",
          "LLM_PROVIDER_01_ID: providers have numbers from 1 to 10",
        ],
      },
      {
        name: "a placeholder for a key",
        env: { ...OPENAI, LLM_PROVIDER_1_API_KEY: "your-api-key" },
        problems: ["LLM_PROVIDER_1_API_KEY: is still a placeholder"],
      },
      {
        name: "a key that no header takes",
        env: { ...OPENAI, LLM_PROVIDER_1_API_KEY: "sk one\u00e9" },
        problems: ["LLM_PROVIDER_1_API_KEY: has blanks or characters that no header takes"],
      },
      {
        name: "a key and a file",
        env: { ...OPENAI, LLM_PROVIDER_1_API_KEY_FILE: "/x" },
        problems: ["LLM_PROVIDER_1_API_KEY: excludes LLM_PROVIDER_1_API_KEY_FILE: say one of them"],
      },
      {
        name: "an id that is none",
        env: { ...OPENAI, LLM_PROVIDER_1_ID: "a b" },
        problems: ["LLM_PROVIDER_1_ID: expected letters, digits, dots, - and _ (64)"],
      },
      {
        name: "half a price, and a price that is none",
        env: { ...OPENAI, LLM_PROVIDER_1_INPUT_PRICE: "2" },
        problems: ["LLM_PROVIDER_1_OUTPUT_PRICE: missing"],
      },
      {
        name: "a price that is none",
        env: { ...OPENAI, LLM_PROVIDER_1_INPUT_PRICE: "2", LLM_PROVIDER_1_OUTPUT_PRICE: "-1" },
        problems: ["LLM_PROVIDER_1_OUTPUT_PRICE: expected a price per million tokens like 2.50"],
      },
      {
        name: "what the type does not have",
        env: {
          ...OPENAI,
          LLM_PROVIDER_1_MODE: "binary",
          LLM_PROVIDER_2_ID: "d",
          LLM_PROVIDER_2_NAME: "D",
          LLM_PROVIDER_2_TYPE: "demo",
          LLM_PROVIDER_2_API_KEY: "k",
        },
        problems: [
          "LLM_PROVIDER_1_MODE: only functions have a mode",
          "LLM_PROVIDER_2_API_KEY: the demo model has none",
        ],
      },
      {
        name: "TOML of another shape",
        env: {},
        toml: [{ id: "d", name: "D", type: "demo", key: "x" }, 7, { id: ["x"] }],
        problems: [
          "llm.providers[0].key: unknown key",
          "llm.providers[1]: expected a table",
          "llm.providers[2].id: expected text",
        ],
      },
      {
        name: "TOML that is no list",
        env: {},
        toml: { id: "x" },
        problems: ["llm.providers: expected a list of tables"],
      },
    ];
  test.each(cases)("$name", ({ env, toml, problems }) => {
    expect(readProviderConfigs(env, toml).problems).toEqual(problems);
  });

  test("without the key", () => {
    const { problems } = readProviderConfigs(
      { ...OPENAI, LLM_PROVIDER_1_API_KEY: "CHANGE_ME hunter2" },
      undefined,
    );
    expect(problems.join()).not.toContain("hunter2");
  });
});
