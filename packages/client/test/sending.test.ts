import { describe, expect, test } from "vitest";
import { entry, settle } from "./_kit.ts";
import { chat, resume, refusal, acknowledge, heard, text, live } from "./_service.ts";

describe("what is sent", () => {
  test("may be the end of the session, which shows at once and is told when there is a connection", async () => {
    const all = await chat({ online: false });
    const { session, client, sockets, said } = all;
    session.end();
    expect(session.isEnded).toBe(true);
    client.connect();
    await settle();
    sockets.last.greet();
    await settle();
    resume(all);
    expect(said("end_session")).toMatchObject([{ session_id: "s1" }]);
  });

  test("goes one after the other, and keeps its order when the first is to be tried again", async () => {
    const all = await live();
    const { session, clock, sockets, said } = all;
    const [a, b] = [session.send("a"), session.send("b")];
    expect(said("user_message")).toMatchObject([{ content: "a", client_message_id: a.key }]);
    sockets.last.hear(refusal(a.key, "TOO_MANY_REQUESTS", 3_000));
    clock.advance(2_999);
    expect(said("user_message")).toHaveLength(1);
    clock.advance(1);
    expect(said("user_message")[1]).toMatchObject({ client_message_id: a.key });
    acknowledge(all, a.key, 1);
    expect(said("user_message")[2]).toMatchObject({ client_message_id: b.key });
    expect(session.messages.map(({ state }) => state)).toEqual(["sent", "queued"]);
  });

  test("and refused for good fails with the reason, and holds up nothing", async () => {
    const { session, sockets, said } = await live();
    const [a, b] = [session.send("a"), session.send("b")];
    sockets.last.hear(refusal(a.key, "SESSION_ENDED"));
    expect(said("user_message")[1]).toMatchObject({ client_message_id: b.key });
    expect(session.messages[0]).toMatchObject({
      state: "failed",
      failure: { code: "SESSION_ENDED" },
      content: "a",
    });
    sockets.last.hear(refusal(b.key, "SESSION_ENDED"));
    expect(session.discard(b.key)).toBe(true);
    session.retry(a.key);
    expect(said("user_message")[2]).toMatchObject({ client_message_id: a.key });
    expect(session.messages.map(({ key, state }) => [key, state])).toEqual([[a.key, "queued"]]);
    expect(session.discard(a.key)).toBe(false);
  });

  test("and failed stays where it was said, also after a reload, until it is tried again", async () => {
    const all = await live();
    const { client, session, sockets, storage } = all;
    const place = (of: typeof session) => of.messages.map(({ content }) => content);
    sockets.last.hear(heard(text(1)));
    const failed = session.send("a");
    sockets.last.hear(refusal(failed.key, "FORBIDDEN"));
    const later = session.send("b");
    acknowledge(all, later.key, 2);
    sockets.last.hear(heard(text(3)));
    const stored = { number: 2, message_id: "m2", client_message_id: later.key, content: "b" };
    sockets.last.hear(heard(entry("message", stored)));
    expect(place(session)).toEqual(["text 1", "a", "b", "text 3"]);
    await client.close();
    const again = await chat({ storage, online: false });
    await again.session.loaded();
    expect(place(again.session)).toEqual(["text 1", "a", "b", "text 3"]);
    again.session.retry(failed.key);
    expect(place(again.session)).toEqual(["text 1", "b", "text 3", "a"]);
  });

  test("and not answered is said again under the same id", async () => {
    const { session, clock, sockets, said } = await live();
    const { key } = session.send("a");
    clock.advance(14_999);
    sockets.last.hear({ type: "pong" });
    clock.advance(1);
    expect(said("user_message").map((frame) => frame["client_message_id"])).toEqual([key, key]);
  });

  test("and acknowledged by an acknowledgement that was lost is not said again", async () => {
    const all = await live();
    const { session, clock, sockets, said } = all;
    const { key } = session.send("a");
    sockets.last.listener.closed(1_006, "");
    clock.advance(20_000);
    await settle();
    sockets.last.greet();
    await settle();
    expect(said("resume")).toHaveLength(1);
    expect(said("user_message")).toHaveLength(0);
    const entries = [entry("message", { number: 1, client_message_id: key, content: "a" })];
    resume(all, { entries, versions: { "home:1": 1 } });
    expect(said("user_message")).toHaveLength(0);
    expect(session.messages).toMatchObject([{ key, state: "sent" }]);
  });

  test("is one with its entry, whichever of the two answers comes first", async () => {
    const all = await live();
    const { session, sockets } = all;
    const { key } = session.send("a");
    acknowledge(all, key, 1);
    expect(session.messages).toMatchObject([{ key, id: "m1", state: "sent" }]);
    const stored = { number: 1, message_id: "m1", client_message_id: key, content: "a" };
    sockets.last.hear(heard(entry("message", stored)));
    expect(session.messages).toMatchObject([{ key, id: "m1", state: "sent" }]);
  });

  test("shows a change at once, and takes it back when it is refused", async () => {
    const { session, sockets, said } = await live();
    const refused: unknown[] = [];
    session.on("refused", (event) => refused.push(event));
    sockets.last.hear(heard(entry("message", { number: 1, content: "a" })));
    session.edit("home:1/1", "b");
    expect(session.messages).toMatchObject([{ content: "b", isEdited: true }]);
    const key = said("edit")[0]?.["client_message_id"];
    sockets.last.hear(refusal(String(key), "FORBIDDEN"));
    expect(session.messages).toMatchObject([{ content: "a", isEdited: false }]);
    expect(refused).toEqual([{ code: "FORBIDDEN", message: "FORBIDDEN", key: undefined }]);
  });

  test("with files is a message for each, the text with the last", async () => {
    const { session } = await live();
    const files = [
      { fileId: "1", fileUrl: "u1", name: "a.png", contentType: "image/png", bytes: 7 },
      { fileId: "2", fileUrl: "u2", isVoice: true },
    ];
    const message = session.send("look", { files });
    expect(session.messages).toMatchObject([
      { type: "file", content: "", file: { file_id: "1", name: "a.png", bytes: 7 } },
      { type: "voice", content: "look", file: { file_id: "2" }, key: message.key },
    ]);
  });
});
