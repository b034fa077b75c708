// A visitor whose answer another process writes than the one that merges them.
import { describe, expect, test } from "vitest";
import { mongoDatabase } from "../src/testing/index.ts";
import { apiOf } from "./_api.ts";
import { ChatProcess } from "./_instances.ts";
import { MONGO_URI } from "./_mongo-kit.ts";
import { tokenOf } from "./_running-chat.ts";
import { device, say, scriptedModel } from "./_talk-kit.ts";

describe.skipIf(MONGO_URI === undefined)("a visitor who signs in at another instance", () => {
  test(
    "has the answer that was being written, which is stopped there a moment later",
    { timeout: 60_000 },
    async () => {
      await using opened = new AsyncDisposableStack();
      const model = opened.use(await scriptedModel());
      const own = opened.use(mongoDatabase(MONGO_URI!));
      const mongoUri = `${MONGO_URI!}${own.name}`;
      // Without Redis: whoever writes hears with the next checkpoint that it is to end.
      const env = { WARREN_CHAT_ALLOW_GUESTS: "true" };
      const start = async () =>
        opened.use(await ChatProcess.start({ mongoUri, folder: undefined, env, model }));
      const [one, other] = await Promise.all([start(), start()]);
      const { body: guest } = await apiOf(one.port, undefined)("POST", "/guest");
      const token = guest["token"] as string;
      using phone = await device(one.port, token, "phone");
      await say(phone, "may I ask?");
      await (await model.question(1)).say("You may ");
      await phone.next("run_delta");
      const user = apiOf(other.port, tokenOf("alice"));
      const { status, body } = await user("POST", "/guest/merge", { guest_token: token });
      expect(status).toBe(200);
      const [{ session_id }] = body["sessions"] as [{ session_id: string }];
      expect((await user("GET", `/sessions/${session_id}`)).body["messages"]).toMatchObject([
        { content: "may I ask?" },
        { sender: "ai", content: "You may ", status: "stopped" },
      ]);
    },
  );
});
