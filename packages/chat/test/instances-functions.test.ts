// A function that answers later, to another process of `warren chat` than the one that asked it.
import { expect, describe, test } from "vitest";
import { mongoDatabase, startFakeUpstream } from "../src/testing/index.ts";
import { apiOf } from "./_api.ts";
import { ChatProcess } from "./_instances.ts";
import { MONGO_URI } from "./_mongo-kit.ts";
import { oneRedis, REDIS_SERVER } from "./_redis.ts";
import { tokenOf } from "./_running-chat.ts";
import { device, entry, say } from "./_talk-kit.ts";

const TIES = [
  { name: "with Redis", open: oneRedis, status: 202, code: undefined },
  {
    name: "without Redis",
    open: async () => ({ env: {}, async [Symbol.asyncDispose]() {} }),
    status: 503,
    code: "SERVICE_UNAVAILABLE",
  },
];
const HEADERS = {
  "ce-specversion": "1.0",
  "ce-id": "e1",
  "ce-source": "/agent",
  "ce-type": "agent.response",
};

const isRunnable = MONGO_URI !== undefined && REDIS_SERVER !== undefined;
describe.skipIf(!isRunnable).each(TIES)("a function's late answer $name", (ties) => {
  test(
    "comes to its run by whichever instance, or is to be brought again",
    { timeout: 60_000 },
    async () => {
      await using opened = new AsyncDisposableStack();
      const upstream = opened.use(
        await startFakeUpstream((exchange) => {
          exchange.head(202);
          exchange.end();
        }),
      );
      const { env } = opened.use(await ties.open());
      const own = opened.use(mongoDatabase(MONGO_URI!));
      const start = async () =>
        opened.use(
          await ChatProcess.start({
            mongoUri: `${MONGO_URI!}${own.name}`,
            folder: undefined,
            env: { ...env, LLM_PROVIDER_1_TYPE: "function", LLM_PROVIDER_1_MODEL: "" },
            model: { upstream },
          }),
        );
      const [one, other] = await Promise.all([start(), start()]);
      using alice = await device(one.port, tokenOf("alice"), "phone");
      const { session_id } = await say(alice, "hello?");
      const asked = await upstream.request(1);
      const { idempotency_key } = JSON.parse(asked.body) as { idempotency_key: string };
      const bring = (port: number) => {
        const data = { idempotency_key, conversation_id: session_id, response: "Here I am." };
        return apiOf(port, undefined)("POST", "/events", data, HEADERS);
      };
      const brought = await bring(other.port);
      expect(brought.status).toBe(ties.status);
      expect(brought.body["code"]).toBe(ties.code);
      if (ties.code !== undefined) {
        expect(brought.headers.get("retry-after")).toBe("1");
        expect(await bring(one.port)).toMatchObject({ status: 202 });
      }
      await entry(alice, (said) => said.kind === "message" && said.content === "Here I am.");
      // Over: there is nobody to bring it to any more.
      await expect
        .poll(async () => (await bring(other.port)).status)
        .toBeOneOf(ties.code === undefined ? [202, 404] : [404]);
    },
  );
});
