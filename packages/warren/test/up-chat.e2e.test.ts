import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { house } from "./_cli.ts";
import { ask } from "./_service.ts";

const HOST = "chat.localhost";

interface Frame {
  type: string;
  session_id?: string;
  sender?: string;
  metadata?: { done?: string };
}

/** Says something through the gateway; resolves with the first frame that is `wanted`. */
async function say(port: number, token: string, wanted: (frame: Frame) => boolean): Promise<Frame> {
  const headers = { host: HOST, authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat/ws`, { headers });
  try {
    await once(socket, "open");
    const heard = Promise.withResolvers<Frame>();
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      if (wanted(frame)) heard.resolve(frame);
    });
    socket.on("close", () => heard.reject(new Error("the socket closed")));
    const said = { type: "user_message", client_message_id: "m-1", content: "Remember this." };
    socket.send(JSON.stringify(said));
    return await heard.promise;
  } finally {
    socket.terminate();
  }
}

const isAnswered = (frame: Frame) =>
  frame.type === "ai_response" && frame.metadata?.done === "true";
const isAcknowledged = (frame: Frame) => frame.type === "message_ack";

describe("the chat of warren up", () => {
  test("answers through the gateway and a tunnel", async () => {
    using home = house();
    await using up = await home.up();
    expect(up.cli.stdout).toContain(`http://${HOST}:${up.port}/`);
    expect(await say(up.port, await tokenOf(home), isAnswered)).toMatchObject({ sender: "ai" });
  });

  test("keeps what it acknowledged when it is killed", async () => {
    using home = house();
    let sessionId = "";
    {
      await using up = await home.up();
      const frame = await say(up.port, await tokenOf(home), isAcknowledged);
      up.cli.signal("SIGKILL");
      sessionId = frame.session_id!;
      await up.cli.ended();
    }
    await using up = await home.up();
    const path = `/chat/sessions/${sessionId}`;
    const asking = { authorization: `Bearer ${await tokenOf(home)}` };
    expect((await ask(up.port, HOST, path, asking)).body).toContain("Remember this.");
  });
});

async function tokenOf(home: ReturnType<typeof house>): Promise<string> {
  const { stdout } = await home.run(["chat", "token", "--user", "ann"]);
  return stdout.trim();
}
